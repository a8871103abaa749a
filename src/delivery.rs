//! What crosses to the application in one go: texts, so that one `JSON.parse` makes all the values.

use crate::json::{decimal, put, quote};
use crate::wire::{Kind, Record};

/// Parts in order, with what happened between them.
#[derive(Default)]
pub struct Delivery {
    /// A JSON array of the parts' values, without its closing bracket.
    text: Vec<u8>,
    /// A flat JSON array without its closing bracket: id, timestamp, part id or null, headers or null, for each part.
    meta: Vec<u8>,
    /// A JSON array without its closing bracket, an object for each notice.
    notices: Vec<u8>,
    with_meta: bool,
    count: u32,
    undefined: Vec<u32>,
}

#[inline]
fn open(array: &mut Vec<u8>) {
    array.push(if array.is_empty() { b'[' } else { b',' });
}

fn close(array: &mut Vec<u8>) {
    if !array.is_empty() {
        array.push(b']');
    }
}

impl Delivery {
    /// `with_meta` also collects what [`meta`](Self::meta) holds.
    pub(crate) fn new(with_meta: bool) -> Self {
        Self { with_meta, ..Self::default() }
    }

    pub(crate) fn finish(&mut self) {
        close(&mut self.text);
        close(&mut self.meta);
        close(&mut self.notices);
    }

    /// How many parts there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The values as one JSON array in UTF-8, or empty if there are none. Bytes of a broken UTF-8 sequence on the
    /// wire are still in it; a lenient decoder makes U+FFFD of them.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// One flat JSON array: id, timestamp in milliseconds, part id or null, headers or null, for each part.
    pub fn meta(&self) -> &[u8] {
        &self.meta
    }

    /// Which parts are `undefined`, which JSON cannot say; `text` has `null` in their place.
    pub fn undefined(&self) -> &[u32] {
        &self.undefined
    }

    /// A JSON array of objects, or empty: `{"type":"control","at","id","timestamp","headers"}`,
    /// `{"type":"bad-record","at","id","reason","body"}`, `{"type":"gap","at","from","to"}` (`to` is the first position
    /// after it) and `{"type":"reset","at"}`. `at` counts the parts before it in this delivery.
    pub fn notices(&self) -> &[u8] {
        &self.notices
    }

    /// Whether there is nothing to deliver.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.notices.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Adds a v2 record, as what it is. Its ranges point into `text`.
    pub(crate) fn record(&mut self, record: &Record, text: &[u8]) {
        let slice = |range: &core::ops::Range<usize>| &text[range.clone()];
        match record.kind {
            Kind::Command => {}
            Kind::Part | Kind::Undefined => {
                if record.kind == Kind::Undefined {
                    self.undefined.push(self.count);
                    self.part(b"null");
                } else {
                    self.part(slice(&record.data));
                }
                if self.with_meta {
                    open(&mut self.meta);
                    self.meta.push(b'"');
                    decimal(record.seq_num, &mut self.meta);
                    put(b"\",", &mut self.meta);
                    decimal(record.timestamp, &mut self.meta);
                    for optional in [slice(&record.id), slice(&record.headers)] {
                        self.meta.push(b',');
                        put(if optional.is_empty() { b"null" } else { optional }, &mut self.meta);
                    }
                }
            }
            Kind::Control => {
                let out = self.notice("control");
                position(record.seq_num, out);
                put(b",\"timestamp\":", out);
                decimal(record.timestamp, out);
                put(b",\"headers\":", out);
                put(slice(&record.headers), out);
                out.push(b'}');
            }
            Kind::Bad(reason) => {
                let out = self.notice("bad-record");
                position(record.seq_num, out);
                put(b",\"reason\":", out);
                quote(reason.as_bytes(), out);
                put(b",\"body\":", out);
                quote(slice(&record.body), out);
                out.push(b'}');
            }
        }
    }

    /// Adds a v1 event. What is not JSON is the string it is.
    pub(crate) fn v1(&mut self, id: &[u8], timestamp: u64, data: &[u8]) {
        if crate::wire::is_json(data) {
            self.part(data);
        } else {
            let mut text = Vec::new();
            quote(data, &mut text);
            self.part(&text);
        }
        if self.with_meta {
            open(&mut self.meta);
            quote(id, &mut self.meta);
            self.meta.push(b',');
            decimal(timestamp, &mut self.meta);
            put(b",null,null", &mut self.meta);
        }
    }

    pub(crate) fn gap(&mut self, from: u64, to: u64) {
        let out = self.notice("gap");
        put(b",\"from\":", out);
        decimal(from, out);
        put(b",\"to\":", out);
        decimal(to, out);
        out.push(b'}');
    }

    pub(crate) fn reset(&mut self) {
        self.notice("reset").push(b'}');
    }

    #[inline]
    fn part(&mut self, value: &[u8]) {
        open(&mut self.text);
        put(value, &mut self.text);
        self.count += 1;
    }

    /// Begins a notice, which whoever adds its members must close.
    #[cold]
    fn notice(&mut self, kind: &str) -> &mut Vec<u8> {
        let out = &mut self.notices;
        open(out);
        put(b"{\"type\":\"", out);
        put(kind.as_bytes(), out);
        put(b"\",\"at\":", out);
        decimal(u64::from(self.count), out);
        out
    }
}

#[cold]
fn position(seq_num: u64, out: &mut Vec<u8>) {
    put(b",\"id\":\"", out);
    decimal(seq_num, out);
    out.push(b'"');
}
