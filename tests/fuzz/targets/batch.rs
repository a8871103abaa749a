//! The JSON of a batch: read if and only if serde_json reads it and it has the shape, with the same records; ranges
//! that lie in the text; values that are JSON.
//!
//! Where the two would differ, and what is done about it:
//! - Invalid UTF-8 and lone surrogates: serde_json refuses them, `JSON.parse` of what a browser decodes does not. It is
//!   given U+FFFD for the former and another character for the latter; then only the kinds are compared, not the texts.
//! - A key of the batch or of a record that is there twice: both must be of the right shape, and the last one counts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runstream::wire::{Batch, Kind, Meaning, Version, is_json, meaning, ping_tail, redis_id};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::ops::Range;

/// An object's members as they stand.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Visit).map(Members)
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn unsigned(value: &RawValue) -> Option<u64> {
    let digits = value.get();
    let is_plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'));
    if is_plain { digits.parse().ok() } else { None }
}

#[derive(Debug)]
struct Expected {
    seq_num: u64,
    timestamp: u64,
    kind: Kind,
    body: String,
    data: String,
    id: String,
}

fn batch(text: &str, input: bool) -> Option<(Vec<Expected>, Option<u64>)> {
    let (mut records, mut tail) = (None, None);
    for (key, value) in read::<Members>(text)?.0 {
        if key == "records" {
            let items = read::<Vec<&RawValue>>(value.get())?;
            records = Some(items.into_iter().map(|item| record(item.get(), input)).collect::<Option<Vec<_>>>()?);
        } else if key == "tail" {
            tail = None;
            for (key, value) in read::<Members>(value.get())?.0 {
                if key == "seq_num" {
                    tail = Some(unsigned(value)?);
                }
            }
        }
    }
    Some((records?, tail))
}

fn record(text: &str, input: bool) -> Option<Expected> {
    let (mut seq_num, mut timestamp, mut body, mut headers) = (None, 0, String::new(), "");
    for (key, value) in read::<Members>(text)?.0 {
        match &*key {
            "seq_num" => seq_num = Some(unsigned(value)?),
            "timestamp" => timestamp = unsigned(value)?,
            "body" => body = read(value.get())?,
            "headers" => headers = value.get(),
            _ => {}
        }
    }
    let names = names(headers);
    let (mut kind, mut data, mut id) = (Kind::Command, String::new(), String::new());
    if names.first() != Some(&Some(String::new())) {
        if names.iter().flatten().any(|name| name == "trigger-control") {
            kind = Kind::Control;
        } else {
            (kind, data, id) = envelope(&body, input);
        }
    }
    Some(Expected { seq_num: seq_num?, timestamp, kind, body, data, id })
}

/// The headers' names; none for what is no list that begins with a string.
fn names(headers: &str) -> Vec<Option<String>> {
    let lists = read::<Vec<&RawValue>>(headers).unwrap_or_default();
    let name = |list: &&RawValue| read::<String>(read::<Vec<&RawValue>>(list.get())?.first()?.get());
    lists.iter().map(name).collect()
}

fn envelope(body: &str, input: bool) -> (Kind, String, String) {
    let bad = |why| (Kind::Bad(why), String::new(), String::new());
    if body.is_empty() {
        return bad("empty body");
    }
    let Some(Members(members)) = read(body) else {
        return bad(if read::<IgnoredAny>(body).is_some() { "no envelope" } else { "body is not JSON" });
    };
    let (mut data, mut id) = ("", "");
    for (key, value) in members {
        let value = value.get();
        if key == "data" {
            data = value;
        } else if key == "id" {
            id = if value.starts_with('"') && value != "\"\"" { value } else { "" };
        }
    }
    let kind = match (data, input) {
        ("", true) => Kind::Undefined,
        ("", false) => Kind::Bad("no data in the envelope"),
        _ => Kind::Part,
    };
    (kind, data.into(), id.into())
}

/// What serde_json may see of `input`, and whether it is the same.
fn readable(input: &[u8]) -> (Cow<'_, str>, bool) {
    let text = String::from_utf8_lossy(input);
    let is_same = matches!(text, Cow::Borrowed(_));
    let is_surrogate =
        |four: &[u8]| matches!(four, [b'\\', b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F']);
    if !text.as_bytes().windows(4).any(is_surrogate) {
        return (text, is_same);
    }
    let mut bytes = text.into_owned().into_bytes();
    for at in 3..bytes.len() {
        if is_surrogate(&bytes[at - 3..=at]) {
            bytes[at] = b'0';
        }
    }
    (Cow::Owned(String::from_utf8(bytes).expect("one digit for another")), false)
}

/// As above, for a record's texts, which may hold a broken sequence.
fn is_valid(json: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(json).is_ok()
}

fuzz_target!(|input: &[u8]| {
    let Some((&flags, data)) = input.split_first() else { return };
    let is_input = flags & 1 == 1;
    let (text, is_same) = readable(data);
    let expected = batch(&text, is_input);

    let mut actual = Batch::default();
    let is_read = actual.parse(data, is_input).is_ok();
    assert_eq!(is_read, expected.is_some(), "read here, or there: {expected:?}");
    assert!(is_read || actual.records.is_empty(), "half of it is there");
    for (at, record) in actual.records.iter().enumerate() {
        let slice = |range: &Range<usize>| &actual.text[range.clone()];
        let (records, tail) = expected.as_ref().expect("read by both");
        let expected = &records[at];
        assert_eq!(records.len(), actual.records.len());
        assert_eq!(*tail, actual.tail);
        assert_eq!((record.seq_num, record.timestamp), (expected.seq_num, expected.timestamp));
        assert_eq!(record.kind, expected.kind, "{expected:?}");
        assert_eq!(record.data.is_empty(), record.kind != Kind::Part);
        for range in [&record.data, &record.id, &record.headers] {
            assert!(range.is_empty() || is_valid(slice(range)), "not JSON: {}", String::from_utf8_lossy(slice(range)));
        }
        assert_eq!(record.id.is_empty(), expected.id.is_empty());
        if is_same {
            let texts = (slice(&record.body), slice(&record.data), slice(&record.id));
            assert_eq!(texts, (expected.body.as_bytes(), expected.data.as_bytes(), expected.id.as_bytes()));
        }
    }

    assert_eq!(is_json(data), is_valid(data), "JSON or not");
    _ = ping_tail(data);
    if let Some((ms, seq)) = redis_id(data) {
        let said = String::from_utf8_lossy(data);
        assert!(said == format!("{ms}-{seq}") || (seq == 0 && said == ms.to_string()), "{said} is not {ms}-{seq}");
    }
    for version in [None, Some(Version::V1), Some(Version::V2)] {
        assert!(meaning(data, b"", version) != Meaning::Done, "only [DONE] is the end of a window");
    }
});
