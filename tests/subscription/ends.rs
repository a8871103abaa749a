//! What counts as an end: rows 3, 4 and 16's 204.

use crate::support::frames::*;
use crate::support::sim::{Sim, Socket, config};
use runstream::{Config, End, StatusKind};

const ENDED: StatusKind = StatusKind::Ended(End::IdleTimeout);

/// Pings every 10 s for `ms` milliseconds.
fn idle(sim: &mut Sim, ms: u64, heartbeat: &str) {
    let until = sim.now + ms;
    while sim.now + 10_000 < until {
        sim.advance(10_000);
        sim.send(heartbeat);
    }
    sim.advance(until - sim.now);
}

#[test]
fn row_03_done_after_the_timeout_ends() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.send(ping(3));
    idle(&mut sim, 60_000, &ping(3));
    sim.send(DONE);
    sim.end();
    assert_eq!(sim.kind(), ENDED);
    assert_eq!((sim.status().error, sim.status().last_error), (None, None));
    assert_eq!(sim.socket, Socket::Closed);
    sim.assert_parts(0..3);
    sim.advance(600_000);
    assert_eq!(sim.connects.len(), 1);
    assert_eq!(sim.sub.cursor(), Some("2".into()));
}

#[test]
fn row_03_done_ends_without_waiting_for_the_body_to_close() {
    let mut sim = Sim::live(config());
    idle(&mut sim, 60_000, &ping(0));
    sim.send(DONE);
    assert_eq!(sim.kind(), ENDED);
    assert_eq!(sim.socket, Socket::Closed, "the connection is not left open");
}

#[test]
fn row_03_an_empty_stream_is_idle_since_the_answer() {
    let mut sim = Sim::new(config());
    sim.advance(5_000);
    sim.accept();
    idle(&mut sim, 60_000, &ping(0));
    sim.send(DONE);
    assert_eq!(sim.kind(), ENDED);
}

#[test]
fn row_03_a_second_less_than_the_timeout_is_enough_and_more_is_not() {
    for (ms, is_end) in [(59_000, true), (58_999, false), (0, false), (30_000, false), (61_000, true), (90_000, true)] {
        let mut sim = Sim::live(config());
        sim.send(batch(&parts(0..1)));
        idle(&mut sim, ms, &ping(1));
        sim.send(DONE);
        sim.end();
        assert_eq!(sim.kind() == ENDED, is_end, "after {ms} ms");
        if !is_end {
            assert_eq!(sim.kind(), StatusKind::Reconnecting);
            assert_eq!(sim.reconnect().as_deref(), Some("0"));
        }
    }
}

#[test]
fn row_03_the_timeout_is_the_one_that_was_asked_for() {
    for seconds in [1, 5, 600] {
        let mut sim = Sim::live(Config { timeout_seconds: seconds, ..config() });
        sim.send(batch(&parts(0..1)));
        idle(&mut sim, u64::from(seconds) * 1_000, &ping(1));
        sim.send(DONE);
        assert_eq!(sim.kind(), ENDED, "{seconds} s");
    }
    let mut sim = Sim::live(Config { timeout_seconds: 600, ..config() });
    idle(&mut sim, 60_000, &ping(0));
    sim.send(DONE);
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
}

#[test]
fn row_03_every_record_begins_the_silence_anew_and_no_ping_does() {
    for (last, tail) in [(part(1, 1), 2), (fence(1), 2), (control(1), 2), (bare(1), 2), (part(0, 0), 1)] {
        let mut sim = Sim::live(config());
        sim.send(batch(&parts(0..1)));
        idle(&mut sim, 40_000, &ping(1));
        sim.send(batch(std::slice::from_ref(&last)));
        idle(&mut sim, 40_000, &ping(tail));
        sim.send(DONE);
        assert_eq!(sim.kind(), StatusKind::Reconnecting, "40 s after {last}");
        sim.reconnect();
        idle(&mut sim, 60_000, &ping(tail));
        sim.send(DONE);
        assert_eq!(sim.kind(), ENDED);
    }
}

