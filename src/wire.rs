//! SSE events in, records out: the v2 batch with its envelopes, and the v1 line.
//!
//! A batch is taken apart whole or not at all, so that a corrupted one cannot deliver half of itself.

use crate::json::{Scanner, put};
use core::ops::Range;

/// Which of the two wires a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Redis: one part an event, several events may share an id.
    V1,
    /// S2: batches of records with positions.
    V2,
}

/// What an SSE event means, apart from the records of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// v2: records follow.
    Batch,
    /// v2: the reader is at the tail and the socket is alive.
    Ping,
    /// v2: the read failed on the server. A failure, never an end.
    Error,
    /// v2: this read window is over. Says nothing about the stream.
    Done,
    /// v1: one part.
    Part,
    /// Nothing this version of the protocol knows.
    Unknown,
}

/// Reads an event's name. `version` is what is known of the server so far: an event named `batch`, `ping` or `error`
/// gives a v2 server away when its version header cannot be read.
pub fn meaning(kind: &[u8], data: &[u8], version: Option<Version>) -> Meaning {
    match (kind, version) {
        (b"" | b"message", Some(Version::V1)) => Meaning::Part,
        (_, Some(Version::V1)) => Meaning::Unknown,
        (b"batch", _) => Meaning::Batch,
        (b"ping", _) => Meaning::Ping,
        (b"error", _) => Meaning::Error,
        (b"" | b"message", _) if data == b"[DONE]" => Meaning::Done,
        (b"" | b"message", None) => Meaning::Part,
        _ => Meaning::Unknown,
    }
}

/// What a record is to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An application value.
    Part,
    /// An envelope without `data`: the `undefined` that was sent to an input stream.
    Undefined,
    /// S2's own trim or fence. Takes a position, is never shown.
    Command,
    /// Carries a `trigger-control` header instead of a value.
    Control,
    /// Not a value: why not.
    Bad(&'static str),
}

/// One wire entry. The ranges point into [`Batch::text`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Position in the stream.
    pub seq_num: u64,
    /// Arrival at the server, milliseconds since 1970.
    pub timestamp: u64,
    /// What it is.
    pub kind: Kind,
    /// The body as it was written.
    pub body: Range<usize>,
    /// The value's JSON text. Empty unless it is a part.
    pub data: Range<usize>,
    /// The part id as a JSON string literal. Empty if there is none.
    pub id: Range<usize>,
    /// The headers' JSON text. Empty if there are none.
    pub headers: Range<usize>,
}

/// A v2 batch taken apart. Reused from event to event for its memory.
#[derive(Default)]
pub struct Batch {
    /// The records in wire order.
    pub records: Vec<Record>,
    /// Next position of the stream, when the server said it.
    pub tail: Option<u64>,
    /// What the records' ranges point into.
    pub text: Vec<u8>,
}

/// The batch is not JSON of the agreed shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl Batch {
    /// Takes `data` apart. `input` says that a missing `data` is the value `undefined` and not a mistake.
    pub fn parse(&mut self, data: &[u8], input: bool) -> Result<(), Unreadable> {
        self.records.clear();
        self.text.clear();
        self.tail = None;
        self.root(data, input).ok_or(Unreadable).inspect_err(|_| self.records.clear())
    }

    fn root(&mut self, data: &[u8], input: bool) -> Option<()> {
        let mut json = Scanner::new(data);
        let mut found = json.skip(b"{\"records\":");
        let mut more = if found {
            self.records(&mut json, input)?;
            json.more(b'{')?
        } else {
            json.open(b'{')?
        };
        while more {
            let key = json.key()?;
            if key.is(b"records") {
                found = true;
                self.records.clear();
                self.records(&mut json, input)?;
            } else if key.is(b"tail") {
                self.tail = tail(&mut json)?;
            } else {
                json.value()?;
            }
            more = json.more(b'{')?;
        }
        (json.at_end() && found).then_some(())
    }

    fn records(&mut self, json: &mut Scanner<'_>, input: bool) -> Option<()> {
        let mut more = json.open(b'[')?;
        while more {
            self.record(json, input)?;
            more = json.more(b'[')?;
        }
        Some(())
    }

    fn record(&mut self, json: &mut Scanner<'_>, input: bool) -> Option<()> {
        let (mut seq_num, mut timestamp, mut envelope) = (None, None, None);
        let mut headers: &[u8] = b"";
        let body_at = self.text.len();
        // The order in which S2 writes; the loop takes what is left, and every other order.
        let mut more = if json.skip(b"{\"seq_num\":") {
            seq_num = Some(json.unsigned()?);
            if json.skip(b",\"timestamp\":") {
                timestamp = Some(json.unsigned()?);
                if json.skip(b",\"body\":") {
                    envelope = json.enveloped_text(&mut self.text);
                    if envelope.is_none() {
                        json.string_into(&mut self.text)?;
                    }
                }
            }
            json.more(b'{')?
        } else {
            json.open(b'{')?
        };
        while more {
            let key = json.key()?;
            if key.is(b"seq_num") {
                seq_num = Some(json.unsigned()?);
            } else if key.is(b"timestamp") {
                timestamp = Some(json.unsigned()?);
            } else if key.is(b"body") {
                // Of two, the last one counts.
                self.text.truncate(body_at);
                envelope = None;
                json.string_into(&mut self.text)?;
            } else if key.is(b"headers") {
                headers = json.value()?;
            } else {
                json.value()?;
            }
            more = json.more(b'{')?;
        }
        let body = body_at..self.text.len();
        let headers_at = self.text.len();
        put(headers, &mut self.text);
        let (command, control) = read_headers(headers);
        let mut record = Record {
            seq_num: seq_num?,
            timestamp: timestamp.unwrap_or(0),
            kind: Kind::Command,
            body: body.clone(),
            data: 0..0,
            id: 0..0,
            headers: headers_at..self.text.len(),
        };
        if control && !command {
            record.kind = Kind::Control;
        } else if let (Some([data, id]), false) = (envelope, command) {
            (record.kind, record.data, record.id) = (Kind::Part, data, id);
        } else if !command {
            record.kind = if body.is_empty() { Kind::Bad("empty body") } else { self.envelope(&mut record, input) };
        }
        self.records.push(record);
        Some(())
    }

    /// Finds `data` and `id` in the body.
    fn envelope(&self, record: &mut Record, input: bool) -> Kind {
        let body = &self.text[record.body.clone()];
        let Some((data, id)) = members(body) else {
            return Kind::Bad(if is_json(body) { "no envelope" } else { "body is not JSON" });
        };
        let missing = data.is_empty();
        let shift = |range: Range<usize>| record.body.start + range.start..record.body.start + range.end;
        (record.data, record.id) = (shift(data), shift(id));
        match (missing, input) {
            (false, _) => Kind::Part,
            (true, true) => Kind::Undefined,
            (true, false) => Kind::Bad("no data in the envelope"),
        }
    }

    /// Appends a copy of `record`, whose ranges point into `text`.
    #[cold]
    pub fn push_copy(&mut self, record: &Record, text: &[u8]) {
        let mut copy = |range: &Range<usize>| {
            let at = self.text.len();
            self.text.extend_from_slice(&text[range.clone()]);
            at..self.text.len()
        };
        let (body, headers) = (copy(&record.body), copy(&record.headers));
        let shift = |range: &Range<usize>| {
            if range.is_empty() {
                return 0..0;
            }
            let at = body.start + (range.start - record.body.start);
            at..at + range.len()
        };
        let (data, id) = (shift(&record.data), shift(&record.id));
        self.records.push(Record { body, headers, data, id, ..record.clone() });
    }
}

