//! The vectors of tests/fixtures, whole and cut in every way: what comes out must not depend on where the network cut.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(not(target_arch = "wasm32"))]

mod support;

use proptest::prelude::*;
use runstream::sse::Decoder;
use runstream::wire::{Batch, Kind, Meaning, Version, is_json, meaning, ping_tail, redis_id};
use runstream::{Config, Response, Subscription};
use serde_json::{Value, json};
use std::sync::LazyLock;
use support::decoded::{Decoded, Event, decode, lossy};
use support::tokens::assert_same;
use support::{base64, body, cases, cuts, pieces};

fn load(text: &str) -> Value {
    serde_json::from_str(text).expect("a fixture that is JSON")
}

static SSE: LazyLock<Vec<Value>> =
    LazyLock::new(|| load(include_str!("fixtures/sse.json")).as_array().expect("an array").clone());
static WIRE: LazyLock<Value> = LazyLock::new(|| load(include_str!("fixtures/wire.json")));
static CAPTURES: LazyLock<Value> = LazyLock::new(|| load(include_str!("fixtures/captures.json")));

fn str_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], |list| list)
}

// ---- SSE ----

fn sse_input(vector: &Value) -> Vec<u8> {
    vector["inputBase64"].as_str().map_or_else(|| str_of(vector, "input").as_bytes().to_vec(), base64)
}

/// The result of a body must be `expected` however it is cut.
fn under_every_split(body: &[u8], expected: &Decoded, name: &str) {
    for at in cuts(body.len()) {
        let (a, b) = body.split_at(at);
        assert_eq!(&decode(&[a, b]), expected, "{name}: cut at byte {at}");
    }
    assert_eq!(&decode(&pieces(body, &[1])), expected, "{name}: byte by byte");
    assert_eq!(&decode(&pieces(body, &[1, 0])), expected, "{name}: byte by byte, with empty chunks");
}

