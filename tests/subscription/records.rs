//! Exactly once, and exactly as they are: rows 12c, 20 to 22 and 25 to 28.

use crate::support::frames::*;
use crate::support::sim::{Sim, config};
use runstream::{Code, Config, Start, StatusKind};

#[test]
fn row_20_a_record_written_twice_is_shown_once() {
    let mut sim = Sim::live(config());
    sim.send(batch(&[part_as(0, Some("a"), "x"), part_as(1, Some("b"), "y")]));
    sim.end();
    sim.reconnect();
    sim.send(batch(&[part_as(2, Some("b"), "y"), part_as(3, Some("c"), "z")]));
    assert_eq!(sim.parts, [r#""x""#, r#""y""#, r#""z""#]);
    assert_eq!(sim.status().duplicates, 1);
    assert_eq!(sim.sub.cursor().as_deref(), Some("3"), "the duplicate is settled");
    sim.send(batch(&[part_as(4, Some("a"), "x")]));
    assert_eq!(sim.sub.cursor().as_deref(), Some("4"));
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("4"));
}

#[test]
fn row_20_a_record_written_twice_in_one_batch_is_shown_once() {
    let mut sim = Sim::live(config());
    sim.send(batch(&[part_as(0, Some("a"), 1), part_as(1, Some("a"), 1)]));
    assert_eq!(sim.parts, ["1"]);
}

#[test]
fn row_20_a_whole_batch_written_twice_is_shown_once() {
    let mut sim = Sim::live(config());
    sim.send(batch(&(0..1_000).map(|n| part_as(n, Some(&format!("id{n}")), n)).collect::<Vec<_>>()));
    sim.send(batch(&(0..1_000).map(|n| part_as(1_000 + n, Some(&format!("id{n}")), n)).collect::<Vec<_>>()));
    sim.assert_parts(0..1_000);
    assert_eq!(sim.status().duplicates, 1_000);
}

#[test]
fn row_20_a_second_copy_is_recognised_60_000_positions_later() {
    let mut sim = Sim::live(config());
    let mut next = 0;
    sim.send(batch(&[part_as(0, Some("first"), "first")]));
    while next < 60_000 {
        sim.send(batch(&parts(next + 1..next + 1_001)));
        next += 1_000;
        sim.parts.clear();
    }
    sim.send(batch(&[part_as(next + 1, Some("first"), "first")]));
    assert_eq!(sim.parts, [""; 0]);
    assert_eq!(sim.status().duplicates, 1);
}

#[test]
fn row_20_records_without_an_id_go_by_position_only() {
    let mut sim = Sim::live(config());
    sim.send(batch(&[part_as(0, None, "x"), part_as(1, None, "x")]));
    assert_eq!(sim.parts, [r#""x""#, r#""x""#]);
    sim.end();
    sim.reconnect();
    sim.send(batch(&[part_as(0, None, "x"), part_as(1, None, "x"), part_as(2, None, "x")]));
    assert_eq!(sim.parts.len(), 3);
}

#[test]
fn row_21_a_server_that_replays_from_0_doubles_nothing() {
    let mut sim = Sim::live(config());
    for round in 1..=10 {
        sim.send(batch(&parts(0..round * 10)));
        sim.end();
        sim.reconnect();
    }
    sim.assert_parts(0..100);
    assert_eq!(sim.status().duplicates, (10..100).step_by(10).sum::<u64>());
}

#[test]
fn row_21_replayed_records_are_duplicates_even_when_they_look_different() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.send(batch(&[part_as(1, Some("other"), "other")]));
    sim.assert_parts(0..3);
}

#[test]
fn row_22_ten_resets_with_overlap_give_exactly_the_parts() {
    let mut sim = Sim::live(config());
    for round in 0..10u64 {
        let from = (round * 20).saturating_sub(5);
        sim.send(batch(&parts(from..round * 20 + 10)));
        sim.send(batch(&parts(round * 20 + 5..round * 20 + 20)));
        sim.cut();
        sim.reconnect();
    }
    sim.assert_parts(0..200);
    assert_eq!(sim.status().gaps, 0);
}

const BAD: &str = "event: batch\nid: 3,4,5\ndata: {\"records\":[{\"seq_num\":3,\"timest\n\n";

#[test]
fn row_25_a_bad_batch_is_read_again_and_nothing_is_lost() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.send(format!("{BAD}{}", batch(&parts(5..6))));
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
    assert_eq!((sim.status().last_error.expect("an error").code, sim.status().retry_count), (Code::BadEvent, 1));
    sim.assert_parts(0..3);
    assert_eq!(sim.reconnect().as_deref(), Some("2"));
    sim.send(batch(&parts(3..6)));
    sim.assert_parts(0..6);
    assert_eq!((sim.kind(), sim.status().last_error), (StatusKind::Live, None));
}

#[test]
fn row_25_the_same_batch_bad_three_times_fails_and_names_the_position() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    for read in 1..=3 {
        sim.send(BAD);
        if read < 3 {
            assert_eq!(sim.reconnect().as_deref(), Some("2"), "after reading {read}");
        }
    }
    assert_eq!(sim.kind(), StatusKind::Failed);
    let error = sim.status().error.expect("an error");
    assert_eq!((error.code, error.is_retryable()), (Code::BadEvent, false));
    assert!(error.message.contains('3'), "the position is 3: {error}");
    sim.advance(600_000);
    assert_eq!(sim.connects.len(), 3);
}