/// The tail a ping or a batch carries: the next position of the stream.
pub fn ping_tail(data: &[u8]) -> Option<u64> {
    let mut json = Scanner::new(data);
    let mut found = None;
    let mut more = json.open(b'{')?;
    while more {
        if json.key()?.is(b"tail") {
            found = tail(&mut json)?;
        } else {
            json.value()?;
        }
        more = json.more(b'{')?;
    }
    found
}

#[inline(never)]
fn tail(json: &mut Scanner<'_>) -> Option<Option<u64>> {
    let mut seq_num = None;
    let mut more = json.open(b'{')?;
    while more {
        if json.key()?.is(b"seq_num") {
            seq_num = Some(json.unsigned()?);
        } else {
            json.value()?;
        }
        more = json.more(b'{')?;
    }
    Some(seq_num)
}

/// Where an envelope's `data` and its `id`, a string that is not empty, are. An empty range for what is missing.
fn members(body: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let mut json = Scanner::new(body);
    let (mut data, mut id) = (0..0, 0..0);
    let mut more = if json.skip(b"{\"data\":") {
        let value = json.value()?;
        data = json.pos() - value.len()..json.pos();
        json.more(b'{')?
    } else {
        json.open(b'{')?
    };
    while more {
        let key = json.key()?;
        let value = json.value()?;
        let range = json.pos() - value.len()..json.pos();
        if key.is(b"data") {
            data = range;
        } else if key.is(b"id") {
            let is_text = value.len() > 2 && value.starts_with(b"\"");
            id = if is_text { range } else { 0..0 };
        }
        more = json.more(b'{')?;
    }
    json.at_end().then_some((data, id))
}

/// Whether the headers mark a command record, and whether they mark a control record. What is no header is passed over.
fn read_headers(headers: &[u8]) -> (bool, bool) {
    let mut json = Scanner::new(headers);
    let (mut command, mut control) = (false, false);
    let mut first = true;
    let mut more = json.open(b'[');
    while more == Some(true) {
        let mut header = Scanner::new(json.value().unwrap_or_default());
        if header.open(b'[') == Some(true)
            && let Some(name) = header.string()
        {
            command |= first && name.raw.is_empty();
            control |= name.is(b"trigger-control");
        }
        first = false;
        more = json.more(b'[');
    }
    (command, control)
}

/// A v1 event id, `milliseconds-sequence`, as Redis orders them.
#[cold]
pub fn redis_id(id: &[u8]) -> Option<(u64, u64)> {
    let (ms, seq) = cut(id, b'-');
    let seq = if ms.len() == id.len() { b"0" } else { seq };
    Some((Scanner::new(ms).all_digits()?, Scanner::new(seq).all_digits()?))
}

/// What is before the first `separator` and what is behind it.
pub(crate) fn cut(bytes: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|&b| b == separator).unwrap_or(bytes.len());
    (&bytes[..at], bytes.get(at + 1..).unwrap_or_default())
}

/// Whether `data` is one JSON value.
#[cold]
pub fn is_json(data: &[u8]) -> bool {
    let mut json = Scanner::new(data);
    json.value().is_some() && json.at_end()
}
