//! The way to a gateway without S2: lines in a request that goes on.

use crate::desk::{Desk, status, stored};
use runstream::Code;
use runstream::writer::{Action, Config, GIVE_UP_MS, WINDOW_PARTS};

#[test]
fn parts_are_lines_of_one_request_written_at_once() {
    let mut desk = Desk::v1();
    desk.push(r#"{"a":1}"#).expect("a part");
    assert_eq!(*desk.last(), Action::Open { attempt: 2, from: 0 });
    desk.push("\"b\"").expect("a part");
    assert_eq!(desk.lines, [r#"{"a":1}"#, "\"b\""]);
    assert!(!desk.ended);
    desk.close();
    assert!(desk.ended);
    desk.answer(status(200));
    desk.assert_stored();
    assert_eq!((desk.writer.acknowledged(), desk.writer.last_position()), (2, None));
}

#[test]
fn an_open_request_may_be_silent() {
    let mut desk = Desk::v1();
    desk.numbers(0..1);
    desk.advance(3_600_000);
    assert_eq!((desk.requests.len(), desk.aborts), (2, 0));
    desk.close();
    desk.advance(20_000);
    assert_eq!(desk.aborts, 1, "only its answer is waited for");
}

#[test]
fn row_55_after_a_lost_connection_it_goes_on_behind_the_last_line_that_arrived() {
    let mut desk = Desk::v1();
    desk.numbers(0..5);
    desk.lose();
    assert!(matches!(desk.request_within(100), Action::Probe { .. }));
    desk.answer(stored(3));
    assert!(matches!(desk.last(), Action::Open { from: 3, .. }));
    assert_eq!(desk.lines, ["3", "4"]);
    assert_eq!(desk.writer.acknowledged(), 3);
    desk.close();
    desk.answer(status(200));
    desk.assert_stored();
}

#[test]
fn row_55_a_server_that_knows_nothing_gets_all_again() {
    let mut desk = Desk::v1();
    desk.numbers(0..3);
    desk.answer(status(503));
    _ = desk.request_within(100);
    desk.answer(status(200));
    assert!(matches!(desk.last(), Action::Open { from: 0, .. }));
    assert_eq!(desk.lines.len(), 3);
}

#[test]
fn a_probe_that_fails_is_made_again() {
    let mut desk = Desk::v1();
    desk.numbers(0..3);
    desk.lose();
    _ = desk.request_within(100);
    desk.answer(status(500));
    assert!(matches!(desk.request_within(200), Action::Probe { .. }));
    desk.lose();
    assert!(matches!(desk.request_within(400), Action::Probe { .. }));
    desk.answer(stored(3));
    assert_eq!((desk.under_way, desk.writer.acknowledged()), (None, 3));
}

#[test]
fn no_more_lines_are_taken_for_stored_than_were_sent() {
    let mut desk = Desk::v1();
    desk.numbers(0..2);
    desk.lose();
    desk.numbers(2..4);
    _ = desk.request_within(100);
    // Something on the way made eight chunks of two lines.
    desk.answer(stored(8));
    assert!(matches!(desk.last(), Action::Open { from: 2, .. }));
    assert_eq!(desk.lines, ["2", "3"]);
}

#[test]
fn an_answer_before_the_end_acknowledges_nothing() {
    let mut desk = Desk::v1();
    desk.numbers(0..2);
    desk.answer(status(200));
    assert_eq!(desk.writer.acknowledged(), 0);
    assert!(matches!(desk.request_within(100), Action::Probe { .. }));
}

#[test]
fn a_full_window_ends_the_request_which_acknowledges_it() {
    let mut desk = Desk::v1();
    desk.numbers(0..WINDOW_PARTS as u64);
    assert!(desk.ended && !desk.writer.has_room());
    desk.numbers(0..1);
    assert_eq!(desk.lines.len(), WINDOW_PARTS);
    desk.answer(status(200));
    assert!(matches!(desk.last(), Action::Open { from: 8_192, .. }));
    assert_eq!(desk.lines.len(), 1);
}

#[test]
fn a_flush_ends_the_request() {
    let mut desk = Desk::v1();
    desk.numbers(0..2);
    desk.flush();
    assert!(desk.ended);
    desk.numbers(2..3);
    desk.answer(status(200));
    assert!(matches!(desk.last(), Action::Open { from: 2, .. }));
    assert!(!desk.ended, "what follows a flush is not part of it");
}

#[test]
fn progress_is_what_the_probe_says_it_is() {
    let mut desk = Desk::v1();
    for n in 0..20 {
        desk.numbers(n..=n);
        desk.advance(30_000);
        desk.lose();
        _ = desk.request_within(100);
        desk.answer(stored(n + 1));
    }
    assert_eq!((desk.writer.acknowledged(), desk.error()), (20, None));

    let mut desk = Desk::v1();
    desk.numbers(0..1);
    let begin = desk.now;
    while desk.error().is_none() {
        desk.lose();
        _ = desk.request_within(5_000);
        desk.answer(status(200));
    }
    assert_eq!(desk.error(), Some((Code::Network, "reset".into())));
    assert!(desk.now - begin < GIVE_UP_MS + 10_000, "{}", desk.now - begin);
}

#[test]
fn a_connection_that_was_silent_for_long_and_is_lost_is_not_given_up() {
    let mut desk = Desk::v1();
    desk.numbers(0..1);
    desk.lose();
    _ = desk.request_within(100);
    desk.answer(status(200));
    desk.advance(10 * GIVE_UP_MS);
    desk.lose();
    _ = desk.request_within(1_000);
    desk.answer(stored(1));
    assert_eq!((desk.writer.acknowledged(), desk.error()), (1, None));
}

#[test]
fn refusals_are_final() {
    for (refusal, code) in [(400, Code::Rejected), (401, Code::Unauthorized), (404, Code::NotFound)] {
        let mut desk = Desk::v1();
        desk.numbers(0..1);
        desk.answer(status(refusal));
        assert_eq!(desk.error().map(|error| error.0), Some(code));
    }
}

#[test]
fn a_refused_credential_is_refreshed_once_and_the_lines_are_not_doubled() {
    let mut desk = Desk::new(Config { seed: 1, can_refresh: true });
    desk.answer(crate::desk::created(runstream::wire::Version::V1, 100));
    desk.numbers(0..2);
    desk.answer(status(401));
    assert!(matches!(desk.last(), Action::Create { refresh_token: true, .. }));
    desk.answer(crate::desk::created(runstream::wire::Version::V1, 100));
    assert!(matches!(desk.last(), Action::Probe { .. }));
    desk.answer(stored(1));
    assert_eq!(desk.lines, ["1"]);
}
