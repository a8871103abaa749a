//! Failures, what is shown of them, and how often they are retried: rows 7 to 10.

use crate::support::frames::*;
use crate::support::sim::{Sim, Socket, config};
use runstream::{Code, Config, Response, StatusKind};

fn code(error: Option<runstream::Error>) -> Option<Code> {
    error.map(|error| error.code)
}

fn not_a_stream() -> Response {
    Response { status: 200, is_event_stream: false, detail: "text/html".into(), ..Response::default() }
}

#[test]
fn row_07_a_200_that_is_not_an_event_stream_is_shown_and_retried() {
    let mut sim = Sim::new(config());
    sim.answer_with(not_a_stream());
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
    let error = sim.status().error.expect("shown at once");
    assert_eq!(error.code, Code::NotAStream);
    assert!(error.is_retryable() && error.message.contains("text/html"), "{error}");
    assert_eq!(sim.socket, Socket::Closed);
    sim.connect_within(100);
    sim.accept();
    sim.send(batch(&parts(0..1)));
    assert_eq!((sim.kind(), sim.status().error, sim.status().last_error), (StatusKind::Live, None, None));
}

#[test]
fn row_07_a_captive_portal_between_connections_loses_nothing() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..2)));
    sim.end();
    for _ in 0..5 {
        assert_eq!(sim.connect_within(10_000).last_event_id.as_deref(), Some("1"));
        sim.answer_with(not_a_stream());
    }
    assert_eq!(sim.status().retry_count, 6);
    assert_eq!(sim.reconnect().as_deref(), Some("1"));
    sim.send(batch(&parts(2..3)));
    sim.assert_parts(0..3);
}

#[test]
fn row_08_endless_500s_are_last_error_at_once_and_error_after_three() {
    let mut sim = Sim::new(config());
    for failure in 1..=6 {
        sim.connect_within(10_000);
        sim.answer(500);
        let status = sim.status();
        assert_eq!((status.kind, status.retry_count), (StatusKind::Reconnecting, failure));
        assert_eq!(code(status.last_error.clone()), Some(Code::Http));
        assert_eq!(status.last_error.expect("an error").status, 500);
        let expected = (failure >= 3).then_some(Code::Http);
        assert_eq!(code(status.error), expected, "after {failure} failures");
    }
}

#[test]
fn row_08_ten_seconds_without_a_connection_are_an_error() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.advance(5_000);
    sim.end();
    sim.connect_within(100);
    sim.answer_after(503, 60_000);
    let since_cut = sim.elapsed() - 5_000;
    sim.advance(9_999 - since_cut);
    assert_eq!(sim.status().error, None);
    sim.advance(1);
    assert_eq!(code(sim.status().error), Some(Code::Http));
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
    assert_eq!(code(sim.statuses.last().expect("a status").error.clone()), Some(Code::Http), "and it is reported");
}

#[test]
fn row_08_a_request_without_an_answer_is_an_error_after_ten_seconds() {
    let mut sim = Sim::new(config());
    sim.advance(9_999);
    assert_eq!(sim.status().error, None);
    sim.advance(1);
    assert_eq!(code(sim.status().error), Some(Code::Timeout));
    sim.accept();
    sim.send(batch(&parts(0..1)));
    assert_eq!((sim.status().error, sim.status().last_error), (None, None));
}

#[test]
fn row_08_recovery_clears_everything() {
    let mut sim = Sim::new(config());
    for _ in 0..4 {
        sim.connect_within(10_000);
        sim.answer(500);
    }
    assert!(sim.status().error.is_some());
    sim.reconnect();
    sim.send(batch(&parts(0..1)));
    let status = sim.status();
    assert_eq!((status.kind, status.retry_count), (StatusKind::Live, 0));
    assert_eq!((status.error, status.last_error), (None, None));
    assert_eq!(sim.statuses.last(), Some(&sim.status()), "and it is reported");
}

#[test]
fn row_08_one_503_between_parts_never_sets_error() {
    let mut sim = Sim::live(config());
    for round in 0..20 {
        sim.send(batch(&parts(round..round + 1)));
        sim.end();
        sim.connect_within(10_000);
        sim.answer(503);
        sim.reconnect();
    }
    sim.send(batch(&parts(20..21)));
    assert!(sim.statuses.iter().all(|status| status.error.is_none()));
    assert!(sim.statuses.iter().any(|status| status.last_error.is_some()));
    sim.assert_parts(0..21);
}

