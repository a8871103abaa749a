//! What servers send, written out by hand.

use serde_json::{Value, json};

/// A part with a part id of its own.
pub fn part(seq: u64, data: impl Into<Value>) -> String {
    part_as(seq, Some(&format!("p{seq}")), data)
}

/// A part with this part id, or with none.
pub fn part_as(seq: u64, id: Option<&str>, data: impl Into<Value>) -> String {
    let body = match id {
        Some(id) => json!({"data": data.into(), "id": id}),
        None => json!({"data": data.into()}),
    };
    record(seq, &body.to_string())
}

/// Parts whose values are their positions.
pub fn parts(range: impl IntoIterator<Item = u64>) -> Vec<String> {
    range.into_iter().map(|seq| part(seq, seq)).collect()
}

/// A record with this body.
pub fn record(seq: u64, body: &str) -> String {
    json!({"seq_num": seq, "timestamp": 1_000 + seq, "body": body}).to_string()
}

/// A record with nothing but a position and a time.
pub fn bare(seq: u64) -> String {
    json!({"seq_num": seq, "timestamp": 1_000 + seq}).to_string()
}

/// S2's own record.
pub fn fence(seq: u64) -> String {
    json!({"seq_num": seq, "timestamp": 1_000 + seq, "headers": [["", "fence"]], "body": "tok"}).to_string()
}

/// Trigger.dev's own record.
pub fn control(seq: u64) -> String {
    json!({"seq_num": seq, "timestamp": 1_000 + seq, "headers": [["trigger-control", "turn-complete"]]}).to_string()
}

/// Catching up: no tail.
pub fn batch(records: &[String]) -> String {
    format!("event: batch\nid: 0,0,0\ndata: {{\"records\":[{}]}}\n\n", records.join(","))
}

/// Following live: with a tail.
pub fn live_batch(records: &[String], tail: u64) -> String {
    let tail = json!({"seq_num": tail, "timestamp": 0});
    format!("event: batch\nid: 0,0,0\ndata: {{\"records\":[{}],\"tail\":{tail}}}\n\n", records.join(","))
}

pub fn ping(tail: u64) -> String {
    format!("event: ping\ndata: {{\"timestamp\":1,\"tail\":{{\"seq_num\":{tail},\"timestamp\":0}}}}\n\n")
}

pub const DONE: &str = "data: [DONE]\n\n";
pub const ERROR: &str = "event: error\ndata: {\"code\":\"unavailable\",\"message\":\"streamer missing in action\"}\n\n";

/// One v1 event.
pub fn v1(id: &str, data: impl Into<Value>) -> String {
    format!("id: {id}\ndata: {}\n\n", data.into())
}

pub const V1_PING: &str = ": ping\n\n";
