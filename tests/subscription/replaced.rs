//! A stream that is another one than before: row 12b.

use crate::support::frames::*;
use crate::support::sim::{Sim, config};
use runstream::{Config, Start, StatusKind};

/// Five parts read, then the connection is lost and the stream replaced; a new connection is open.
fn after_five() -> Sim {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..5)));
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("4"));
    sim
}

#[test]
fn row_12b_a_tail_at_or_below_the_cursor_is_a_reset_and_everything_is_read_again() {
    for tail in [1, 2, 4] {
        let mut sim = after_five();
        sim.send(ping(tail));
        assert_eq!(sim.noticed("reset").len(), 1, "tail {tail}");
        let connect = sim.connect_within(1_000);
        assert_eq!((connect.last_event_id, connect.latest), (None, false));
        sim.accept();
        sim.send(batch(&(0..tail).map(|seq| part(seq, format!("new {seq}"))).collect::<Vec<_>>()));
        let expected: Vec<String> = (0..tail).map(|seq| format!("\"new {seq}\"")).collect();
        assert_eq!(sim.parts[5..], expected);
        sim.send(ping(tail));
        assert_eq!((sim.noticed("reset").len(), sim.connects.len(), sim.kind()), (1, 3, StatusKind::Live));
    }
}

#[test]
fn row_12b_a_new_stream_with_the_same_content_is_shown_whole() {
    let mut sim = after_five();
    sim.send(ping(2));
    sim.reconnect();
    sim.send(batch(&parts(0..2)));
    sim.assert_parts((0..5).chain(0..2));
}

#[test]
fn row_12b_a_stream_deleted_under_the_reader_and_recreated() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..5)));
    // S2 says it like this: a trim record, an error, the end.
    sim.send(batch(&[r#"{"seq_num":5,"timestamp":1,"headers":[["","trim"]],"body":"\u0000"}"#.into()]));
    sim.send(ERROR);
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("5"));
    sim.send(ping(0));
    assert_eq!(sim.noticed("reset").len(), 1);
    assert_eq!(sim.sub.cursor(), None);
    sim.connect_within(1_000);
    sim.accept();
    sim.send(ping(0));
    sim.send(live_batch(&[part(0, "new")], 1));
    assert_eq!(sim.parts[5..], [r#""new""#]);
    assert_eq!(sim.noticed("reset").len(), 1);
}

#[test]
fn row_12b_a_batch_tells_of_a_replaced_stream_too() {
    let mut sim = after_five();
    sim.send(live_batch(&[part(2, "new 2")], 3));
    assert_eq!(sim.noticed("reset").len(), 1);
    assert_eq!(sim.connect_within(1_000).last_event_id, None);
    sim.accept();
    sim.send(batch(&[part(0, "new 0"), part(1, "new 1"), part(2, "new 2")]));
    assert_eq!(sim.parts[5..], [r#""new 0""#, r#""new 1""#, r#""new 2""#]);
}

#[test]
fn row_12b_the_reset_comes_before_the_new_parts() {
    let mut sim = Sim::live(Config { deliver_interval_ms: 60_000, ..config() });
    sim.send(batch(&parts(0..5)));
    sim.end();
    sim.reconnect();
    sim.send(ping(1));
    sim.reconnect();
    sim.send(batch(&[part(0, "new")]));
    sim.stop();
    assert_eq!(sim.parts.len(), 6);
    // One delivery at once, one at the end: the reset stands before whatever came after it.
    assert_eq!((sim.deliveries.len(), &sim.noticed("reset")[0]["at"]), (2, &0.into()));
}

#[test]
fn row_12b_a_tail_right_behind_the_cursor_is_no_reset() {
    let mut sim = after_five();
    sim.send(ping(5));
    sim.send(ping(5));
    sim.send(live_batch(&parts(5..6), 6));
    sim.assert_parts(0..6);
    assert_eq!((sim.noticed("reset").len(), sim.connects.len()), (0, 2));
}

#[test]
fn row_12b_a_middlebox_that_replays_is_no_reset() {
    let mut sim = after_five();
    sim.send(batch(&parts(0..3)));
    sim.send(live_batch(&parts(3..6), 6));
    sim.assert_parts(0..6);
    assert_eq!((sim.noticed("reset").len(), sim.connects.len()), (0, 2));
}

#[test]
fn row_12b_a_stale_tail_on_a_connection_that_asked_for_less_is_no_reset() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..5)));
    sim.send(ping(3));
    sim.send(batch(&parts(5..6)));
    sim.assert_parts(0..6);
    assert_eq!((sim.noticed("reset").len(), sim.connects.len()), (0, 1));
}

#[test]
fn row_12b_a_last_event_id_from_another_stream_is_a_reset_and_goes_on_at_the_tail() {
    let mut sim = Sim::live(Config { start: Start::After("999".into()), ..config() });
    sim.send(ping(2));
    assert_eq!(sim.noticed("reset").len(), 1);
    if sim.connects.len() > 1 {
        sim.accept();
        assert_eq!(sim.last_connect().last_event_id.as_deref(), Some("1"));
    }
    sim.send(live_batch(&parts(2..4), 4));
    sim.assert_parts(2..4);
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("3"));
    assert_eq!(sim.noticed("reset").len(), 1);
}

