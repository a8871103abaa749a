//! What the servers keep: for v2 records at positions, as S2 has them; for v1 the entries of a Redis stream.

use std::ops::Range;

/// What a record is to a reader, as the writer knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Part,
    /// On an input stream: sent without a value.
    Undefined,
    Command,
    Control,
    /// Something that is no envelope.
    Bad,
}

#[derive(Clone, Debug)]
pub struct Record {
    pub entry: Entry,
    /// The writer's own number of it, which is also in its value. 0 for what has none.
    pub serial: u64,
    /// As it goes over the wire: a record's JSON on v2, an event on v1.
    pub wire: Range<usize>,
    /// The body before it was escaped.
    pub body: Range<usize>,
    /// The value's JSON text, within the body.
    pub value: Range<usize>,
    /// A v1 line that is no JSON: the value is the text itself.
    pub is_text: bool,
    pub has_part_id: bool,
    /// S2 counts it so large.
    pub metered: usize,
    /// The Redis id of the entry it came in.
    pub id: (u64, u64),
    /// The server does not have it any more.
    pub is_gone: bool,
    /// A proxy lost it once, which is enough: the same gap twice is a gap.
    pub is_hurt: bool,
    /// Every batch with it is unreadable.
    pub is_poisoned: bool,
}

/// A stream from its creation to its deletion.
#[derive(Default)]
pub struct Life {
    pub records: Vec<Record>,
    text: Vec<u8>,
}

impl Life {
    pub fn tail(&self) -> u64 {
        self.records.len() as u64
    }

    pub fn wire(&self, record: &Record) -> &[u8] {
        &self.text[record.wire.clone()]
    }

    pub fn body(&self, record: &Record) -> &[u8] {
        &self.text[record.body.clone()]
    }

    pub fn value(&self, record: &Record) -> &[u8] {
        &self.text[record.value.clone()]
    }

    /// Appends a v2 record. `value` is where the value lies in `body`.
    pub fn append(&mut self, now: u64, new: New<'_>) {
        let at = self.text.len();
        self.text.extend_from_slice(new.body);
        let body = at..self.text.len();
        let value = at + new.value.start..at + new.value.end;
        let wire_at = self.text.len();
        let seq = self.records.len();
        self.text.extend_from_slice(format!("{{\"seq_num\":{seq},\"timestamp\":{now}").as_bytes());
        if !new.headers.is_empty() {
            self.text.extend_from_slice(b",\"headers\":");
            self.text.extend_from_slice(new.headers.as_bytes());
        }
        if !new.body.is_empty() {
            self.text.extend_from_slice(b",\"body\":\"");
            escape(new.body, &mut self.text);
            self.text.push(b'"');
        }
        self.text.push(b'}');
        let wire = wire_at..self.text.len();
        let metered = 8 + new.headers.len() + new.body.len();
        self.push(&new, wire, body, value, metered, (0, 0));
    }

    /// Appends a line of a v1 entry.
    pub fn append_line(&mut self, id: (u64, u64), new: New<'_>) {
        let at = self.text.len();
        self.text.extend_from_slice(format!("id: {}-{}\ndata: ", id.0, id.1).as_bytes());
        let line = self.text.len();
        self.text.extend_from_slice(new.body);
        let body = line..self.text.len();
        self.text.extend_from_slice(b"\n\n");
        let wire = at..self.text.len();
        self.push(&new, wire, body.clone(), body, 0, id);
    }

    fn push(
        &mut self,
        new: &New<'_>,
        wire: Range<usize>,
        body: Range<usize>,
        value: Range<usize>,
        metered: usize,
        id: (u64, u64),
    ) {
        self.records.push(Record {
            entry: new.entry,
            serial: new.serial,
            wire,
            body,
            value,
            is_text: new.is_text,
            has_part_id: new.has_part_id,
            metered,
            id,
            is_gone: false,
            is_hurt: false,
            is_poisoned: false,
        });
    }
}

/// A record to append.
pub struct New<'a> {
    pub entry: Entry,
    pub serial: u64,
    pub body: &'a [u8],
    pub value: Range<usize>,
    pub headers: &'a str,
    pub has_part_id: bool,
    pub is_text: bool,
}

impl Default for New<'_> {
    fn default() -> Self {
        Self {
            entry: Entry::Command,
            serial: 0,
            body: b"",
            value: 0..0,
            headers: "",
            has_part_id: false,
            is_text: false,
        }
    }
}

/// A stream's name outlives the stream.
#[derive(Default)]
pub struct Stream {
    pub lives: Vec<Life>,
}

impl Stream {
    pub fn new() -> Self {
        Self { lives: vec![Life::default()] }
    }

    /// Which life it is in.
    pub fn current(&self) -> usize {
        self.lives.len() - 1
    }

    pub fn life(&self) -> &Life {
        &self.lives[self.lives.len() - 1]
    }

    pub fn life_mut(&mut self) -> &mut Life {
        let last = self.lives.len() - 1;
        &mut self.lives[last]
    }
}

/// JSON string content as S2 writes it: raw UTF-8, control characters escaped.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
}