#[test]
fn every_sse_vector_decodes_as_the_standard_says() {
    assert!(SSE.len() >= 60);
    let mut wrong = Vec::new();
    for vector in SSE.iter() {
        let expected = json!({
            "events": vector["events"], "retry": vector["retry"], "lastEventId": vector["lastEventId"]
        });
        let actual = decode(&[&sse_input(vector)]).to_json();
        if actual != expected {
            wrong.push(format!("{}\n    actual {actual}\n  expected {expected}", str_of(vector, "name")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), SSE.len(), wrong.join("\n"));
}

#[test]
fn row_29_every_sse_vector_is_the_same_under_every_split() {
    for vector in SSE.iter() {
        let input = sse_input(vector);
        under_every_split(&input, &decode(&[&input]), str_of(vector, "name"));
    }
}

#[test]
fn a_decoder_that_was_reset_begins_anew_but_for_the_retry() {
    let mut decoder = Decoder::default();
    decoder.push(b"retry: 9\nid: 1\ndata: a\n\nid: 2\nevent: half\ndata: hal");
    assert!(decoder.next().expect("small").is_some());
    decoder.reset();
    assert_eq!((decoder.retry(), decoder.last_event_id()), (Some(9), &b""[..]));
    decoder.push(b"\xEF\xBB\xBFdata: b\n\n");
    let event = decoder.next().expect("small").expect("an event");
    assert_eq!((event.kind, event.data, event.last_event_id), (&b""[..], &b"b"[..], &b""[..]));
}

// ---- the wire ----

/// What the events of a body say, as the fixtures say it. Nothing is put in order or dropped.
#[derive(Default)]
struct Read {
    /// Each with its chunk as JSON text, empty for `undefined`.
    parts: Vec<(Value, Vec<u8>)>,
    notices: Vec<Value>,
    malformed: u64,
    tail: Option<u64>,
}

fn read(decoded: &Decoded, version: Version, input: bool) -> Read {
    let mut out = Read::default();
    let mut batch = Batch::default();
    for event in &decoded.events {
        match meaning(&event.kind, &event.data, Some(version)) {
            Meaning::Part => {
                let chunk = if is_json(&event.data) {
                    event.data.clone()
                } else {
                    json!(lossy(&event.data)).to_string().into()
                };
                let timestamp = redis_id(&event.id).map(|(ms, _)| ms);
                out.parts.push((json!({"id": lossy(&event.id), "timestamp": timestamp}), chunk));
            }
            Meaning::Batch => match batch.parse(&event.data, input) {
                Ok(()) => {
                    out.tail = batch.tail.or(out.tail);
                    out.records(&batch);
                }
                Err(_) => out.malformed += 1,
            },
            Meaning::Ping => out.tail = ping_tail(&event.data).or(out.tail),
            Meaning::Error | Meaning::Done | Meaning::Unknown => {}
        }
    }
    out
}

impl Read {
    fn records(&mut self, batch: &Batch) {
        for record in &batch.records {
            let id = record.seq_num.to_string();
            let text = |range: &std::ops::Range<usize>| &batch.text[range.clone()];
            let headers: Value = serde_json::from_slice(text(&record.headers)).unwrap_or_default();
            match record.kind {
                Kind::Part | Kind::Undefined => {
                    let mut part = json!({"id": id, "timestamp": record.timestamp});
                    if let Ok(part_id) = serde_json::from_slice::<Value>(text(&record.id)) {
                        part["partId"] = part_id;
                    }
                    if headers.as_array().is_some_and(|headers| !headers.is_empty()) {
                        part["headers"] = headers;
                    }
                    self.parts.push((part, text(&record.data).to_vec()));
                }
                Kind::Command => {}
                Kind::Control => {
                    let timestamp = record.timestamp;
                    self.notices.push(json!({"type": "control", "id": id, "timestamp": timestamp, "headers": headers}));
                }
                Kind::Bad(_) => {
                    self.notices.push(json!({"type": "bad-record", "id": id, "body": lossy(text(&record.body))}));
                }
            }
        }
    }
}

/// The chunk a fixture expects, as JSON text; empty for `undefined`.
fn expected_chunk(part: &Value) -> Vec<u8> {
    match part.get("chunkText") {
        Some(text) => text.as_str().expect("text").into(),
        None => part.get("chunk").map(|chunk| chunk.to_string().into_bytes()).unwrap_or_default(),
    }
}

/// A part without its chunk.
fn expected_rest(part: &Value) -> Value {
    let mut rest = part.clone();
    for key in ["chunk", "chunkText", "undefined"] {
        rest.as_object_mut().expect("an object").shift_remove(key);
    }
    rest
}

/// Says what differs, if anything.
fn compare(actual: &Read, vector: &Value, name: &str) {
    let expected = list(vector, "parts");
    assert_eq!(actual.parts.len(), expected.len(), "{name}: number of parts");
    for ((rest, chunk), part) in actual.parts.iter().zip(expected) {
        assert_eq!(rest, &expected_rest(part), "{name}");
        assert_same(chunk, &expected_chunk(part), name);
    }
    compare_notices(&actual.notices, vector, name);
    assert_eq!(actual.malformed, vector["malformed"].as_u64().expect("a number"), "{name}: malformed");
    assert_eq!(actual.tail, vector["tail"].as_u64(), "{name}: tail");
}

/// Every key the fixture names; what it does not name is not promised.
fn compare_notices(actual: &[Value], vector: &Value, name: &str) {
    let expected = list(vector, "notices");
    assert_eq!(actual.len(), expected.len(), "{name}: notices {actual:?}");
    for (actual, expected) in actual.iter().zip(expected) {
        for (key, value) in expected.as_object().expect("an object") {
            assert_eq!(&actual[key], value, "{name}: {key}");
        }
    }
}

fn version_of(vector: &Value) -> Version {
    if str_of(vector, "version") == "v1" { Version::V1 } else { Version::V2 }
}

/// What a subscription delivers of a body must be the same as what the wire says, in one text.
fn through_a_subscription(chunks: &[&[u8]], version: Version, vector: &Value, name: &str) {
    let input = vector["input"] == true;
    let config = Config { input, meta: true, deliver_interval_ms: 0, ..Config::default() };
    let mut subscription = Subscription::new(config).expect("a good configuration");
    subscription.start(0);
    subscription.handle_response(
        0,
        1,
        Response { status: 200, version: Some(version), is_event_stream: true, ..Response::default() },
    );
    let (mut texts, mut meta, mut undefined, mut notices) = (Vec::new(), Vec::new(), 0, Vec::new());
    for chunk in chunks {
        subscription.handle_bytes(0, 1, chunk);
        while let Some(delivery) = subscription.take_delivery(0) {
            if delivery.count() > 0 {
                let text = delivery.text();
                texts.push(text[1..text.len() - 1].to_vec());
                meta.extend(load(&lossy(delivery.meta())).as_array().expect("an array").clone());
            }
            undefined += delivery.undefined().len();
            if !delivery.notices().is_empty() {
                notices.extend(load(&lossy(delivery.notices())).as_array().expect("an array").clone());
            }
        }
    }
    notices.retain(|notice| notice["type"] != "gap");
    compare_notices(&notices, vector, name);
    let parts = list(vector, "parts");
    let chunks: Vec<Vec<u8>> = parts.iter().map(expected_chunk).collect();
    let holes = chunks.iter().filter(|chunk| chunk.is_empty()).count();
    let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| if chunk.is_empty() { b"null" } else { &chunk[..] }).collect();
    assert_eq!(undefined, holes, "{name}: undefined");
    assert_same(&texts.join(&b','), &chunks.join(&b','), name);
    let or_null = |value: &Value, key: &str| value.get(key).cloned().unwrap_or_default();
    let expected_meta: Vec<Value> =
        parts.iter().flat_map(|part| ["id", "timestamp", "partId", "headers"].map(|key| or_null(part, key))).collect();
    // No headers and an empty list of them are the same to a reader.
    let meta: Vec<Value> = meta.into_iter().map(|value| if value == json!([]) { Value::Null } else { value }).collect();
    assert_eq!(meta, expected_meta, "{name}: meta");
}

fn wire_vectors() -> impl Iterator<Item = (&'static str, &'static Value)> {
    list(&WIRE, "vectors").iter().map(|vector| (str_of(vector, "name"), vector))
}

/// Runs all and names those that fail, so that one does not hide another.
fn all<'a>(vectors: impl Iterator<Item = (&'a str, &'a Value)>, mut test: impl FnMut(&str, &Value)) {
    let mut wrong = Vec::new();
    for (name, vector) in vectors {
        let run = std::panic::AssertUnwindSafe(|| test(name, vector));
        if std::panic::catch_unwind(run).is_err() {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{} failed (see above): {wrong:#?}", wrong.len());
}

#[test]
fn every_wire_vector_reads_as_it_says() {
    assert!(wire_vectors().count() >= 60);
    all(wire_vectors(), |name, vector| {
        let decoded = decode(&[str_of(vector, "body").as_bytes()]);
        compare(&read(&decoded, version_of(vector), vector["input"] == true), vector, name);
    });
}

#[test]
fn every_wire_vector_comes_through_a_subscription() {
    all(wire_vectors().filter(|(_, vector)| vector["malformed"] == 0), |name, vector| {
        let body = str_of(vector, "body").as_bytes();
        through_a_subscription(&[body], version_of(vector), vector, name);
        through_a_subscription(&pieces(body, &[7, 1, 60]), version_of(vector), vector, name);
    });
}

#[test]
fn row_29_every_wire_vector_is_the_same_under_every_split() {
    for (name, vector) in wire_vectors() {
        let body = str_of(vector, "body").as_bytes();
        under_every_split(body, &decode(&[body]), name);
    }
}

#[test]
fn every_malformed_batch_is_refused_whole() {
    let malformed = list(&WIRE, "malformed");
    assert!(malformed.len() >= 40);
    let mut batch = Batch::default();
    let mut wrong = Vec::new();
    for vector in malformed {
        let refused = batch.parse(str_of(vector, "data").as_bytes(), false).is_err();
        // Whoever looks at the batch all the same must find nothing of it.
        if !refused || !batch.records.is_empty() {
            wrong.push((str_of(vector, "name"), if refused { "refused, but half of it is there" } else { "accepted" }));
        }
    }
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}

#[test]
fn every_prefix_of_a_batch_is_refused_whole() {
    let whole = br#" {"records":[{"seq_num":10,"timestamp":20,"headers":[["k","v"]],"body":"{\"data\":[1,\"\\u00e9\"]}"}],"tail":{"seq_num":11,"timestamp":20}} "#;
    let mut batch = Batch::default();
    assert!(batch.parse(whole, false).is_ok());
    for end in 0..whole.len() - 1 {
        assert!(batch.parse(&whole[..end], false).is_err(), "{}", lossy(&whole[..end]));
    }
}

// ---- captures ----

fn captures() -> Vec<(String, Vec<u8>)> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/captures");
    let mut out: Vec<(String, Vec<u8>)> = std::fs::read_dir(dir)
        .expect("the captures")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sse"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            #[expect(clippy::disallowed_methods, reason = "the core does no I/O; its tests read files")]
            let bytes = std::fs::read(path).expect("a capture");
            (name, bytes)
        })
        .collect();
    out.sort();
    out
}

