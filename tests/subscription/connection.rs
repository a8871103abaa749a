//! Cuts, cursors, stop and wake: rows 1, 2, 5, 11 to 15 and 19.

use crate::support::frames::*;
use crate::support::sim::{Sim, Socket, config};
use runstream::{Code, Config, Start, StatusKind};

fn cursor(id: &str) -> Option<String> {
    Some(id.into())
}

#[test]
fn row_01_a_body_cut_without_done_resumes_from_the_cursor() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.end();
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
    assert_eq!(sim.reconnect(), cursor("2"));
    sim.send(batch(&parts(3..5)));
    assert_eq!(sim.kind(), StatusKind::Live);
    sim.assert_parts(0..5);
    assert_eq!(sim.status().duplicates, 0);
}

#[test]
fn row_01_a_socket_reset_resumes_from_the_cursor() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.cut();
    assert_eq!(sim.status().last_error.expect("an error").code, Code::Network);
    assert_eq!(sim.reconnect(), cursor("2"));
    sim.send(batch(&parts(3..5)));
    sim.assert_parts(0..5);
}

#[test]
fn row_01_a_body_that_ends_without_done_after_the_timeout_was_cut_all_the_same() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    for _ in 0..7 {
        sim.advance(10_000);
        sim.send(ping(1));
    }
    sim.end();
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
    assert_eq!(sim.reconnect(), cursor("0"));
}

#[test]
fn row_01_a_cut_before_anything_asks_for_everything_again() {
    let mut sim = Sim::live(config());
    sim.end();
    assert_eq!(sim.reconnect(), None);
    sim.send(batch(&parts(0..2)));
    sim.assert_parts(0..2);
}

#[test]
fn row_01_what_the_server_wrote_into_the_id_line_is_never_the_cursor() {
    let mut sim = Sim::live(config());
    sim.send("event: batch\nid: 77,3,165\ndata: {\"records\":[");
    sim.send(format!("{}]}}\n\n", part(0, 0)));
    sim.end();
    assert_eq!(sim.reconnect(), cursor("0"));
}

#[test]
fn row_02_half_an_event_is_discarded_and_read_again() {
    let frame = batch(&parts(1..3));
    for at in 1..frame.len() {
        let mut sim = Sim::live(config());
        sim.send(batch(&parts(0..1)));
        sim.send(&frame[..at]);
        sim.assert_parts(0..1);
        sim.end();
        assert_eq!(sim.reconnect(), cursor("0"), "cut at {at}");
        sim.send(&frame);
        sim.assert_parts(0..3);
    }
}

#[test]
fn row_05_an_error_event_is_a_failure_and_resumes() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.send(ERROR);
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
    let error = sim.status().last_error.expect("an error");
    assert!(error.is_retryable() && error.message.contains("streamer missing in action"), "{error}");
    assert_eq!(sim.socket, Socket::Closed, "the connection is given up");
    assert_eq!(sim.reconnect(), cursor("2"));
    sim.send(batch(&parts(3..4)));
    sim.assert_parts(0..4);
}

#[test]
fn row_05_an_error_event_after_the_timeout_is_no_end_either() {
    let mut sim = Sim::live(config());
    for _ in 0..7 {
        sim.advance(10_000);
        sim.send(ping(0));
    }
    sim.send(ERROR);
    sim.connect_within(10_000);
}

#[test]
fn row_05_an_error_event_in_the_read_that_brought_records_keeps_the_records() {
    let mut sim = Sim::live(config());
    sim.send(format!("{}{ERROR}{}", batch(&parts(0..2)), batch(&parts(2..3))));
    sim.assert_parts(0..2);
    assert_eq!(sim.reconnect(), cursor("1"));
}

#[test]
fn row_11_every_request_until_a_record_carries_the_same_cursor() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.end();
    sim.connect_within(10_000);
    sim.answer(503);
    sim.connect_within(10_000);
    sim.cut();
    sim.reconnect();
    sim.send(ping(3));
    sim.end();
    sim.reconnect();
    sim.send("event: batch\ndata: {\"rec");
    sim.cut();
    sim.reconnect();
    assert_eq!(sim.cursors()[1..], [Some("2"); 5]);
    sim.send(batch(&parts(3..4)));
    sim.assert_parts(0..4);
}