#[test]
fn row_12b_a_last_event_id_from_another_stream_survives_a_cut_right_after_the_reset() {
    let mut sim = Sim::live(Config { start: Start::After("999".into()), ..config() });
    sim.send(ping(2));
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("1"));
    sim.send(batch(&parts(2..4)));
    sim.assert_parts(2..4);
}

#[test]
fn row_12b_a_start_index_past_the_tail_waits_for_its_position() {
    let mut sim = Sim::live(Config { start: Start::Index(10), ..config() });
    sim.send(ping(3));
    assert_eq!((sim.noticed("reset").len(), sim.connects.len()), (0, 1));
    for seq in 3..13 {
        sim.send(live_batch(&parts(seq..seq + 1), seq + 1));
        if seq == 6 {
            sim.end();
            assert_eq!(sim.reconnect().as_deref(), Some("9"));
            sim.send(ping(7));
        }
    }
    sim.assert_parts(10..13);
    assert_eq!((sim.noticed("reset").len(), sim.status().gaps, sim.status().duplicates), (0, 0, 0));
}

#[test]
fn row_12b_two_replacements_are_two_resets() {
    let mut sim = after_five();
    sim.send(ping(3));
    sim.reconnect();
    sim.send(batch(&[part(0, "b0"), part(1, "b1"), part(2, "b2")]));
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("2"));
    sim.send(ping(1));
    sim.reconnect();
    sim.send(batch(&[part(0, "c0")]));
    assert_eq!(sim.parts[5..], [r#""b0""#, r#""b1""#, r#""b2""#, r#""c0""#]);
    assert_eq!(sim.noticed("reset").len(), 2);
}

#[test]
fn row_12b_a_stream_replaced_while_latest_waits_for_its_first_record_is_shown_whole() {
    let mut sim = Sim::live(Config { start: Start::Latest, ..config() });
    sim.send(ping(5));
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("4"));
    // All of the new stream was written after the application asked for what is new.
    sim.send(ping(2));
    assert_eq!(sim.noticed("reset").len(), 1);
    assert_eq!(sim.reconnect(), None);
    assert!(!sim.last_connect().latest);
    sim.send(batch(&parts(0..2)));
    sim.assert_parts(0..2);
}

#[test]
fn row_25_unreadable_batches_of_the_old_stream_do_not_count_in_the_new_one() {
    let bad = "event: batch\ndata: {\"records\":[\n\n";
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.send(bad);
    sim.reconnect();
    sim.send(batch(&parts(3..6)));
    sim.end();
    sim.reconnect();
    sim.send(ping(3));
    sim.reconnect();
    sim.send(batch(&(0..3).map(|seq| part(seq, "new")).collect::<Vec<_>>()));
    for _ in 0..2 {
        sim.send(bad);
        assert_eq!(sim.kind(), StatusKind::Reconnecting);
        assert_eq!(sim.reconnect().as_deref(), Some("2"));
    }
    sim.send(bad);
    assert_eq!(sim.kind(), StatusKind::Failed);
}