#[test]
fn row_25_a_bad_first_batch_fails_too() {
    let mut sim = Sim::live(config());
    for _ in 0..2 {
        sim.send(BAD);
        assert_eq!(sim.reconnect(), None);
    }
    sim.send(BAD);
    assert_eq!(sim.kind(), StatusKind::Failed);
    assert!(sim.status().error.expect("an error").message.contains('0'));
}

#[test]
fn row_25_neither_pings_nor_replayed_records_forgive_a_bad_batch() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    let mut reads = 0;
    while sim.kind() != StatusKind::Failed && reads < 20 {
        sim.send(batch(&parts(1..3)));
        sim.send(ping(9));
        sim.send(BAD);
        reads += 1;
        if sim.kind() != StatusKind::Failed {
            sim.reconnect();
        }
    }
    assert_eq!(reads, 3);
}

#[test]
fn row_25_progress_between_bad_batches_begins_the_count_anew() {
    let mut sim = Sim::live(config());
    for seq in 0..10 {
        sim.send(batch(&parts(seq..seq + 1)));
        sim.send(BAD);
        sim.reconnect();
        sim.send(BAD);
        sim.reconnect();
    }
    assert_eq!(sim.kind(), StatusKind::Live);
    sim.assert_parts(0..10);
}

#[test]
fn row_25_resume_after_a_bad_batch_reads_again() {
    let mut sim = Sim::live(config());
    for _ in 0..2 {
        sim.send(BAD);
        sim.reconnect();
    }
    sim.send(BAD);
    sim.resume();
    sim.accept();
    sim.send(batch(&parts(0..1)));
    sim.assert_parts(0..1);
}

#[test]
fn row_26_different_records_with_one_id_are_both_shown() {
    let mut sim = Sim::live(config());
    sim.send(batch(&[part_as(0, Some("V1StGXR"), 1), part_as(1, Some("V1StGXR"), 2)]));
    assert_eq!(sim.parts, ["1", "2"]);
    sim.end();
    sim.reconnect();
    sim.send(batch(&[part_as(2, Some("V1StGXR"), 3)]));
    assert_eq!((sim.parts.len(), sim.status().duplicates), (3, 0));
}

#[test]
fn row_26_equal_values_sent_twice_on_purpose_are_both_shown() {
    let mut sim = Sim::live(config());
    sim.send(batch(&[part_as(0, Some("a"), "ok"), part_as(1, Some("b"), "ok")]));
    assert_eq!((sim.parts.len(), sim.status().duplicates), (2, 0));
}

