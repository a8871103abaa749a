//! Everything a decoder makes of a body.

use runstream::sse::Decoder;
use serde_json::{Value, json};

/// One event, kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    pub kind: Vec<u8>,
    pub data: Vec<u8>,
    pub id: Vec<u8>,
}

/// All events of a body and what is left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    pub events: Vec<Event>,
    pub retry: Option<u64>,
    pub last_event_id: Vec<u8>,
}

/// Pushes the chunks one by one and takes every event as soon as there is one.
pub fn decode(chunks: &[&[u8]]) -> Decoded {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.push(chunk);
        while let Some(event) = decoder.next().expect("no event over the cap") {
            events.push(Event {
                kind: event.kind.to_vec(),
                data: event.data.to_vec(),
                id: event.last_event_id.to_vec(),
            });
        }
    }
    Decoded { events, retry: decoder.retry(), last_event_id: decoder.last_event_id().to_vec() }
}

pub fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Decoded {
    /// As the fixtures say it.
    pub fn to_json(&self) -> Value {
        let event = |event: &Event| {
            let kind = if event.kind.is_empty() { "message".into() } else { lossy(&event.kind) };
            json!({"type": kind, "data": lossy(&event.data), "lastEventId": lossy(&event.id)})
        };
        let events: Vec<Value> = self.events.iter().map(event).collect();
        json!({"events": events, "retry": self.retry, "lastEventId": lossy(&self.last_event_id)})
    }
}