#[test]
fn row_09_retry_after_is_not_tried_before() {
    for status in [429, 503] {
        let mut sim = Sim::new(config());
        sim.answer_after(status, 7_000);
        sim.advance(6_999);
        assert_eq!(sim.connects.len(), 1, "{status}");
        sim.connect_within(1);
    }
}

#[test]
fn row_09_nothing_wakes_before_retry_after() {
    let mut sim = Sim::new(config());
    sim.answer_after(429, 7_000);
    sim.advance(3_000);
    sim.wake();
    sim.advance(3_999);
    sim.wake();
    assert_eq!(sim.connects.len(), 1);
    sim.connect_within(1);
}

#[test]
fn row_09_retry_after_is_honoured_up_to_60_seconds() {
    let mut sim = Sim::new(config());
    sim.answer_after(503, 3_600_000);
    sim.advance(59_999);
    assert_eq!(sim.connects.len(), 1);
    sim.connect_within(1);
}

#[test]
fn row_09_a_short_retry_after_does_not_shorten_the_backoff() {
    let mut sim = Sim::new(config());
    for _ in 0..8 {
        sim.connect_within(10_000);
        sim.answer_after(503, 0);
    }
    sim.advance(2_499);
    assert_eq!(sim.socket, Socket::Closed, "the eighth delay is 2.5 s at least");
}

#[test]
fn row_09_the_retry_field_is_honoured() {
    let mut sim = Sim::live(config());
    sim.send(format!("retry: 3000\n\n{}", batch(&parts(0..1))));
    for _ in 0..3 {
        sim.end();
        let before = sim.elapsed();
        sim.advance(2_999);
        assert_eq!(sim.socket, Socket::Closed);
        sim.connect_within(2_001);
        assert!(sim.elapsed() - before >= 3_000);
        sim.accept();
    }
}

#[test]
fn row_09_a_retry_field_in_the_read_that_failed_is_honoured() {
    let mut sim = Sim::live(config());
    sim.send(format!("retry: 3000\n{ERROR}"));
    sim.advance(2_999);
    assert_eq!(sim.connects.len(), 1);
    sim.connect_within(1);
}

#[test]
fn row_09_a_retry_field_of_zero_or_of_a_year_is_no_disaster() {
    for (retry, at_least, at_most) in [("0", 50, 100), ("31536000000", 5_000, 65_000)] {
        let mut sim = Sim::live(config());
        sim.send(format!("retry: {retry}\n\n"));
        sim.end();
        let before = sim.elapsed();
        sim.connect_within(at_most);
        assert!(sim.elapsed() - before >= at_least, "retry: {retry}");
    }
}

/// Its name, and what it does with a connection.
type Server<'a> = (&'a str, &'a dyn Fn(&mut Sim));

/// Requests within 3 s to a server that does `then` with every connection.
fn hammered(then: impl Fn(&mut Sim)) -> usize {
    let mut sim = Sim::new(config());
    while sim.elapsed() < 3_000 {
        match sim.socket {
            Socket::Closed => sim.advance(5),
            _ => then(&mut sim),
        }
    }
    sim.connects.len()
}

#[test]
fn row_10_servers_that_accept_and_drop_see_fewer_than_ten_requests_in_three_seconds() {
    let servers: [Server; 8] = [
        ("no socket", &|sim| sim.cut()),
        ("accepted, closed", &|sim| (sim.accept(), sim.end()).0),
        ("accepted, reset", &|sim| (sim.accept(), sim.cut()).0),
        ("accepted, a ping, closed", &|sim| (sim.accept(), sim.send(ping(0)), sim.end()).0),
        ("accepted, an error", &|sim| (sim.accept(), sim.send(ERROR)).0),
        ("accepted, done", &|sim| (sim.accept(), sim.send(DONE)).0),
        ("accepted, v1 ping, closed", &|sim| (sim.accept_unknown(), sim.send(V1_PING), sim.end()).0),
        ("500", &|sim| sim.answer(500)),
    ];
    for (name, then) in servers {
        let requests = hammered(then);
        assert!((3..10).contains(&requests), "{name}: {requests} requests in 3 s");
    }
}