#[test]
fn row_27_what_is_no_part_is_reported_and_moves_the_cursor() {
    let mut sim = Sim::live(config());
    sim.send(batch(&[
        part(0, 0),
        fence(1),
        control(2),
        bare(3),
        record(4, "plain"),
        record(5, "[1]"),
        record(6, r#"{"id":"x"}"#),
        part(7, 7),
    ]));
    assert_eq!(sim.parts, ["0", "7"]);
    assert_eq!(sim.sub.cursor().as_deref(), Some("7"));
    let bad: Vec<_> =
        sim.noticed("bad-record").iter().map(|notice| (notice["id"].clone(), notice["body"].clone())).collect();
    let expected = [("3", ""), ("4", "plain"), ("5", "[1]"), ("6", r#"{"id":"x"}"#)];
    assert_eq!(bad, expected.map(|(id, body)| (id.into(), body.into())));
    let controls = sim.noticed("control");
    assert_eq!((controls.len(), &controls[0]["id"]), (1, &"2".into()));
    assert_eq!(controls[0]["headers"], serde_json::json!([["trigger-control", "turn-complete"]]));
    assert!(sim.notices.iter().all(|notice| notice["at"] == 1), "one part came before: {:?}", sim.notices);
    assert_eq!(sim.status().gaps, 0);
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("7"));
}

#[test]
fn row_27_a_batch_without_a_part_still_moves_the_cursor_and_is_reported() {
    let mut sim = Sim::live(config());
    sim.send(batch(&[control(0), bare(1)]));
    assert_eq!((sim.parts.len(), sim.notices.len()), (0, 2));
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("1"));
    sim.send(batch(&[control(0), bare(1), control(2)]));
    assert_eq!(sim.notices.len(), 3, "notices come once, like parts");
}

#[test]
fn row_27_on_an_input_stream_a_missing_data_is_the_undefined_that_was_sent() {
    let mut sim = Sim::live(Config { input: true, ..config() });
    sim.send(batch(&[part(0, "a"), record(1, r#"{"id":"inp_1"}"#), part(2, serde_json::Value::Null)]));
    assert_eq!(sim.parts, [r#""a""#, "undefined", "null"]);
    assert_eq!(sim.notices.len(), 0);
}

#[test]
fn row_28_values_are_exact() {
    let values =
        ["null", r#""""#, "0", "false", r#""a\u0000b""#, "\"\u{2028}\u{2029}\"", r#""👩‍👩‍👧‍👦""#, "[]", "{}", "-0.5"];
    let body = values.iter().enumerate().map(|(seq, value)| record(seq as u64, &format!(r#"{{"data":{value}}}"#)));
    let body = batch(&body.collect::<Vec<_>>());
    for size in [1, 2, 3, 5, body.len()] {
        let mut sim = Sim::live(config());
        body.as_bytes().chunks(size).for_each(|chunk| sim.send(chunk));
        assert_eq!(sim.parts, values, "{size} bytes at a time");
    }
}

// ---- row 12c: only what is new ----

fn latest() -> Config {
    Config { start: Start::Latest, ..config() }
}

#[test]
fn row_12c_latest_against_a_server_that_ignores_it_shows_nothing_from_before() {
    let mut sim = Sim::new(latest());
    assert!(sim.last_connect().latest && sim.last_connect().last_event_id.is_none());
    sim.accept();
    sim.send(batch(&parts(0..3)));
    sim.send(batch(&parts(3..5)));
    sim.send(ping(5));
    sim.send(live_batch(&parts(5..7), 7));
    sim.assert_parts(5..7);
    assert_eq!((sim.status().gaps, sim.status().duplicates, sim.noticed("gap").len()), (0, 0, 0));
}

#[test]
fn row_12c_latest_cut_before_the_first_record_delivers_what_came_between() {
    let mut sim = Sim::live(latest());
    sim.send(ping(5));
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("4"));
    assert!(!sim.last_connect().latest, "the position is known now");
    sim.send(batch(&parts(5..7)));
    sim.assert_parts(5..7);
}

#[test]
fn row_12c_latest_on_an_empty_stream_cut_before_the_first_record_delivers_what_came_between() {
    let mut sim = Sim::live(latest());
    sim.send(ping(0));
    sim.end();
    assert_eq!(sim.reconnect(), None);
    assert!(!sim.last_connect().latest, "what was written since is wanted");
    sim.send(batch(&parts(0..2)));
    sim.assert_parts(0..2);
}

#[test]
fn row_12c_latest_cut_before_the_tail_is_known_is_latest_again() {
    let mut sim = Sim::live(latest());
    sim.send(batch(&parts(0..3)));
    sim.end();
    sim.connect_within(100);
    assert!(sim.last_connect().latest && sim.last_connect().last_event_id.is_none());
    sim.accept();
    sim.send(batch(&parts(0..3)));
    sim.send(ping(3));
    sim.send(live_batch(&parts(3..4), 4));
    sim.assert_parts(3..4);
}

#[test]
fn row_12c_latest_against_a_server_that_honours_it() {
    let mut sim = Sim::live(latest());
    sim.send(ping(100));
    sim.send(live_batch(&parts(100..102), 102));
    sim.assert_parts(100..102);
    assert_eq!((sim.status().gaps, sim.status().duplicates), (0, 0));
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("101"));
}

#[test]
fn row_12c_latest_whose_first_record_was_eaten_is_read_again() {
    let mut sim = Sim::live(latest());
    sim.send(ping(5));
    sim.send(live_batch(&parts(7..8), 8));
    sim.advance(250);
    assert_eq!(sim.reconnect().as_deref(), Some("4"));
    sim.send(batch(&parts(5..8)));
    sim.assert_parts(5..8);
}

#[test]
fn row_25_resume_after_a_bad_batch_gives_it_three_readings_again() {
    let mut sim = Sim::live(config());
    for life in 0..2 {
        for _ in 0..2 {
            sim.send(BAD);
            assert_eq!(sim.kind(), StatusKind::Reconnecting, "life {life}");
            sim.reconnect();
        }
        sim.send(BAD);
        assert_eq!(sim.kind(), StatusKind::Failed);
        sim.resume();
        sim.accept();
    }
}
