//! What the server refuses for good, for now, and for want of a token: rows 16 and 38.

use crate::support::frames::*;
use crate::support::sim::{Sim, Socket, config};
use runstream::{Code, Config, StatusKind};

fn code(error: Option<runstream::Error>) -> Option<Code> {
    error.map(|error| error.code)
}

#[test]
fn row_16_other_4xx_are_terminal() {
    for status in (400..500).filter(|status| ![401, 403, 404, 408, 425, 429].contains(status)) {
        for connected_before in [false, true] {
            let mut sim = Sim::new(config());
            if connected_before {
                sim.accept();
                sim.send(batch(&parts(0..1)));
                sim.end();
                sim.connect_within(100);
            }
            let requests = sim.connects.len();
            sim.answer(status);
            assert_eq!(sim.kind(), StatusKind::Failed, "{status}");
            let error = sim.status().error.expect("an error");
            assert_eq!((error.code, error.status, error.is_retryable()), (Code::Rejected, status, false));
            sim.wake();
            sim.advance(600_000);
            assert_eq!(sim.connects.len(), requests, "{status}");
        }
    }
}

#[test]
fn row_16_what_may_pass_is_retried() {
    for status in [408, 425, 429, 500, 501, 502, 503, 504, 520, 599] {
        let mut sim = Sim::new(config());
        sim.answer(status);
        assert_eq!(sim.kind(), StatusKind::Reconnecting, "{status}");
        assert_eq!(code(sim.status().last_error), Some(Code::Http), "{status}");
        sim.connect_within(100);
    }
}

#[test]
fn row_16_a_404_on_the_first_connection_gets_three_tries_in_3_seconds() {
    let mut sim = Sim::new(config());
    sim.answer(404);
    assert_ne!(sim.kind(), StatusKind::Failed);
    sim.connect_within(3_000);
    sim.answer(404);
    assert_ne!(sim.kind(), StatusKind::Failed);
    sim.connect_within(3_000);
    assert!(sim.elapsed() <= 3_000);
    sim.answer(404);
    assert_eq!((sim.kind(), code(sim.status().error)), (StatusKind::Failed, Some(Code::NotFound)));
    sim.advance(600_000);
    assert_eq!(sim.connects.len(), 3);
}

#[test]
fn row_16_a_run_that_appears_between_the_tries_is_read() {
    let mut sim = Sim::new(config());
    sim.answer(404);
    sim.connect_within(3_000);
    sim.accept();
    sim.send(batch(&parts(0..1)));
    assert_eq!((sim.kind(), sim.status().last_error), (StatusKind::Live, None));
}

#[test]
fn row_16_a_404_after_a_connection_is_terminal() {
    let mut sim = Sim::live(config());
    sim.end();
    sim.connect_within(100);
    sim.answer(404);
    assert_eq!((sim.kind(), code(sim.status().error)), (StatusKind::Failed, Some(Code::NotFound)));
}

#[test]
fn row_16_a_refused_token_is_refreshed_once() {
    for status in [401, 403] {
        let mut sim = Sim::live(Config { can_refresh: true, ..config() });
        sim.send(batch(&parts(0..1)));
        sim.end();
        assert!(!sim.connect_within(100).refresh_token);
        sim.answer(status);
        let connect = sim.connect_within(100);
        assert!(connect.refresh_token, "{status}");
        assert_eq!(connect.last_event_id.as_deref(), Some("0"));
        sim.answer(status);
        assert_eq!((sim.kind(), code(sim.status().error)), (StatusKind::Failed, Some(Code::Unauthorized)));
        sim.advance(600_000);
        assert_eq!(sim.connects.len(), 3);
    }
}

#[test]
fn row_16_a_token_that_expires_again_is_refreshed_again() {
    let mut sim = Sim::new(Config { can_refresh: true, ..config() });
    for round in 0..3 {
        sim.answer(401);
        assert!(sim.connect_within(100).refresh_token, "round {round}");
        sim.accept();
        sim.send(batch(&parts(round..round + 1)));
        sim.end();
        assert!(!sim.connect_within(100).refresh_token);
    }
    sim.accept();
    sim.assert_parts(0..3);
}

#[test]
fn row_16_a_refused_token_that_cannot_be_refreshed_fails() {
    for status in [401, 403] {
        let mut sim = Sim::new(config());
        sim.answer(status);
        assert_eq!((sim.kind(), code(sim.status().error)), (StatusKind::Failed, Some(Code::Unauthorized)));
        sim.advance(600_000);
        assert_eq!(sim.connects.len(), 1);
    }
}

#[test]
fn row_38_a_new_token_revives_what_failed_for_the_lack_of_one() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..2)));
    sim.end();
    sim.connect_within(100);
    sim.answer(401);
    sim.new_token();
    assert_eq!((sim.socket, sim.status().error), (Socket::Asking, None));
    assert_eq!(sim.last_connect().last_event_id.as_deref(), Some("1"));
    sim.accept();
    sim.send(batch(&parts(2..3)));
    sim.assert_parts(0..3);
}

#[test]
fn row_38_a_new_token_revives_nothing_else_and_disturbs_nothing() {
    let mut failed = Sim::new(config());
    failed.answer(400);
    failed.new_token();
    assert_eq!((failed.kind(), failed.connects.len()), (StatusKind::Failed, 1));
    let mut live = Sim::live(config());
    live.new_token();
    assert_eq!((live.aborts, live.connects.len()), (0, 1));
}
