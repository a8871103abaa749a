//! The bytes and batches of tests/fixtures/bad-input.json, each with the outcome that PROTOCOL.md gives it.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use runstream::wire::{Batch, Kind, Version};
use runstream::{Config, Response, Start, StatusKind, Subscription};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use support::decoded::lossy;
use support::{base64, pieces};

fn entries(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("fixtures/bad-input.json")).expect("JSON");
    all.as_array().expect("an array").iter().filter(|entry| entry["kind"] == kind).cloned().collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Runs every entry and names those that end otherwise than they say; one that is pending must do so.
fn replay(kind: &str, at_least: usize, test: impl Fn(&Value)) {
    let entries = entries(kind);
    assert!(entries.len() >= at_least, "{} entries", entries.len());
    let mut wrong = Vec::new();
    for entry in &entries {
        let passes = catch_unwind(AssertUnwindSafe(|| test(entry))).is_ok();
        match (passes, entry["pending"].as_str()) {
            (true, None) | (false, Some(_)) => {}
            (false, None) => wrong.push(text(entry, "name").to_owned()),
            (true, Some(_)) => wrong.push(format!("{}: passes now, so it is pending no more", text(entry, "name"))),
        }
    }
    assert!(wrong.is_empty(), "{} of {} (see above): {wrong:#?}", wrong.len(), entries.len());
}

// ---- bytes: the body of a 200 ----

/// Text, base64, or a list of texts and `{"repeat":[text, times]}`.
fn input(entry: &Value) -> Vec<u8> {
    if let Some(encoded) = entry["inputBase64"].as_str() {
        return base64(encoded);
    }
    let piece = |piece: &Value| match piece["repeat"].as_array() {
        Some(repeat) => {
            let times = repeat[1].as_u64().expect("how often");
            repeat[0].as_str().expect("what").repeat(usize::try_from(times).expect("not too often"))
        }
        None => piece.as_str().expect("text").to_owned(),
    };
    match entry["input"].as_array() {
        Some(list) => list.iter().map(piece).collect::<String>().into_bytes(),
        None => piece(&entry["input"]).into_bytes(),
    }
}

fn config(entry: &Value) -> Config {
    let config = &entry["config"];
    let start = match (config["after"].as_str(), config["index"].as_u64()) {
        (Some(id), _) => Start::After(id.to_owned()),
        (_, Some(index)) => Start::Index(index),
        _ if config["latest"] == true => Start::Latest,
        _ => Start::Beginning,
    };
    Config { start, input: config["input"] == true, deliver_interval_ms: 0, ..Config::default() }
}

/// Everything that came of it, as the entries say it.
fn outcome(entry: &Value, chunks: &[&[u8]]) -> Value {
    let mut sub = Subscription::new(config(entry)).expect("a good configuration");
    let version = match text(entry, "version") {
        "v1" => Some(Version::V1),
        "v2" => Some(Version::V2),
        _ => None,
    };
    sub.start(0);
    sub.handle_response(0, 1, Response { status: 200, version, is_event_stream: true, ..Response::default() });
    let (mut parts, mut notices, mut count) = (Vec::new(), Vec::new(), 0);
    for chunk in chunks {
        sub.handle_bytes(0, 1, chunk);
        assert!(sub.pending_bytes() <= 32 << 20, "{} bytes wait", sub.pending_bytes());
        while let Some(delivery) = sub.take_delivery(0) {
            count += delivery.count();
            let before = parts.len();
            // Too deep for serde_json: it is counted.
            let read: Result<Vec<Value>, _> = serde_json::from_str(&lossy(delivery.text()));
            parts.extend(read.unwrap_or_default());
            for &index in delivery.undefined() {
                parts[before + index as usize] = json!({"$": "undefined"});
            }
            let read: Result<Vec<Value>, _> = serde_json::from_str(&lossy(delivery.notices()));
            notices.extend(read.unwrap_or_default());
        }
    }
    match text(entry, "then") {
        "end" => sub.handle_end(0, 1),
        "reset" => sub.handle_disconnect(0, 1, "reset"),
        _ => {}
    }
    let status = sub.status();
    let kind = match status.kind {
        StatusKind::Live => "live",
        StatusKind::Reconnecting => "reconnecting",
        StatusKind::Failed => "failed",
        other => panic!("{other:?}"),
    };
    // The time to show an error may come before the time to connect.
    let wait = if sub.status().kind == StatusKind::Reconnecting { wait(&mut sub) } else { 0 };
    let outcome = json!({
        "parts": parts,
        "count": count,
        "notices": notices,
        "status": kind,
        "error": status.error.map(|error| error.code.as_str()),
        "lastError": status.last_error.as_ref().map(|error| error.code.as_str()),
        "message": status.last_error.map(|error| error.message),
        "wait": wait,
    });
    assert_quiet(&mut sub);
    outcome
}

