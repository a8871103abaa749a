//! When parts are handed over, and with what.

use crate::support::frames::*;
use crate::support::sim::{Sim, config};
use runstream::{Config, Start};
use serde_json::{Value, json};

fn every(interval: u64) -> Config {
    Config { deliver_interval_ms: interval, ..config() }
}

#[test]
fn the_first_part_after_a_quiet_spell_is_delivered_at_once() {
    let mut sim = Sim::live(every(50));
    sim.advance(1_000);
    sim.send(batch(&parts(0..1)));
    sim.assert_parts(0..1);
    sim.advance(1_000);
    sim.send(batch(&parts(1..2)));
    sim.assert_parts(0..2);
}

#[test]
fn deliveries_are_an_interval_apart_and_nothing_is_left_behind() {
    let mut sim = Sim::live(every(50));
    for seq in 0..100 {
        sim.send(batch(&parts(seq..seq + 1)));
        sim.advance(1);
    }
    sim.advance(50);
    sim.assert_parts(0..100);
    assert!(sim.deliveries.len() <= 4, "{:?}", sim.deliveries);
    assert!(sim.deliveries.windows(2).all(|pair| pair[1] - pair[0] >= 50), "{:?}", sim.deliveries);
}

#[test]
fn what_comes_to_64_kib_does_not_wait_for_its_interval() {
    let mut sim = Sim::live(every(60_000));
    sim.send(batch(&parts(0..1)));
    let large = |seq| batch(&[part(seq, "x".repeat(33_000))]);
    sim.send(large(1));
    sim.assert_parts(0..1);
    sim.send(large(2));
    assert_eq!(sim.deliveries.len(), 2);
    sim.send(batch(&parts(3..4)));
    assert_eq!(sim.deliveries.len(), 2, "the next ones wait again");
}

#[test]
fn an_interval_of_zero_delivers_after_every_read() {
    let mut sim = Sim::live(every(0));
    for seq in 0..10 {
        sim.send(batch(&parts(seq..seq + 1)));
        sim.assert_parts(0..seq + 1);
    }
    assert_eq!(sim.deliveries.len(), 10);
}

#[test]
fn a_whole_read_is_one_delivery() {
    let mut sim = Sim::live(every(0));
    let frames: String = (0..500).map(|seq| batch(&parts(seq..seq + 1))).collect();
    sim.send(frames);
    sim.assert_parts(0..500);
    assert_eq!(sim.deliveries.len(), 1);
}

#[test]
fn what_waits_is_delivered_at_once_when_it_is_over() {
    let held = || {
        let mut sim = Sim::live(every(60_000));
        sim.send(batch(&parts(0..1)));
        sim.send(batch(&parts(1..3)));
        sim.assert_parts(0..1);
        sim
    };
    let mut stopped = held();
    stopped.stop();
    stopped.assert_parts(0..3);
    let mut failed = held();
    failed.end();
    failed.connect_within(100);
    failed.answer(400);
    failed.assert_parts(0..3);
    let mut ended = held();
    ended.end();
    ended.connect_within(100);
    ended.answer(204);
    ended.assert_parts(0..3);
}

#[test]
fn what_waits_survives_a_reconnect() {
    let mut sim = Sim::live(every(60_000));
    sim.send(batch(&parts(0..1)));
    sim.send(batch(&parts(1..3)));
    assert!(sim.sub.pending_bytes() > 0);
    sim.end();
    assert_eq!(sim.reconnect().as_deref(), Some("2"));
    sim.send(batch(&parts(3..4)));
    sim.stop();
    sim.assert_parts(0..4);
    assert_eq!(sim.sub.pending_bytes(), 0);
}

#[test]
fn notices_alone_are_delivered_too() {
    let mut sim = Sim::live(every(50));
    sim.send(batch(&[control(0)]));
    assert_eq!(sim.noticed("control").len(), 1);
}

#[test]
fn notices_say_how_many_parts_of_their_delivery_came_before() {
    let mut sim = Sim::live(every(60_000));
    sim.send(batch(&parts(0..1)));
    sim.send(batch(&[part(1, 1), control(2), part(3, 3)]));
    sim.send(batch(&[part(4, 4), record(5, "bad"), control(6)]));
    sim.stop();
    let at: Vec<&Value> = sim.notices.iter().map(|notice| &notice["at"]).collect();
    assert_eq!(at, [&json!(1), &json!(3), &json!(3)]);
}

#[test]
fn meta_names_every_part() {
    let mut sim = Sim::live(Config { meta: true, ..config() });
    sim.send(batch(&[bare(0)]));
    sim.send(batch(&[
        part_as(1, Some("a\"b"), 1),
        fence(2),
        part_as(3, None, 2),
        r#"{"seq_num":4,"timestamp":9,"headers":[["k","v"]],"body":"{\"data\":3}"}"#.into(),
    ]));
    let expected = json!(["1", 1001, "a\"b", null, "3", 1003, null, null, "4", 9, null, [["k", "v"]]]);
    assert_eq!(Value::Array(sim.meta), expected);
}

#[test]
fn meta_of_v1_is_the_id_and_its_time() {
    let mut sim = Sim::live_v1(Config { meta: true, ..config() });
    sim.send(": ping\n\n");
    sim.send(format!("{}{}", v1("1700000000000-0", 1), v1("1700000000000-0", 2)));
    let one = json!(["1700000000000-0", 1_700_000_000_000_u64, null, null]);
    let one = one.as_array().expect("an array");
    assert_eq!(sim.meta, [one.clone(), one.clone()].concat());
}

#[test]
fn meta_stays_in_step_with_undefined_parts_and_dropped_records() {
    let config = Config { meta: true, input: true, start: Start::Index(1), ..config() };
    let mut sim = Sim::live(Config { ..config });
    sim.send(batch(&[fence(1)]));
    sim.send(batch(&[part(0, 0), record(2, "{}"), part(1, 1), part(3, 3)]));
    assert_eq!(sim.parts, ["undefined", "3"]);
    assert_eq!((&sim.meta[0], &sim.meta[4], sim.meta.len()), (&json!("2"), &json!("3"), 8));
}
