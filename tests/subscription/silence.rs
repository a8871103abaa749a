//! Silence and what is made of it: row 6, and the connect timeout.

use crate::support::frames::*;
use crate::support::sim::{Sim, Socket, config};
use runstream::wire::Version;
use runstream::{Code, Config, StatusKind};

#[test]
fn row_06_twenty_seconds_without_a_byte_reconnect() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.advance(19_999);
    assert_eq!((sim.socket, sim.aborts), (Socket::Open, 0));
    sim.advance(1);
    assert_eq!((sim.socket, sim.aborts), (Socket::Closed, 1));
    assert_eq!(sim.kind(), StatusKind::Reconnecting);
    assert_eq!(sim.status().last_error.expect("an error").code, Code::Timeout);
    let connect = sim.connect_within(100);
    assert_eq!(connect.last_event_id.as_deref(), Some("0"));
}

#[test]
fn row_06_silence_from_the_answer_on_counts() {
    let mut sim = Sim::live(config());
    sim.advance(20_000);
    assert_eq!(sim.aborts, 1);
}

#[test]
fn row_06_pings_alone_never_reconnect() {
    let mut sim = Sim::live(Config { timeout_seconds: 600, ..config() });
    sim.send(batch(&parts(0..1)));
    for _ in 0..39 {
        sim.advance(15_000);
        sim.send(ping(1));
    }
    assert_eq!((sim.aborts, sim.connects.len(), sim.kind()), (0, 1, StatusKind::Live));
    assert_eq!(sim.status().last_error, None);
}

#[test]
fn row_06_every_byte_is_a_sign_of_life() {
    let mut sim = Sim::live(config());
    for byte in batch(&parts(0..1)).bytes() {
        sim.send([byte]);
        sim.advance(19_000);
    }
    assert_eq!((sim.aborts, sim.connects.len()), (0, 1));
    sim.assert_parts(0..1);
}

#[test]
fn row_06_a_timer_that_fires_much_too_late_reads_once_before_it_judges() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.sleep(3_600_000);
    assert_eq!(sim.aborts, 0, "the bytes that came during the sleep wait in the socket");
    sim.advance(10);
    sim.send(batch(&parts(1..2)));
    sim.advance(19_000);
    assert_eq!((sim.aborts, sim.connects.len()), (0, 1));
    sim.assert_parts(0..2);
}

#[test]
fn row_06_a_timer_that_fires_much_too_late_on_a_dead_socket_reconnects_soon() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.sleep(3_600_000);
    sim.connect_within(5_000);
    assert_eq!(sim.status().last_error.expect("an error").code, Code::Timeout);
}

#[test]
fn row_06_a_timer_that_fires_a_little_late_judges_at_once() {
    let mut sim = Sim::live(config());
    sim.sleep(39_000);
    assert_eq!(sim.aborts, 1);
}

#[test]
fn row_45_silence_means_nothing_while_nobody_reads() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..1)));
    sim.advance(10_000);
    sim.sub.set_paused(sim.now, true);
    sim.advance(600_000);
    assert_eq!(sim.aborts, 0);
    sim.sub.set_paused(sim.now, false);
    sim.advance(19_999);
    assert_eq!(sim.aborts, 0, "silence is counted from where reading goes on");
    sim.advance(1);
    assert_eq!(sim.aborts, 1);
}

#[test]
fn row_06_v1_may_be_silent_for_its_timeout_and_15_seconds() {
    for version in [Some(Version::V1), None] {
        let mut sim = Sim::new(config());
        sim.accept_version(version);
        sim.send(v1("5-0", 1));
        sim.advance(74_999);
        assert_eq!((sim.aborts, sim.kind()), (0, StatusKind::Live));
        sim.advance(1);
        assert_eq!((sim.aborts, sim.kind()), (1, StatusKind::Reconnecting));
    }
}

#[test]
fn an_answer_that_does_not_come_is_a_timeout_after_15_seconds() {
    let mut sim = Sim::new(config());
    sim.advance(14_999);
    assert_eq!((sim.socket, sim.aborts), (Socket::Asking, 0));
    sim.advance(1);
    assert_eq!((sim.socket, sim.aborts), (Socket::Closed, 1));
    assert_eq!(sim.status().last_error.expect("an error").code, Code::Timeout);
    sim.connect_within(100);
    assert_eq!(sim.status().retry_count, 1);
}

#[test]
fn an_answer_to_a_request_that_timed_out_is_ignored() {
    let mut sim = Sim::new(config());
    let old = sim.attempt();
    sim.advance(15_000);
    let late = runstream::Response { status: 400, ..runstream::Response::default() };
    sim.sub.handle_response(sim.now, old, late.clone());
    sim.connect_within(100);
    sim.sub.handle_response(sim.now, old, late);
    sim.drive();
    assert_eq!(sim.socket, Socket::Asking);
    sim.accept();
    assert_eq!(sim.kind(), StatusKind::Live);
}
