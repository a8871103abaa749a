//! What can be known besides the parts: row 18.

use crate::support::frames::*;
use crate::support::sim::{Sim, config};
use runstream::{Config, End, Start, StatusKind};

#[test]
fn row_18_every_status_is_seen_and_reported() {
    let mut sim = Sim::idle(config());
    assert_eq!(sim.kind(), StatusKind::Idle);
    sim.sub.start(sim.now);
    sim.drive();
    assert_eq!(sim.kind(), StatusKind::Connecting);
    sim.accept();
    assert_eq!(sim.kind(), StatusKind::Live);
    sim.end();
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
    sim.connect_within(100);
    assert_eq!(sim.kind(), StatusKind::Reconnecting, "while asking again too");
    sim.accept();
    sim.stop();
    assert_eq!(sim.kind(), StatusKind::Stopped);
    sim.resume();
    sim.answer(204);
    assert_eq!(sim.kind(), StatusKind::Ended(End::NoContent));
    sim.resume();
    sim.answer(400);
    assert_eq!(sim.kind(), StatusKind::Failed);
    let mut reported: Vec<StatusKind> = sim.statuses.iter().map(|status| status.kind).collect();
    reported.dedup();
    assert!(reported.len() >= 8, "{reported:?}");
}

#[test]
fn row_18_nothing_is_reported_when_nothing_changed() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.send(ping(1));
    let reports = sim.statuses.len();
    for _ in 0..5 {
        sim.advance(1_000);
        sim.send(": x\n\n");
        sim.send(ping(1));
    }
    assert_eq!(sim.statuses.len(), reports);
    sim.send(ping(2));
    assert_eq!(sim.statuses.len(), reports + 1, "the lag");
}

#[test]
fn row_18_the_lag_is_what_lies_between_the_cursor_and_the_tail() {
    let mut sim = Sim::live(config());
    assert_eq!(sim.status().lag, None, "no tail is known");
    sim.send(batch(&parts(0..3)));
    assert_eq!(sim.status().lag, None);
    sim.send(ping(10));
    assert_eq!(sim.status().lag, Some(7));
    sim.send(batch(&parts(3..8)));
    assert_eq!(sim.status().lag, Some(2));
    sim.send(live_batch(&parts(8..10), 10));
    assert_eq!(sim.status().lag, Some(0));
    sim.send(live_batch(&parts(10..12), 12));
    assert_eq!(sim.status().lag, Some(0));
    assert_eq!(sim.statuses.last().expect("a status").lag, Some(0), "and it is reported");
}

#[test]
fn row_18_gaps_and_duplicates_are_counted_and_reported() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(3..5)));
    sim.send(batch(&parts(4..6)));
    assert_eq!((sim.status().gaps, sim.status().duplicates), (1, 1));
    let last = sim.statuses.last().expect("a status");
    assert_eq!((last.gaps, last.duplicates), (1, 1));
}

#[test]
fn row_18_the_retry_count_grows_and_is_cleared() {
    let mut sim = Sim::live(config());
    assert_eq!(sim.status().retry_count, 0);
    for n in 1..5 {
        sim.end();
        assert_eq!(sim.status().retry_count, n);
        sim.reconnect();
    }
    sim.send(batch(&parts(0..1)));
    assert_eq!(sim.status().retry_count, 0);
}

#[test]
fn the_cursor_is_none_before_the_first_record_and_then_the_last_settled_position() {
    let mut sim = Sim::live(Config { start: Start::Index(5), ..config() });
    assert_eq!(sim.sub.cursor(), None);
    sim.send(ping(5));
    assert_eq!(sim.sub.cursor(), None);
    sim.send(batch(&parts(5..6)));
    assert_eq!(sim.sub.cursor().as_deref(), Some("5"));
    sim.send(batch(&[control(6)]));
    assert_eq!(sim.sub.cursor().as_deref(), Some("6"));
}

#[test]
fn row_18_a_batch_tells_the_tail_as_a_ping_does() {
    let mut sim = Sim::live(config());
    sim.send(live_batch(&parts(0..1), 5));
    assert_eq!(sim.status().lag, Some(4));
}
