//! The parts that are not acknowledged, and what they look like on the wire.

use super::ids::{LEN, PartIds};
use crate::json::put;
use std::collections::VecDeque;

/// Records in one append, at most. S2's limit.
const BATCH_RECORDS: usize = 1_000;
/// Metered bytes of one append, and so of one record, at most. S2's limit.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// Bytes of one append's request, at most: what S2 reads of JSON.
const REQUEST_BYTES: usize = 2 * 1024 * 1024;

/// `{"data":`, `,"id":"` and `"}` around a part and its id; and what S2 adds to every record's size.
const METERED_OVERHEAD: usize = 8 + 7 + LEN + 2 + 8;
/// `{"body":"{\"data\":`, `,\"id\":\"` and `\"}"}` around a part and its id; and the comma behind it.
const RECORD_OVERHEAD: usize = 9 + 10 + 10 + LEN + 3 + 2 + 1;
/// `{"records":[` and `]}`.
const REQUEST_OVERHEAD: usize = 12 + 2;

struct Part {
    json: Vec<u8>,
    id: [u8; LEN],
    pushed: u64,
    size: Size,
}

/// What a part takes of each limit.
#[derive(Clone, Copy, Default)]
struct Size {
    metered: usize,
    request: usize,
}

impl Size {
    fn of(json: &[u8]) -> Self {
        let escapes: usize = json.iter().map(|&b| escape(b).map_or(0, |escaped| escaped.len() - 1)).sum();
        Self { metered: json.len() + METERED_OVERHEAD, request: json.len() + escapes + RECORD_OVERHEAD }
    }

    fn fits(self) -> bool {
        self.metered <= BATCH_BYTES && self.request + REQUEST_OVERHEAD <= REQUEST_BYTES
    }

    fn plus(self, other: Self) -> Self {
        Self { metered: self.metered + other.metered, request: self.request + other.request }
    }
}

/// First in, first out.
pub struct Queue {
    parts: VecDeque<Part>,
    total: Size,
    ids: PartIds,
}

impl Queue {
    pub fn new(seed: u64) -> Self {
        Self { parts: VecDeque::new(), total: Size::default(), ids: PartIds::new(seed) }
    }

    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Metered bytes of all parts.
    pub fn bytes(&self) -> usize {
        self.total.metered
    }

    /// When the oldest part was pushed.
    pub fn oldest(&self) -> Option<u64> {
        self.parts.front().map(|part| part.pushed)
    }

    /// More would not make the first batch larger.
    pub fn fills_a_batch(&self) -> bool {
        self.len() >= BATCH_RECORDS || !self.total.fits()
    }

    /// Takes a part, which is JSON. Fails with the metered size of one that no record can hold. A record that S2 takes
    /// fits into a request even if each of its bytes must be escaped.
    pub fn push(&mut self, now: u64, json: &[u8]) -> Result<(), usize> {
        let size = Size::of(json);
        if !size.fits() {
            return Err(size.metered);
        }
        self.total = self.total.plus(size);
        self.parts.push_back(Part { json: json.to_vec(), id: self.ids.take(), pushed: now, size });
        Ok(())
    }

    /// How many parts go into the next batch.
    pub fn batch(&self) -> usize {
        let mut sum = Size::default();
        let fitting = self.parts.iter().take(BATCH_RECORDS).take_while(|part| {
            sum = sum.plus(part.size);
            sum.fits()
        });
        fitting.count()
    }

    /// The request of an append of the first `count` parts.
    pub fn append(&self, count: usize) -> Vec<u8> {
        let parts = self.parts.iter().take(count);
        let mut out = Vec::with_capacity(parts.clone().map(|part| part.size.request).sum::<usize>() + REQUEST_OVERHEAD);
        put(b"{\"records\":[", &mut out);
        for (n, part) in parts.enumerate() {
            put(if n == 0 { b"" } else { b"," }, &mut out);
            put(b"{\"body\":\"{\\\"data\\\":", &mut out);
            for &byte in &part.json {
                match escape(byte) {
                    Some(escaped) => put(&escaped, &mut out),
                    None => out.push(byte),
                }
            }
            put(b",\\\"id\\\":\\\"", &mut out);
            put(&part.id, &mut out);
            put(b"\\\"}\"}", &mut out);
        }
        put(b"]}", &mut out);
        out
    }

    /// A part as a line of v1.
    pub fn line(&self, index: usize) -> Option<Vec<u8>> {
        let part = self.parts.get(index)?;
        Some([&part.json, b"\n".as_slice()].concat())
    }

    /// Forgets the first `count` parts: they are stored.
    pub fn settle(&mut self, count: usize) {
        for part in self.parts.drain(..count.min(self.parts.len())) {
            self.total.metered -= part.size.metered;
            self.total.request -= part.size.request;
        }
    }
}

/// How a byte is written inside a JSON string, if not as itself. JSON has no control characters but white space.
fn escape(byte: u8) -> Option<[u8; 2]> {
    match byte {
        b'"' | b'\\' => Some([b'\\', byte]),
        b'\n' => Some(*b"\\n"),
        b'\r' => Some(*b"\\r"),
        b'\t' => Some(*b"\\t"),
        _ => None,
    }
}