#[test]
fn row_12_a_batch_of_commands_moves_the_cursor() {
    let mut sim = Sim::live(config());
    sim.send(batch(&[fence(0), fence(1)]));
    assert_eq!(sim.sub.cursor(), cursor("1"));
    sim.end();
    assert_eq!(sim.reconnect(), cursor("1"));
    sim.send(batch(&parts(2..3)));
    sim.assert_parts(2..3);
}

#[test]
fn row_13_waking_ends_the_wait_at_once() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.end();
    for _ in 0..6 {
        sim.connect_within(10_000);
        sim.answer(500);
    }
    let requests = sim.connects.len();
    sim.wake();
    assert_eq!((sim.connects.len(), sim.socket), (requests + 1, Socket::Asking));
    assert_eq!(sim.last_connect().last_event_id, cursor("0"));
}

#[test]
fn row_13_waking_a_live_connection_leaves_it_alone() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.advance(5_000);
    sim.wake();
    assert_eq!((sim.aborts, sim.connects.len()), (0, 1));
}

#[test]
fn row_13_waking_after_a_long_sleep_reads_what_has_arrived_before_it_judges() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.now += 600_000;
    sim.wake();
    assert_eq!(sim.aborts, 0, "what waits in the socket comes first");
    sim.send(batch(&parts(1..2)));
    sim.advance(19_000);
    assert_eq!((sim.aborts, sim.connects.len()), (0, 1));
    sim.assert_parts(0..2);
}

#[test]
fn row_13_waking_after_a_long_sleep_finds_a_dead_socket_soon() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.now += 600_000;
    sim.wake();
    assert_eq!(sim.connect_within(5_000).last_event_id, cursor("0"));
}

#[test]
fn row_13_waking_what_is_over_does_nothing() {
    let mut idle = Sim::idle(config());
    idle.wake();
    assert!(idle.connects.is_empty());
    let mut stopped = Sim::live(config());
    stopped.stop();
    stopped.wake();
    let mut failed = Sim::new(config());
    failed.answer(400);
    failed.wake();
    let mut ended = Sim::new(config());
    ended.answer(204);
    ended.wake();
    for mut sim in [stopped, failed, ended] {
        sim.advance(600_000);
        assert_eq!(sim.connects.len(), 1);
    }
}

#[test]
fn row_14_waking_again_and_again_never_makes_two_requests_at_once() {
    // The simulated driver refuses a second request while there is one.
    let mut sim = Sim::new(config());
    for round in 0..50 {
        for _ in 0..3 {
            sim.wake();
            sim.advance(7);
        }
        match (sim.socket, round % 3) {
            (Socket::Asking, 0) => sim.accept(),
            (Socket::Asking, _) => sim.answer(503),
            (Socket::Open, _) => sim.end(),
            (Socket::Closed, _) => {}
        }
    }
    assert!(sim.connects.len() > 10);
}

#[test]
fn row_15_stop_during_the_wait_makes_no_later_request() {
    let mut sim = Sim::live(config());
    sim.end();
    sim.stop();
    assert_eq!(sim.kind(), StatusKind::Stopped);
    assert_eq!(sim.sub.poll_timeout(), None);
    sim.wake();
    sim.new_token();
    sim.advance(600_000);
    assert_eq!(sim.connects.len(), 1);
}

#[test]
fn row_15_stop_before_start_makes_no_request_at_all() {
    let mut sim = Sim::idle(config());
    sim.stop();
    sim.sub.start(sim.now);
    sim.drive();
    sim.advance(600_000);
    assert!(sim.connects.is_empty());
    assert_eq!(sim.kind(), StatusKind::Stopped);
}