/// Whoever comes back when asked to is not asked to come back at once for ever.
fn assert_quiet(sub: &mut Subscription) {
    for _ in 0..20 {
        match sub.poll_timeout() {
            Some(due) if due <= 5_000 => sub.handle_timeout(due),
            _ => return,
        }
    }
    panic!("spins: poll_timeout stays at {:?}", sub.poll_timeout());
}

/// How long until the next connection.
fn wait(sub: &mut Subscription) -> u64 {
    while sub.poll_action().is_some() {}
    for _ in 0..4 {
        let due = sub.poll_timeout().expect("a time to connect");
        sub.handle_timeout(due);
        if sub.poll_action().is_some() {
            return due;
        }
    }
    panic!("does not connect");
}

/// `expected` may say less of a notice than there is: its type alone, or some of its members.
fn is_like(notice: &Value, expected: &Value) -> bool {
    match expected.as_object() {
        Some(members) => members.iter().all(|(key, value)| &notice[key] == value),
        None => &notice["type"] == expected,
    }
}

fn compare(actual: &Value, expect: &Value) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    match expect["count"].as_u64() {
        Some(_) => assert_eq!(actual["count"], expect["count"], "parts"),
        None => assert_eq!(list(&actual["parts"]), list(&expect["parts"]), "parts"),
    }
    let (notices, expected) = (list(&actual["notices"]), list(&expect["notices"]));
    let alike = notices.len() == expected.len() && notices.iter().zip(&expected).all(|(a, b)| is_like(a, b));
    assert!(alike, "notices\n  actual: {notices:?}\nexpected: {expected:?}");
    for key in ["status", "error", "lastError"] {
        assert_eq!(actual[key], expect[key], "{key}: {}", actual["message"]);
    }
    assert!(text(actual, "message").contains(text(expect, "message")), "{}", actual["message"]);
    if let Some([from, to]) = expect["wait"].as_array().map(Vec::as_slice) {
        let wait = actual["wait"].as_u64();
        assert!(from.as_u64() <= wait && wait <= to.as_u64(), "comes back in {wait:?} ms");
    }
}

#[test]
fn every_bad_body_ends_as_it_says() {
    replay("bytes", 60, |entry| {
        let body = input(entry);
        compare(&outcome(entry, &pieces(&body, &[64 << 10])), &entry["expect"]);
        if body.len() <= 100_000 {
            compare(&outcome(entry, &[&body]), &entry["expect"]);
            compare(&outcome(entry, &pieces(&body, &[1])), &entry["expect"]);
        }
    });
}

// ---- batches: the data of one event ----

#[test]
fn every_bad_batch_is_refused_whole_or_read_as_it_says() {
    replay("batch", 30, |entry| {
        let data = entry["dataBase64"].as_str().map_or_else(|| text(entry, "data").into(), base64);
        let mut batch = Batch::default();
        let is_read = batch.parse(&data, entry["stream"] == "input").is_ok();
        let Some(expected) = entry["expect"]["records"].as_array() else {
            assert_eq!(entry["expect"]["readable"], false);
            assert!(!is_read, "it was read");
            assert!(batch.records.is_empty(), "half of it is there");
            return;
        };
        assert!(is_read, "it was refused");
        assert_eq!(batch.records.len(), expected.len());
        for (record, expected) in batch.records.iter().zip(expected) {
            let (kind, reason) = match record.kind {
                Kind::Part => ("part", ""),
                Kind::Undefined => ("undefined", ""),
                Kind::Command => ("command", ""),
                Kind::Control => ("control", ""),
                Kind::Bad(reason) => ("bad", reason),
            };
            assert_eq!((kind, reason), (text(expected, "kind"), text(expected, "reason")));
            assert_eq!(lossy(&batch.text[record.data.clone()]), text(expected, "data"));
            assert_eq!(lossy(&batch.text[record.id.clone()]), text(expected, "id"));
        }
    });
}
