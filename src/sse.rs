//! Bytes in, server-sent events out.
//!
//! Follows the event stream interpretation of the HTML standard: a leading byte order mark, CR, LF and CRLF line ends,
//! comments, `event`, `data`, `id` and `retry`, with chunks cut anywhere, even inside a CRLF or a UTF-8 sequence.
//! Nothing is rejected but an event larger than the cap. Invalid UTF-8 is passed on as it is; whoever makes text of
//! it substitutes U+FFFD, which gives what the standard gives because every delimiter is ASCII.

use crate::json::put;
use crate::work;

/// Largest event held in memory, in bytes. A 1 MiB record grows to about 6 MiB when every byte of it is escaped.
pub const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One dispatched event, borrowed from the decoder until the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Event name. Empty means the default, `message`.
    pub kind: &'a [u8],
    /// The `data` lines, joined with a line feed. An event without any is not dispatched.
    pub data: &'a [u8],
    /// The last event id in force, which a later event without an `id` inherits.
    pub last_event_id: &'a [u8],
}

/// The event being received is larger than the decoder's cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// A push decoder: [`push`](Self::push) bytes as they arrive, then drain [`next`](Self::next).
///
/// Each byte is scanned once, however small the chunks are.
pub struct Decoder {
    buf: Vec<u8>,
    max: usize,
    /// Where the event being assembled begins; everything before is spent.
    event: usize,
    /// Where the current line begins.
    line: usize,
    /// Everything before this was searched for a line end already.
    scanned: usize,
    /// Field values as (start, length), relative to `event` so that dropping the spent prefix keeps them valid.
    kind: (usize, usize),
    data: Option<(usize, usize)>,
    /// Holds the data once there is a second line of it.
    joined: Vec<u8>,
    is_joined: bool,
    has_fields: bool,
    /// The last one of the event being assembled, if it has any.
    id: Vec<u8>,
    has_id: bool,
    last_event_id: Vec<u8>,
    retry: Option<u64>,
    started: bool,
    /// A CR ended the last line at the very end of the buffer, so a LF that comes next belongs to it.
    skip_lf: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(MAX_EVENT_BYTES)
    }
}

impl Decoder {
    /// A decoder that holds at most `max` bytes of one event.
    pub fn new(max: usize) -> Self {
        Self {
            buf: Vec::new(),
            max,
            event: 0,
            line: 0,
            scanned: 0,
            kind: (0, 0),
            data: None,
            joined: Vec::new(),
            is_joined: false,
            has_fields: false,
            id: Vec::new(),
            has_id: false,
            last_event_id: Vec::new(),
            retry: None,
            started: false,
            skip_lf: false,
        }
    }

    /// Forgets the current body for the next one. Keeps the memory and the `retry` value.
    pub fn reset(&mut self) {
        let mut buf = core::mem::take(&mut self.buf);
        buf.clear();
        *self = Self { buf, retry: self.retry, ..Self::new(self.max) };
    }

    /// The last `retry` value seen, in milliseconds.
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// The last event id in force.
    pub fn last_event_id(&self) -> &[u8] {
        &self.last_event_id
    }

