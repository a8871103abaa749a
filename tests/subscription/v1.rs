//! v1, where several events share an id: rows 21 and 26b.

use crate::support::frames::*;
use crate::support::sim::{Sim, config};
use runstream::wire::Version;
use runstream::{Config, Start};

/// The next request is answered by a v1 server. Gives its cursor.
fn reconnect(sim: &mut Sim) -> Option<String> {
    let connect = sim.connect_within(10_000);
    sim.accept_unknown();
    connect.last_event_id
}

#[test]
fn row_26b_three_events_with_one_id_cut_after_the_first_arrive_once() {
    for cut_after in 0..=3 {
        let events = [v1("5-0", "a"), v1("5-0", "b"), v1("5-0", "c")];
        let mut sim = Sim::live_v1(config());
        sim.send(v1("4-0", "before"));
        events[..cut_after].iter().for_each(|event| sim.send(event));
        sim.end();
        let cursor = reconnect(&mut sim);
        assert_ne!(cursor.as_deref(), Some("5-0"), "the server would leave the rest of 5-0 out");
        if cursor.is_none() {
            sim.send(v1("4-0", "before"));
        }
        events.iter().for_each(|event| sim.send(event));
        sim.send(v1("6-0", "after"));
        assert_eq!(sim.parts, [r#""before""#, r#""a""#, r#""b""#, r#""c""#, r#""after""#], "cut after {cut_after}");
    }
}

#[test]
fn row_26b_equal_events_with_one_id_count_by_ordinal_and_not_by_content() {
    let mut sim = Sim::live_v1(config());
    sim.send(v1("5-0", "x"));
    sim.send(v1("5-0", "x"));
    sim.end();
    assert_eq!(reconnect(&mut sim), None);
    (0..5).for_each(|_| sim.send(v1("5-0", "x")));
    assert_eq!(sim.parts.len(), 5);
}

#[test]
fn row_26b_the_cursor_is_the_last_id_that_another_one_followed() {
    let mut sim = Sim::live_v1(config());
    sim.send(v1("5-0", 1));
    sim.send(v1("5-1", 2));
    sim.send(v1("6-0", 3));
    sim.end();
    assert_eq!(reconnect(&mut sim).as_deref(), Some("5-1"));
    sim.send(v1("6-0", 3));
    sim.send(v1("6-0", 4));
    sim.send(v1("10-0", 5));
    sim.end();
    assert_eq!(reconnect(&mut sim).as_deref(), Some("6-0"));
    assert_eq!(sim.parts, ["1", "2", "3", "4", "5"]);
}

#[test]
fn row_26b_many_cuts_in_the_middle_of_an_id() {
    let events: Vec<String> = (0..30).map(|n| v1(&format!("{}-0", n / 5 + 1), n)).collect();
    let mut sim = Sim::live_v1(config());
    let mut given = 0;
    while sim.parts.len() < 30 {
        given += 3;
        let cursor = sim.last_connect().last_event_id.clone();
        let from =
            cursor.map_or(0, |id| id.split('-').next().and_then(|ms| ms.parse::<usize>().ok()).expect("an id") * 5);
        events[from..(from + given).min(30)].iter().for_each(|event| sim.send(event));
        sim.end();
        reconnect(&mut sim);
        assert!(sim.connects.len() < 30, "no progress: {:?}", sim.parts);
    }
    sim.assert_parts(0..30);
}

#[test]
fn row_21_v1_a_server_that_replays_from_the_beginning_doubles_nothing() {
    let event = |n: u64| v1(&format!("{}-{}", 1_700_000_000_000 + n / 4, n / 2 % 2), n);
    let mut sim = Sim::live_v1(config());
    for round in 1..=10 {
        (0..round * 7).for_each(|n| sim.send(event(n)));
        sim.end();
        reconnect(&mut sim);
    }
    sim.assert_parts(0..70);
    assert_eq!(sim.status().duplicates, (7..70).step_by(7).sum::<u64>());
}

#[test]
fn row_21_v1_ids_are_numbers_and_not_texts() {
    let mut sim = Sim::live_v1(config());
    for (n, id) in ["9-0", "10-0", "10-9", "10-10", "100-0"].into_iter().enumerate() {
        sim.send(v1(id, n));
    }
    sim.assert_parts(0..5);
    sim.end();
    assert_eq!(reconnect(&mut sim).as_deref(), Some("10-10"));
}

#[test]
fn row_26_v1_nothing_else_is_deduplicated() {
    let mut sim = Sim::live_v1(config());
    sim.send(v1("5-0", serde_json::json!({"data": 1, "id": "same"})));
    sim.send(v1("6-0", serde_json::json!({"data": 1, "id": "same"})));
    assert_eq!((sim.parts.len(), sim.status().duplicates), (2, 0));
}

#[test]
fn row_01_v1_a_cut_right_after_the_first_event_asks_for_everything_again() {
    let mut sim = Sim::live_v1(config());
    sim.send(v1("5-0", 1));
    sim.cut();
    assert_eq!(reconnect(&mut sim), None);
    sim.send(v1("5-0", 1));
    sim.send(v1("6-0", 2));
    assert_eq!(sim.parts, ["1", "2"]);
}

#[test]
fn row_02_v1_half_an_event_is_discarded_and_read_again() {
    let mut sim = Sim::live_v1(config());
    sim.send(v1("5-0", 1));
    sim.send("id: 6-0\ndata: {\"a\":");
    sim.end();
    reconnect(&mut sim);
    sim.send(v1("5-0", 1));
    sim.send(v1("6-0", 2));
    assert_eq!(sim.parts, ["1", "2"]);
}

#[test]
fn row_19_v1_a_cursor_kept_by_the_application_goes_on_in_another_life() {
    // Every place to stop, in and between the ids.
    let events: Vec<(&str, u64)> = vec![("5-0", 0), ("5-0", 1), ("5-0", 2), ("6-0", 3), ("6-0", 4), ("7-0", 5)];
    for stop_after in 1..=events.len() {
        let mut first = Sim::live_v1(config());
        events[..stop_after].iter().for_each(|(id, n)| first.send(v1(id, *n)));
        let kept = first.sub.cursor().expect("a cursor");
        let mut second = Sim::new(Config { start: Start::After(kept.clone()), ..config() });
        let asked = second.last_connect().last_event_id.clone().expect("a cursor");
        let number = |id: &str| id.split('-').next().and_then(|ms| ms.parse::<u64>().ok()).expect("a Redis id");
        second.accept_version(Some(Version::V1));
        for (id, n) in events.iter().filter(|(id, _)| number(id) > number(&asked)) {
            second.send(v1(id, *n));
        }
        let all: Vec<String> = first.parts.iter().chain(&second.parts).cloned().collect();
        assert_eq!(all, ["0", "1", "2", "3", "4", "5"], "{kept}");
    }
}

#[test]
fn a_plain_redis_id_given_by_the_application_is_asked_for_as_it_is() {
    let sim = Sim::new(Config { start: Start::After("1700000000000-3".into()), ..config() });
    assert_eq!(sim.last_connect().last_event_id.as_deref(), Some("1700000000000-3"));
}

#[test]
fn v1_a_start_index_skips_that_many_parts_once() {
    let mut sim = Sim::live_v1(Config { start: Start::Index(3), ..config() });
    (0..5).for_each(|n| sim.send(v1(&format!("{}-0", n + 1), n)));
    sim.assert_parts(3..5);
    sim.end();
    reconnect(&mut sim);
    (5..7).for_each(|n| sim.send(v1(&format!("{}-0", n + 1), n)));
    sim.assert_parts(3..7);
}

#[test]
fn row_21_v1_a_server_that_ignores_the_given_id_doubles_nothing() {
    let mut sim = Sim::new(Config { start: Start::After("5-0".into()), ..config() });
    sim.accept_version(Some(Version::V1));
    for (n, id) in ["3-0", "5-0", "5-0", "6-0"].into_iter().enumerate() {
        sim.send(v1(id, n));
    }
    assert_eq!(sim.parts, ["3"]);
    sim.end();
    assert_eq!(reconnect(&mut sim).as_deref(), Some("5-0"), "6-0 may not be complete");
}

#[test]
fn row_12c_who_came_with_a_v1_cursor_does_not_ask_for_the_latest() {
    let sim = Sim::new(Config { start: Start::After("7-1~2~8-0".into()), ..config() });
    let connect = sim.last_connect();
    assert_eq!((connect.last_event_id.as_deref(), connect.latest), (Some("7-1"), false));
}