#[test]
fn row_03_follow_opens_again_from_the_cursor_until_stopped() {
    let mut sim = Sim::live(Config { follow: true, ..config() });
    sim.send(batch(&parts(0..2)));
    for round in 0..5 {
        idle(&mut sim, 60_000, &ping(2));
        sim.send(DONE);
        assert_eq!(sim.connect_within(1_000).last_event_id.as_deref(), Some("1"), "round {round}");
        assert_eq!((sim.status().error, sim.status().last_error, sim.status().retry_count), (None, None, 0));
        sim.accept();
    }
    sim.send(batch(&parts(2..3)));
    sim.assert_parts(0..3);
    sim.stop();
    sim.advance(600_000);
    assert_eq!((sim.kind(), sim.connects.len()), (StatusKind::Stopped, 6));
}

#[test]
fn row_03_follow_is_no_licence_to_hammer_a_server_that_says_done_at_once() {
    let mut sim = Sim::live(Config { follow: true, ..config() });
    while sim.elapsed() < 3_000 {
        match sim.socket {
            Socket::Open => {
                sim.send(DONE);
                sim.end();
            }
            Socket::Asking => sim.accept(),
            Socket::Closed => sim.advance(10),
        }
    }
    assert!(sim.connects.len() < 10, "{} requests in 3 s", sim.connects.len());
}

#[test]
fn row_04_v1_a_body_that_ends_before_the_timeout_was_cut() {
    let mut sim = Sim::live_v1(config());
    sim.send(v1("5-0", 1));
    sim.send(v1("6-0", 2));
    idle(&mut sim, 58_999, V1_PING);
    sim.end();
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
    sim.connect_within(10_000);
}

#[test]
fn row_04_v1_a_body_that_ends_after_the_timeout_has_ended() {
    for ms in [59_000, 60_000, 65_000] {
        let mut sim = Sim::live_v1(config());
        sim.send(v1("5-0", 1));
        idle(&mut sim, ms, V1_PING);
        sim.end();
        assert_eq!(sim.kind(), ENDED, "after {ms} ms");
        assert_eq!(sim.status().last_error, None);
        sim.advance(600_000);
        assert_eq!(sim.connects.len(), 1);
    }
}

#[test]
fn row_04_v1_an_empty_stream_is_idle_since_the_answer() {
    let mut sim = Sim::new(config());
    sim.advance(5_000);
    sim.accept_unknown();
    idle(&mut sim, 60_000, V1_PING);
    sim.end();
    assert_eq!(sim.kind(), ENDED);
    let mut sim = Sim::live_v1(config());
    idle(&mut sim, 30_000, V1_PING);
    sim.end();
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
}

#[test]
fn row_04_v1_every_data_event_begins_the_silence_anew() {
    let mut sim = Sim::live_v1(config());
    sim.send(v1("5-0", 1));
    idle(&mut sim, 40_000, V1_PING);
    sim.send(v1("6-0", 2));
    idle(&mut sim, 40_000, V1_PING);
    sim.end();
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
}

#[test]
fn row_04_v1_follow_opens_again() {
    let mut sim = Sim::live_v1(Config { follow: true, ..config() });
    sim.send(v1("5-0", 1));
    idle(&mut sim, 60_000, V1_PING);
    sim.end();
    sim.connect_within(1_000);
    sim.accept_unknown();
    sim.send(v1("5-0", 1));
    sim.send(v1("6-0", 2));
    assert_eq!(sim.parts, ["1", "2"]);
}

#[test]
fn row_04_a_server_that_pings_is_v2_although_its_header_cannot_be_read() {
    for (first, tail) in [(ping(0), 0), (batch(&parts(0..1)), 1)] {
        let mut sim = Sim::live_v1(config());
        sim.send(first);
        idle(&mut sim, 65_000, &ping(tail));
        sim.end();
        assert_eq!(sim.kind(), StatusKind::Reconnecting, "v2 without [DONE] was cut");
    }
    let mut sim = Sim::live_v1(config());
    sim.send(ping(0));
    idle(&mut sim, 60_000, &ping(0));
    sim.send(DONE);
    assert_eq!(sim.kind(), ENDED);
}

#[test]
fn row_16_204_ends() {
    let mut sim = Sim::new(config());
    sim.answer(204);
    assert_eq!(sim.kind(), StatusKind::Ended(End::NoContent));
    sim.advance(600_000);
    assert_eq!((sim.connects.len(), sim.status().error), (1, None));
}

#[test]
fn row_16_204_ends_a_stream_that_follows_too() {
    let mut sim = Sim::live(Config { follow: true, ..config() });
    sim.send(batch(&parts(0..1)));
    sim.end();
    sim.connect_within(10_000);
    sim.answer(204);
    assert_eq!(sim.kind(), StatusKind::Ended(End::NoContent));
}
