//! Order: rows 23 and 24.

use crate::support::frames::*;
use crate::support::sim::{Sim, Socket, config};
use runstream::{Config, Start, StatusKind};

/// Positions 0, 1, 2 and then 10, 11 on one connection.
fn with_gap() -> Sim {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.send(batch(&parts(10..12)));
    sim
}

#[test]
fn row_23_a_gap_is_held_for_250_ms_and_then_read_again_from_the_cursor() {
    let mut sim = with_gap();
    sim.assert_parts(0..3);
    assert_eq!(sim.sub.cursor().as_deref(), Some("2"), "the cursor is never one that is held");
    sim.advance(249);
    assert_eq!((sim.aborts, sim.connects.len()), (0, 1));
    sim.advance(1);
    assert_eq!(sim.aborts, 1);
    assert_eq!(sim.connect_within(100).last_event_id.as_deref(), Some("2"));
}

#[test]
fn row_23_a_proxy_that_ate_a_batch_loses_nothing() {
    let mut sim = with_gap();
    sim.reconnect();
    sim.send(batch(&parts(3..14)));
    sim.assert_parts(0..14);
    assert_eq!((sim.status().gaps, sim.noticed("gap").len()), (0, 0));
}

#[test]
fn row_23_the_same_gap_again_is_accepted_and_reported() {
    let mut sim = with_gap();
    sim.reconnect();
    sim.send(batch(&parts(10..12)));
    sim.advance(1_000);
    assert_eq!(sim.connects.len(), 2, "once is enough");
    sim.send(batch(&parts(12..14)));
    sim.assert_parts((0..3).chain(10..14));
    assert_eq!(sim.status().gaps, 1);
    let notices = sim.noticed("gap");
    assert_eq!(notices.len(), 1);
    assert_eq!((&notices[0]["from"], &notices[0]["to"]), (&3.into(), &10.into()));
    sim.advance(5_000);
    assert_eq!((sim.kind(), sim.connects.len()), (StatusKind::Live, 2));
    assert_eq!(sim.sub.cursor().as_deref(), Some("13"));
}

#[test]
fn row_23_a_gap_right_after_a_reconnect_is_read_again_once() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.end();
    sim.reconnect();
    sim.send(batch(&parts(10..12)));
    sim.advance(250);
    assert_eq!(sim.reconnect().as_deref(), Some("2"));
    sim.send(batch(&parts(3..12)));
    sim.assert_parts(0..12);
    assert_eq!(sim.status().gaps, 0);
}

#[test]
fn row_23_a_wider_gap_is_not_the_same_gap() {
    // 3 to 9 are gone for good, and on the second reading a proxy eats 10 and 11.
    let mut sim = with_gap();
    sim.reconnect();
    sim.send(batch(&parts(12..13)));
    sim.advance(250);
    assert_eq!(sim.reconnect().as_deref(), Some("2"));
    sim.send(batch(&parts(10..13)));
    sim.advance(250);
    sim.assert_parts((0..3).chain(10..13));
    assert_eq!((sim.status().gaps, sim.connects.len()), (1, 3));
}

#[test]
fn row_23_what_a_ping_promised_and_did_not_come_is_read_again_three_times() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.send(ping(5));
    sim.advance(249);
    assert_eq!(sim.connects.len(), 1, "it may be on its way");
    sim.advance(1);
    assert_eq!(sim.reconnect().as_deref(), Some("2"));
    for _ in 1..3 {
        sim.send(ping(5));
        sim.advance(250);
        assert_eq!(sim.reconnect().as_deref(), Some("2"), "what was eaten once may be eaten again");
    }
    sim.send(ping(5));
    sim.advance(5_000);
    assert_eq!((sim.kind(), sim.connects.len()), (StatusKind::Live, 4), "a server whose pings are wrong is left alone");
    // That was no reading of this gap.
    sim.send(batch(&parts(4..5)));
    sim.advance(250);
    assert_eq!(sim.reconnect().as_deref(), Some("2"));
    sim.send(batch(&parts(3..5)));
    sim.assert_parts(0..5);
    assert_eq!(sim.status().gaps, 0);
}

#[test]
fn row_23_what_a_ping_promised_may_come_late() {
    let mut sim = Sim::live(config());
    sim.send(ping(2));
    sim.advance(200);
    sim.send(batch(&parts(0..1)));
    sim.advance(1_000);
    sim.send(batch(&parts(1..2)));
    assert_eq!(sim.connects.len(), 1);
    sim.assert_parts(0..2);
}

#[test]
fn row_23_another_gap_is_read_again_too() {
    let mut sim = with_gap();
    sim.reconnect();
    sim.send(batch(&parts(3..6)));
    sim.send(batch(&parts(8..9)));
    sim.advance(250);
    assert_eq!(sim.reconnect().as_deref(), Some("5"));
    sim.send(batch(&parts(6..9)));
    sim.assert_parts(0..9);
    assert_eq!(sim.status().gaps, 0);
}

#[test]
fn row_23_a_gap_that_shrank_loses_only_what_is_missing() {
    let mut sim = with_gap();
    sim.reconnect();
    sim.send(batch(&parts(3..5)));
    sim.send(batch(&parts(7..12)));
    sim.advance(250);
    assert_eq!(sim.reconnect().as_deref(), Some("4"));
    sim.send(batch(&parts(7..12)));
    sim.advance(1_000);
    sim.assert_parts((0..5).chain(7..12));
    let notices = sim.noticed("gap");
    assert_eq!((&notices[0]["from"], &notices[0]["to"]), (&5.into(), &7.into()));
    assert_eq!(sim.status().gaps, 1);
}