#[test]
fn row_15_stop_aborts_what_is_under_way_and_ignores_what_comes_of_it() {
    let mut sim = Sim::new(config());
    sim.stop();
    assert_eq!(sim.aborts, 1);
    let mut sim = Sim::live(config());
    let attempt = sim.attempt();
    sim.send(batch(&parts(0..2)));
    sim.stop();
    assert_eq!((sim.aborts, sim.socket), (1, Socket::Closed));
    sim.sub.handle_bytes(sim.now, attempt, batch(&parts(2..3)).as_bytes());
    sim.sub.handle_disconnect(sim.now, attempt, "aborted");
    sim.drive();
    assert_eq!(sim.kind(), StatusKind::Stopped);
    assert_eq!(sim.status().last_error, None);
    sim.assert_parts(0..2);
}

#[test]
fn row_19_resume_after_stop_goes_on_from_the_cursor() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.send("event: batch\ndata: {\"half");
    sim.stop();
    sim.advance(3_600_000);
    sim.resume();
    assert_eq!(sim.last_connect().last_event_id, cursor("2"));
    sim.accept();
    sim.send(batch(&parts(3..4)));
    assert_eq!(sim.kind(), StatusKind::Live);
    sim.assert_parts(0..4);
}

#[test]
fn row_19_resume_goes_on_after_an_end_and_after_a_failure() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    sim.advance(19_999);
    sim.end();
    sim.connect_within(10_000);
    sim.answer(410);
    assert_eq!(sim.kind(), StatusKind::Failed);
    sim.resume();
    assert_eq!(sim.last_connect().last_event_id, cursor("2"));
    assert_eq!(sim.status().error, None);
    sim.answer(204);
    sim.resume();
    assert_eq!(sim.last_connect().last_event_id, cursor("2"));
}

#[test]
fn row_19_resume_of_what_runs_does_nothing() {
    let mut sim = Sim::live(config());
    sim.resume();
    sim.sub.start(sim.now);
    sim.drive();
    sim.end();
    sim.resume();
    assert_eq!((sim.connects.len(), sim.kind()), (1, StatusKind::Reconnecting));
}

#[test]
fn what_comes_of_an_attempt_that_was_given_up_is_ignored() {
    let mut sim = Sim::live(config());
    let old = sim.attempt();
    sim.send(batch(&parts(0..1)));
    sim.end();
    sim.sub.handle_bytes(sim.now, old, batch(&parts(1..2)).as_bytes());
    sim.reconnect();
    sim.sub.handle_bytes(sim.now, old, batch(&parts(1..2)).as_bytes());
    sim.sub.handle_end(sim.now, old);
    sim.sub.handle_disconnect(sim.now, old, "late");
    sim.drive();
    assert_eq!(sim.kind(), StatusKind::Live);
    sim.assert_parts(0..1);
}

#[test]
fn a_start_index_asks_for_what_lies_before_it_and_even_0_is_one() {
    let at = |n| Sim::new(Config { start: Start::Index(n), ..config() });
    assert_eq!(at(0).last_connect().last_event_id, None);
    assert!(!at(0).last_connect().latest);
    let mut sim = at(5);
    assert_eq!(sim.last_connect().last_event_id, cursor("4"));
    sim.accept();
    sim.send(batch(&parts(5..7)));
    sim.assert_parts(5..7);
}

#[test]
fn a_last_event_id_of_an_earlier_life_is_the_first_cursor() {
    let mut sim = Sim::new(Config { start: Start::After("41".into()), ..config() });
    assert_eq!(sim.last_connect().last_event_id, cursor("41"));
    sim.accept();
    sim.send(batch(&parts(42..44)));
    sim.assert_parts(42..44);
    assert_eq!(sim.sub.cursor(), cursor("43"));
}

#[test]
fn an_option_that_cannot_be_is_refused() {
    for bad in [
        Config { timeout_seconds: 0, ..config() },
        Config { timeout_seconds: 601, ..config() },
        Config { start: Start::After("0,1,39".into()), ..config() },
        Config { start: Start::After(String::new()), ..config() },
        Config { start: Start::After("-1".into()), ..config() },
    ] {
        let error = runstream::Subscription::new(bad.clone()).err();
        assert_eq!(error.map(|error| error.code), Some(Code::InvalidArgument), "{bad:?}");
    }
    for good in [1, 60, 600] {
        Sim::new(Config { timeout_seconds: good, ..config() });
    }
}
