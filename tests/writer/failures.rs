//! What is sent again, what is asked for again, and what is final.

use crate::desk::{Desk, bodies, coded, config, created, status, stored};
use runstream::Code;
use runstream::wire::Version;
use runstream::writer::{Action, Answer, Config, GIVE_UP_MS};

/// One batch is under way.
fn appending() -> Desk {
    let mut desk = Desk::v2();
    desk.numbers(0..5);
    desk.flush();
    desk
}

#[test]
fn row_55_what_was_lost_is_sent_again_as_it_was() {
    type Failure = fn(&mut Desk);
    let failures: [Failure; 5] = [
        Desk::lose,
        |desk| desk.answer(status(500)),
        |desk| desk.answer(status(429)),
        |desk| desk.answer(coded(409, "transaction_conflict")),
        // An acknowledgement that cannot be read.
        |desk| desk.answer(status(200)),
    ];
    for failure in failures {
        let mut desk = appending();
        let first = bodies(desk.last());
        failure(&mut desk);
        desk.numbers(5..9);
        desk.flush();
        let again = desk.request_within(100);
        assert_eq!(bodies(&again), first, "the same parts with the same ids");
        desk.answer(stored(10));
        assert_eq!(desk.append().len(), 4);
    }
}

#[test]
fn row_55_an_answer_that_does_not_come_is_given_up_after_20_s() {
    let mut desk = appending();
    let first = bodies(desk.last());
    desk.advance(19_999);
    assert_eq!((desk.appends(), desk.aborts), (1, 0));
    desk.advance(1);
    assert_eq!(desk.aborts, 1);
    assert_eq!(bodies(&desk.request_within(100)), first);
}

#[test]
fn an_answer_that_comes_too_late_is_ignored() {
    let mut desk = appending();
    let late = desk.under_way.expect("a request");
    desk.lose();
    _ = desk.request_within(100);
    desk.writer.handle_answer(desk.now, late, &stored(5));
    desk.drive();
    assert_eq!(desk.writer.acknowledged(), 0);
    desk.answer(stored(5));
    assert_eq!(desk.writer.acknowledged(), 5);
}

#[test]
fn retries_wait_longer_and_longer_and_no_sooner_than_asked() {
    let mut desk = appending();
    let mut waits = Vec::new();
    for _ in 0..8 {
        let before = desk.now;
        desk.lose();
        _ = desk.request_within(5_000);
        waits.push(desk.now - before);
    }
    assert!(waits[0] >= 50 && waits[0] <= 100 && waits[7] >= 2_500, "{waits:?}");
    let before = desk.now;
    desk.answer(Answer { retry_after_ms: Some(7_000), ..status(503) });
    _ = desk.request_within(60_000);
    assert_eq!(desk.now - before, 7_000);
}

#[test]
fn without_progress_for_60_s_it_fails_with_the_last_error() {
    let mut desk = appending();
    let begin = desk.now;
    while desk.error().is_none() {
        desk.lose();
        if desk.error().is_none() {
            _ = desk.request_within(5_000);
        }
    }
    assert_eq!(desk.error(), Some((Code::Network, "reset".into())));
    let took = desk.now - begin;
    assert!((GIVE_UP_MS..GIVE_UP_MS + 5_000).contains(&took), "{took}");
    assert_eq!(desk.writer.poll_timeout(), None);
}

#[test]
fn every_acknowledgement_is_progress() {
    let mut desk = Desk::v2();
    for round in 0..10 {
        desk.numbers(0..1);
        desk.flush();
        desk.answer(status(503));
        _ = desk.request_within(100);
        desk.answer(stored(round));
        desk.advance(30_000);
    }
    assert_eq!((desk.writer.acknowledged(), desk.error()), (10, None));
}

#[test]
fn a_creation_that_failed_at_first_is_not_held_against_an_append_much_later() {
    let mut desk = Desk::new(config());
    desk.lose();
    _ = desk.request_within(100);
    desk.answer(created(Version::V2, 100));
    desk.advance(2 * GIVE_UP_MS);
    desk.numbers(0..1);
    desk.flush();
    desk.lose();
    assert_eq!(desk.error(), None);
}

