//! What goes into a batch, and when it is sent.

use crate::desk::{Desk, bodies, config, created, data, stored};
use runstream::Code;
use runstream::wire::Version;
use runstream::writer::{Action, Answer, WINDOW_BYTES, WINDOW_PARTS};
use serde_json::{Value, json};
use std::collections::HashSet;

const MIB: usize = 1_048_576;
/// What the envelope and S2 add to a part: `{"data":` `,"id":"…….` `"}` and 8.
const OVERHEAD: usize = 32;

/// A part that makes a record of exactly this metered size.
fn part_of(metered: usize) -> String {
    format!("\"{}\"", "x".repeat(metered - OVERHEAD - 2))
}

#[test]
fn a_record_is_the_official_envelope() {
    let mut desk = Desk::v2();
    desk.push(r#"{"a":"é\n\"\\ 🎉","b":[1,null]}"#).expect("a part");
    desk.close();
    let [body] = &bodies(desk.last())[..] else { panic!("one record") };
    let record: Value = serde_json::from_str(body).expect("JSON");
    let id = record["id"].as_str().expect("an id");
    assert_eq!(*body, format!(r#"{{"data":{{"a":"é\n\"\\ 🎉","b":[1,null]}},"id":"{id}"}}"#));
    assert!(id.len() == 7 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'), "{id}");
}

#[test]
fn text_is_sent_as_utf8_and_not_escaped() {
    let mut desk = Desk::v2();
    desk.push("\"🎉\u{2028}é\"").expect("a part");
    desk.close();
    let Action::Append { body, .. } = desk.last() else { panic!("an append") };
    let text = String::from_utf8(body.clone()).expect("UTF-8");
    assert!(text.contains("🎉\u{2028}é") && !text.contains("\\u"), "{text}");
}

#[test]
fn the_first_part_of_a_batch_starts_its_linger() {
    let mut desk = Desk::v2();
    desk.numbers(0..1);
    desk.advance(60);
    desk.numbers(1..2);
    desk.advance(39);
    assert_eq!(desk.appends(), 0);
    desk.advance(1);
    assert_eq!(data(&desk.append()), [&json!(0), &json!(1)]);
    assert_eq!(desk.requests.last().expect("a request").0, 100);
}

#[test]
fn a_server_that_names_no_linger_gets_200_ms() {
    let mut desk = Desk::new(config());
    desk.answer(Answer { linger_ms: None, ..created(Version::V2, 0) });
    desk.numbers(0..1);
    desk.advance(199);
    assert_eq!(desk.appends(), 0);
    desk.advance(1);
    assert_eq!(desk.appends(), 1);
}

#[test]
fn parts_that_waited_for_the_creation_have_lingered() {
    let mut desk = Desk::new(config());
    desk.numbers(0..2);
    desk.advance(150);
    desk.answer(created(Version::V2, 100));
    assert_eq!(data(&desk.append()), [&json!(0), &json!(1)]);
}

#[test]
fn closing_sends_at_once_and_is_over_with_the_last_acknowledgement() {
    let mut desk = Desk::v2();
    desk.numbers(0..3);
    desk.close();
    assert_eq!(desk.append().len(), 3);
    assert_eq!(desk.writer.outcome(), None);
    desk.answer(stored(10));
    desk.assert_stored();
    assert_eq!((desk.writer.acknowledged(), desk.writer.last_position()), (3, Some(9)));
}

#[test]
fn nothing_to_write_creates_the_stream_all_the_same() {
    let mut desk = Desk::new(config());
    desk.close();
    assert_eq!(desk.writer.outcome(), None);
    desk.answer(created(Version::V2, 100));
    desk.assert_stored();
    assert_eq!((desk.requests.len(), desk.writer.last_position()), (1, None));
}

#[test]
fn a_flush_sends_what_is_there_and_lets_what_follows_linger() {
    let mut desk = Desk::v2();
    desk.numbers(0..2);
    desk.flush();
    assert_eq!(desk.append().len(), 2);
    desk.numbers(2..3);
    desk.answer(stored(2));
    assert_eq!(desk.under_way, None, "the third part lingers");
    desk.advance(100);
    assert_eq!(desk.append().len(), 1);
}

#[test]
fn what_comes_while_an_append_is_under_way_shares_the_next() {
    let mut desk = Desk::v2();
    desk.numbers(0..1);
    desk.flush();
    for n in 1..50 {
        desk.numbers(n..=n);
        desk.flush();
    }
    assert_eq!(desk.appends(), 1, "one at a time keeps the order");
    desk.answer(stored(1));
    assert_eq!(desk.append().len(), 49);
}

#[test]
fn a_batch_has_at_most_1000_records_and_a_full_one_does_not_linger() {
    let mut desk = Desk::v2();
    desk.numbers(0..999);
    assert_eq!(desk.appends(), 0);
    desk.numbers(999..2_500);
    assert_eq!((desk.elapsed(), desk.append().len()), (0, 1_000));
    desk.answer(stored(1_000));
    assert_eq!(desk.append().len(), 1_000);
    desk.answer(stored(2_000));
    assert_eq!(desk.under_way, None, "the rest lingers");
    desk.advance(100);
    assert_eq!(desk.append().len(), 500);
}

#[test]
fn a_batch_has_at_most_a_mebibyte_as_s2_meters_it() {
    let mut desk = Desk::v2();
    desk.push(&part_of(MIB / 2)).expect("half");
    desk.push(&part_of(MIB / 2)).expect("the other half");
    assert_eq!(desk.appends(), 0, "more would fit into no batch, but nothing more is there");
    desk.push("0").expect("one more");
    assert_eq!(desk.append().len(), 2);
    let metered: usize = bodies(desk.last()).iter().map(|body| body.len() + 8).sum();
    assert_eq!(metered, MIB);
}

#[test]
fn a_request_has_at_most_two_mebibytes_with_all_its_escapes() {
    let mut desk = Desk::v2();
    // Each quote is two bytes of JSON, and four of the request.
    let quotes = format!("\"{}\"", "\\\"".repeat(200_000));
    for _ in 0..4 {
        desk.push(&quotes).expect("a part");
    }
    desk.close();
    let Action::Append { body, .. } = desk.last() else { panic!("an append") };
    assert_eq!(desk.append().len(), 2);
    assert!(body.len() <= 2 * MIB, "{}", body.len());
}

#[test]
fn row_54_a_part_over_the_limit_is_named_and_no_other_is_lost() {
    let mut desk = Desk::v2();
    desk.numbers(0..1);
    desk.push(&part_of(MIB)).expect("just fits");
    let error = desk.push(&part_of(MIB + 1)).expect_err("too large");
    assert_eq!(error.code, Code::TooLarge);
    assert!(error.message.starts_with("part 2 takes 1048577 bytes as a record; the limit is 1048576"), "{error}");
    desk.push(&part_of(MIB + 5)).expect_err("too large, too");
    desk.numbers(4..5);
    desk.close();
    let mut sent = Vec::new();
    while desk.under_way.is_some() {
        sent.extend(desk.append());
        desk.answer(stored(sent.len() as u64));
    }
    assert_eq!((sent.len(), &sent[0]["data"], &sent[2]["data"]), (3, &json!(0), &json!(4)));
    assert_eq!(desk.writer.outcome(), Some(Err(&error)), "the first one is what is told");
}

#[test]
fn a_part_of_nothing_but_escapes_fits_if_its_record_does() {
    let mut desk = Desk::v2();
    let quotes = format!("\"{}\"", "\\\"".repeat((MIB - OVERHEAD - 2) / 2));
    desk.push(&quotes).expect("a part");
    desk.close();
    let Action::Append { body, .. } = desk.last() else { panic!("an append") };
    assert!(body.len() <= 2 * MIB && body.len() > 2 * MIB - 50, "{}", body.len());
    assert_eq!(desk.append()[0]["data"].as_str().expect("text").len(), (MIB - OVERHEAD - 2) / 2);
}

#[test]
fn twenty_thousand_ids_are_all_different_and_another_seed_gives_others() {
    fn ids(seed: u64, count: usize) -> HashSet<String> {
        let mut desk = Desk::new(runstream::writer::Config { seed, can_refresh: false });
        desk.answer(created(Version::V2, 100));
        let mut ids = HashSet::new();
        while ids.len() < count {
            desk.numbers(0..1_000);
            let before = ids.len();
            ids.extend(desk.append().iter().map(|record| record["id"].as_str().expect("an id").to_owned()));
            assert_eq!(ids.len(), before + 1_000, "an id came twice");
            desk.answer(stored(1));
        }
        ids
    }
    let first = ids(1, 20_000);
    assert_eq!(first.intersection(&ids(2, 20_000)).count(), 0);
}

#[test]
fn the_window_is_bounded_in_parts_and_in_bytes() {
    let mut desk = Desk::new(config());
    desk.numbers(0..WINDOW_PARTS as u64 - 1);
    assert!(desk.writer.has_room());
    desk.numbers(0..1);
    assert!(!desk.writer.has_room());
    desk.answer(created(Version::V2, 100));
    desk.answer(stored(1_000));
    assert!(desk.writer.has_room());

    let mut desk = Desk::new(config());
    for _ in 0..WINDOW_BYTES / MIB {
        assert!(desk.writer.has_room());
        desk.push(&part_of(MIB)).expect("fits");
    }
    assert!(!desk.writer.has_room());
}