    /// Appends received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.event > 0 {
            work::sse(self.buf.len() - self.event);
            self.buf.drain(..self.event);
            self.line -= self.event;
            self.scanned -= self.event;
            self.event = 0;
        }
        self.buf.extend_from_slice(bytes);
    }

    /// The next complete event, or `None` until more bytes are pushed.
    #[allow(clippy::should_implement_trait)] // lends from self, which Iterator cannot
    pub fn next(&mut self) -> Result<Option<Event<'_>>, TooLarge> {
        if !self.started && !self.skip_bom() {
            return Ok(None);
        }
        loop {
            let Some(line) = self.next_line() else {
                return if self.buf.len() - self.event + self.joined.len() > self.max {
                    Err(TooLarge)
                } else {
                    Ok(None)
                };
            };
            if line.0 < line.1 {
                self.field(line.0, line.1);
                continue;
            }
            // A blank line ends the event.
            if core::mem::replace(&mut self.has_id, false) {
                core::mem::swap(&mut self.id, &mut self.last_event_id);
            }
            let (start, kind, data) = (self.event, self.kind, self.data.take());
            self.event = self.line;
            self.kind = (0, 0);
            self.has_fields = false;
            let Some(data) = data else { continue };
            let joined = core::mem::replace(&mut self.is_joined, false);
            let slice = |(at, len): (usize, usize)| &self.buf[start + at..start + at + len];
            return Ok(Some(Event {
                kind: slice(kind),
                data: if joined { &self.joined } else { slice(data) },
                last_event_id: &self.last_event_id,
            }));
        }
    }

    fn skip_bom(&mut self) -> bool {
        if self.buf.len() < BOM.len() && BOM.starts_with(&self.buf) {
            return false;
        }
        if self.buf.starts_with(BOM) {
            (self.event, self.line, self.scanned) = (BOM.len(), BOM.len(), BOM.len());
        }
        self.started = true;
        true
    }

    /// Bounds of the next complete line, without its end.
    fn next_line(&mut self) -> Option<(usize, usize)> {
        if self.skip_lf && self.line < self.buf.len() {
            self.skip_lf = false;
            if self.buf[self.line] == b'\n' {
                self.line += 1;
                self.scanned = self.line;
                if !self.has_fields {
                    self.event = self.line;
                }
            }
        }
        let Some(found) = line_end(&self.buf[self.scanned..]) else {
            work::sse(self.buf.len() - self.scanned);
            self.scanned = self.buf.len();
            return None;
        };
        work::sse(found + 1);
        let (start, end) = (self.line, self.scanned + found);
        self.line = end + 1;
        if self.buf[end] == b'\r' {
            match self.buf.get(end + 1) {
                Some(b'\n') => self.line += 1,
                Some(_) => {}
                None => self.skip_lf = true,
            }
        }
        self.scanned = self.line;
        Some((start, end))
    }

    fn field(&mut self, start: usize, end: usize) {
        let line = &self.buf[start..end];
        let value_of = |name: &[u8]| match line.strip_prefix(name)? {
            [b':', b' ', value @ ..] | [b':', value @ ..] | value @ [] => Some(value),
            _ => None,
        };
        let at = |value: &[u8]| end - value.len();
        work::sse(line.len().min(6));
        if let Some(value) = value_of(b"data") {
            if let Some(first) = self.data {
                let at = at(value);
                if !self.is_joined {
                    self.is_joined = true;
                    self.joined.clear();
                    let at = self.event + first.0;
                    self.joined.extend_from_slice(&self.buf[at..at + first.1]);
                }
                self.joined.push(b'\n');
                self.joined.extend_from_slice(&self.buf[at..end]);
            } else {
                self.data = Some((at(value) - self.event, value.len()));
            }
        } else if let Some(value) = value_of(b"event") {
            self.kind = (at(value) - self.event, value.len());
        } else if let Some(value) = value_of(b"id").filter(|value| value.iter().all(|&b| b != 0)) {
            self.id.clear();
            put(value, &mut self.id);
            self.has_id = true;
        } else if let Some(value) =
            value_of(b"retry").filter(|value| !value.is_empty() && value.iter().all(u8::is_ascii_digit))
        {
            self.retry = Some(value.iter().fold(0u64, |n, d| n.saturating_mul(10).saturating_add(u64::from(d - b'0'))));
        } else {
            // Comments and unknown fields leave nothing behind, so an event that has not begun need not keep them.
            if !self.has_fields {
                self.event = self.line;
            }
            return;
        }
        self.has_fields = true;
    }
}

/// Where the first LF or CR is.
fn line_end(bytes: &[u8]) -> Option<usize> {
    #[cfg(target_feature = "simd128")]
    {
        use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_splat, v128_load, v128_or};
        let (blocks, rest) = bytes.as_chunks::<16>();
        for (i, block) in blocks.iter().enumerate() {
            // SAFETY: a block has the 16 bytes that are read, and no alignment is asked for.
            let block = unsafe { v128_load(block.as_ptr().cast()) };
            let ends = v128_or(u8x16_eq(block, u8x16_splat(b'\n')), u8x16_eq(block, u8x16_splat(b'\r')));
            match u8x16_bitmask(ends) {
                0 => {}
                ends => return Some(i * 16 + ends.trailing_zeros() as usize),
            }
        }
        rest.iter().position(|&b| b == b'\n' || b == b'\r').map(|at| blocks.len() * 16 + at)
    }
    #[cfg(not(target_feature = "simd128"))]
    memchr::memchr2(b'\n', b'\r', bytes)
}