#[test]
fn row_10_the_shortest_timeout_and_follow_are_no_reason_to_hammer_either() {
    let servers: [Server; 2] = [
        ("v2, done at once", &|sim| (sim.accept(), sim.send(DONE)).0),
        ("v1, closed at once", &|sim| (sim.accept_unknown(), sim.end()).0),
    ];
    for (name, then) in servers {
        let mut sim = Sim::new(Config { timeout_seconds: 1, follow: true, ..config() });
        while sim.elapsed() < 3_000 && sim.connects.len() < 100 {
            match sim.socket {
                Socket::Closed => sim.advance(5),
                _ => then(&mut sim),
            }
        }
        let (requests, ms) = (sim.connects.len(), sim.elapsed());
        assert!(requests < 10, "{name}: {requests} requests in {ms} ms");
    }
}

/// The waits between a failure and the next request, with 500s.
fn waits(seed: u64, count: usize) -> Vec<u64> {
    let mut sim = Sim::new(Config { seed, ..config() });
    (0..count)
        .map(|_| {
            sim.answer(500);
            let before = sim.elapsed();
            sim.connect_within(10_000);
            sim.elapsed() - before
        })
        .collect()
}

#[test]
fn row_10_the_wait_doubles_from_100_ms_to_5_s_with_jitter_of_half() {
    for seed in 0..40 {
        for (n, wait) in waits(seed, 40).into_iter().enumerate() {
            let full = (100u64 << n.min(20)).min(5_000);
            assert!((full / 2..=full).contains(&wait), "failure {}: {wait} ms, seed {seed}", n + 1);
        }
    }
}

#[test]
fn row_10_clients_that_were_cut_together_do_not_come_back_together() {
    let mut fourth: Vec<u64> = (0..100).map(|seed| waits(seed, 4)[3]).collect();
    assert_eq!(waits(7, 8), waits(7, 8), "the same seed gives the same waits");
    fourth.sort_unstable();
    fourth.dedup();
    assert!(fourth.len() > 50, "only {} of 100 waits differ", fourth.len());
    assert!(fourth[0] < 500 && fourth[fourth.len() - 1] > 700, "{fourth:?} is not spread over 400 to 800 ms");
}

/// A subscription that has failed five times in a row and is connected again.
fn after_five_failures() -> Sim {
    let mut sim = Sim::new(config());
    for _ in 0..5 {
        sim.answer(500);
        sim.connect_within(10_000);
    }
    sim.accept();
    sim
}

#[test]
fn row_10_a_record_resets_the_retry_counter() {
    let mut sim = after_five_failures();
    assert_eq!(sim.status().retry_count, 5);
    sim.send(batch(&parts(0..1)));
    assert_eq!(sim.status().retry_count, 0);
    sim.end();
    sim.connect_within(100);
}

#[test]
fn row_10_a_connection_that_lived_20_seconds_with_pings_resets_the_retry_counter() {
    let mut sim = after_five_failures();
    for _ in 0..3 {
        sim.advance(10_000);
        sim.send(ping(0));
    }
    assert_eq!(sim.status().retry_count, 0);
    sim.end();
    sim.connect_within(100);
    assert_eq!(sim.status().retry_count, 1);
}

#[test]
fn row_10_an_accepted_connection_alone_resets_nothing() {
    let mut sim = after_five_failures();
    sim.send(ping(0));
    sim.end();
    assert_eq!(sim.status().retry_count, 6);
    sim.advance(1_599);
    assert_eq!(sim.socket, Socket::Closed, "the sixth wait is 1.6 s at least");
}

#[test]
fn row_13_waking_ends_the_backoff_but_not_retry_after() {
    let mut sim = Sim::new(config());
    for _ in 0..8 {
        sim.connect_within(10_000);
        sim.answer_after(503, 1_000);
    }
    // The backoff is 2.5 s at least; the server asked for 1 s.
    sim.advance(100);
    sim.wake();
    sim.advance(899);
    assert_eq!(sim.socket, Socket::Closed);
    sim.connect_within(1);
}