#[test]
fn row_57_a_stream_that_is_being_deleted_is_created_again() {
    let mut desk = appending();
    let first = bodies(desk.last());
    for answer in [coded(409, "stream_deletion_pending"), coded(404, "stream_not_found")] {
        desk.answer(answer);
        assert!(matches!(desk.request_within(200), Action::Create { refresh_token: false, .. }));
        desk.answer(created(Version::V2, 100));
        assert_eq!(bodies(desk.last()), first);
    }
    desk.answer(stored(5));
    assert_eq!((desk.writer.acknowledged(), desk.error()), (5, None));
}

#[test]
fn row_57_a_deletion_that_takes_longer_than_60_s_is_an_error_and_no_loop() {
    let mut desk = appending();
    while desk.error().is_none() {
        desk.answer(coded(409, "stream_deletion_pending"));
        if desk.error().is_none() {
            _ = desk.request_within(5_000);
            desk.answer(created(Version::V2, 100));
        }
    }
    let (code, message) = desk.error().expect("an error");
    assert_eq!(code, Code::Http);
    assert!(message.contains("being deleted"), "{message}");
    assert!(desk.requests.len() < 100, "{}", desk.requests.len());
}

#[test]
fn a_refused_token_of_s2_is_made_anew_once() {
    for refusal in [401, 403] {
        let mut desk = appending();
        let first = bodies(desk.last());
        desk.answer(status(refusal));
        assert!(matches!(desk.last(), Action::Create { refresh_token: false, .. }), "at once");
        desk.answer(created(Version::V2, 100));
        assert_eq!(bodies(desk.last()), first);
        desk.answer(status(refusal));
        assert_eq!(desk.error().map(|error| error.0), Some(Code::Unauthorized));
    }
}

#[test]
fn a_token_that_expires_every_day_is_made_anew_every_day() {
    let mut desk = Desk::v2();
    for day in 0..3 {
        desk.numbers(0..1);
        desk.flush();
        desk.answer(status(403));
        desk.answer(created(Version::V2, 100));
        desk.answer(stored(day));
    }
    assert_eq!(desk.error(), None);
}

#[test]
fn a_refused_credential_is_refreshed_once_if_it_can_be() {
    let mut desk = Desk::new(Config { can_refresh: true, ..config() });
    desk.answer(status(401));
    assert!(matches!(desk.last(), Action::Create { refresh_token: true, .. }));
    desk.answer(status(401));
    assert_eq!(desk.error().map(|error| error.0), Some(Code::Unauthorized));

    let mut desk = Desk::new(config());
    desk.answer(status(401));
    assert_eq!(desk.error().map(|error| error.0), Some(Code::Unauthorized));
}

#[test]
fn a_creation_that_is_refused_is_final() {
    for (refusal, code) in [(400, Code::Rejected), (404, Code::NotFound), (409, Code::Rejected), (422, Code::Rejected)]
    {
        let mut desk = Desk::new(config());
        desk.answer(Answer { detail: "Cannot initialize".into(), ..status(refusal) });
        let (found, message) = desk.error().expect("an error");
        assert_eq!(found, code);
        assert!(message.contains(&format!("({refusal}: Cannot initialize)")), "{message}");
    }
}

#[test]
fn a_creation_that_may_pass_is_tried_again() {
    for passing in [408, 425, 429, 500, 502, 503] {
        let mut desk = Desk::new(config());
        desk.answer(status(passing));
        assert!(matches!(desk.request_within(100), Action::Create { .. }));
    }
    let mut desk = Desk::new(config());
    // A captive portal.
    desk.answer(status(200));
    assert!(matches!(desk.request_within(100), Action::Create { .. }));
}

#[test]
fn an_append_that_is_refused_is_final() {
    for (refusal, code) in [(400, Code::Rejected), (404, Code::NotFound), (412, Code::Rejected), (422, Code::Rejected)]
    {
        let mut desk = appending();
        desk.answer(coded(refusal, "other"));
        assert_eq!(desk.error().map(|error| error.0), Some(code));
    }
}

#[test]
fn a_stream_that_is_full_is_no_bad_token() {
    let mut desk = appending();
    desk.answer(coded(403, "quota_exhausted"));
    assert_eq!(desk.error().map(|error| error.0), Some(Code::Rejected));
}

#[test]
fn nothing_happens_after_a_stop() {
    let mut desk = appending();
    desk.numbers(5..9);
    desk.writer.stop();
    desk.drive();
    assert_eq!((desk.aborts, desk.under_way, desk.writer.poll_timeout()), (1, None, None));
    desk.close();
    desk.advance(100_000);
    assert_eq!((desk.appends(), desk.writer.outcome()), (1, None));
}