#[test]
fn row_29_every_capture_gives_its_parts_under_every_split() {
    let captures = captures();
    assert_eq!(captures.len(), CAPTURES.as_object().expect("an object").len(), "captures and captures.json");
    for (name, bytes) in &captures {
        let expected = &CAPTURES[name];
        assert!(expected.is_object(), "{name} is not in captures.json");
        if expected["skip"].is_string() {
            continue;
        }
        let body = body(bytes);
        let whole = decode(&[&body]);
        let said = |event: &Event| if event.data == b"[DONE]" { b"[DONE]".to_vec() } else { event.kind.clone() };
        let events: Vec<Value> = whole.events.iter().map(|event| json!(lossy(&said(event)))).collect();
        assert_eq!(json!(events), expected["events"], "{name}: events");
        assert_eq!(lossy(&whole.last_event_id), str_of(expected, "lastEventId"), "{name}: id");
        compare(&read(&whole, Version::V2, expected["input"] == true), expected, name);
        under_every_split(&body, &whole, name);
        for at in 0..=body.len() {
            through_a_subscription(&[&body[..at], &body[at..]], Version::V2, expected, name);
        }
        through_a_subscription(&pieces(&body, &[1]), Version::V2, expected, name);
    }
}

// ---- random splits ----

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn row_29_random_splits_change_no_event(pick in any::<prop::sample::Index>(), sizes in prop::collection::vec(0usize..40, 1..20)) {
        let vectors: Vec<Vec<u8>> = SSE.iter().map(sse_input)
            .chain(wire_vectors().map(|(_, vector)| str_of(vector, "body").into()))
            .collect();
        let input = &vectors[pick.index(vectors.len())];
        prop_assert_eq!(decode(&pieces(input, &sizes)), decode(&[input]));
    }
}