#[test]
fn row_23_records_held_when_the_connection_is_cut_are_read_again() {
    let mut sim = with_gap();
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("2"));
    sim.send(batch(&parts(3..12)));
    sim.advance(5_000);
    sim.assert_parts(0..12);
    assert_eq!((sim.connects.len(), sim.status().gaps), (2, 0));
}

#[test]
fn row_23_a_gap_that_many_records_follow_is_read_again_without_waiting() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    for at in (10..1_200).step_by(100) {
        if sim.socket == Socket::Open {
            sim.send(batch(&parts(at..at + 100)));
        }
    }
    assert_eq!(sim.connect_within(0).last_event_id.as_deref(), Some("2"));
}

#[test]
fn row_23_a_gap_that_large_records_follow_is_read_again_without_waiting() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    for seq in 10..16 {
        if sim.socket == Socket::Open {
            sim.send(batch(&[part(seq, "x".repeat(300_000))]));
        }
    }
    assert_eq!(sim.connect_within(0).last_event_id.as_deref(), Some("2"));
}

#[test]
fn row_23_a_full_hold_behind_a_known_gap_is_delivered() {
    let mut sim = with_gap();
    sim.reconnect();
    for at in (10..2_500).step_by(500) {
        sim.send(batch(&parts(at..at + 500)));
    }
    sim.advance(1_000);
    sim.assert_parts((0..3).chain(10..2_510));
    assert_eq!((sim.status().gaps, sim.connects.len()), (1, 2));
}

#[test]
fn row_23_a_trimmed_head_is_reported_once_without_reading_again() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(7..9)));
    sim.assert_parts(7..9);
    assert_eq!((sim.status().gaps, sim.connects.len()), (1, 1));
    let notices = sim.noticed("gap");
    assert_eq!((&notices[0]["from"], &notices[0]["to"]), (&0.into(), &7.into()));
    sim.advance(5_000);
    sim.send(ping(9));
    sim.send(batch(&parts(9..10)));
    assert_eq!((sim.noticed("gap").len(), sim.connects.len()), (1, 1));
}

#[test]
fn row_23_a_trimmed_head_behind_a_start_index_is_reported_once() {
    let mut sim = Sim::live(Config { start: Start::Index(5), ..config() });
    sim.send(batch(&parts(7..9)));
    sim.advance(1_000);
    sim.assert_parts(7..9);
    assert_eq!((sim.status().gaps, sim.connects.len()), (1, 1));
}

#[test]
fn row_23_a_gap_behind_a_trimmed_head_is_read_again() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(7..9)));
    sim.send(batch(&parts(12..13)));
    sim.advance(250);
    assert_eq!(sim.reconnect().as_deref(), Some("8"));
}

#[test]
fn row_23_a_gap_of_commands_that_were_eaten_is_read_again_too() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.send(batch(&[fence(2)]));
    sim.advance(250);
    assert_eq!(sim.reconnect().as_deref(), Some("0"));
    sim.send(batch(&[part(1, 1), fence(2)]));
    sim.assert_parts(0..2);
    assert_eq!(sim.sub.cursor().as_deref(), Some("2"));
}

#[test]
fn row_24_records_out_of_order_are_delivered_in_order() {
    let shuffled = |order: [u64; 4]| order.map(|seq| part(seq, seq));
    for order in [[0, 1, 3, 2], [0, 3, 2, 1], [0, 2, 1, 3], [0, 2, 3, 1]] {
        let mut sim = Sim::live(config());
        sim.send(batch(&shuffled(order)));
        sim.assert_parts(0..4);
        let mut sim = Sim::live(config());
        for record in shuffled(order) {
            sim.send(batch(&[record]));
            sim.advance(60);
        }
        sim.assert_parts(0..4);
        sim.advance(1_000);
        assert_eq!((sim.connects.len(), sim.status().gaps, sim.status().duplicates), (1, 0, 0), "{order:?}");
    }
}

#[test]
fn row_24_a_late_record_that_fills_one_of_two_holes_leaves_the_other() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts([0, 2, 4])));
    sim.advance(100);
    sim.send(batch(&parts([1])));
    sim.assert_parts(0..3);
    assert_eq!(sim.sub.cursor().as_deref(), Some("2"));
    sim.advance(100);
    sim.send(batch(&parts([3])));
    sim.assert_parts(0..5);
    sim.advance(5_000);
    assert_eq!(sim.connects.len(), 1);
}

#[test]
fn row_24_held_records_that_come_again_are_duplicates() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts([0, 2, 3])));
    sim.send(batch(&parts([3, 2])));
    sim.send(batch(&parts([1])));
    sim.assert_parts(0..4);
    assert_eq!(sim.status().duplicates, 2);
}

#[test]
fn row_23_a_gap_at_the_head_of_a_second_connection_is_read_again_once() {
    let mut sim = Sim::live(config());
    sim.end();
    sim.reconnect();
    sim.send(batch(&parts(5..6)));
    sim.advance(250);
    assert_eq!(sim.reconnect(), None);
    sim.send(batch(&parts(0..6)));
    sim.assert_parts(0..6);
    assert_eq!(sim.status().gaps, 0);
}
