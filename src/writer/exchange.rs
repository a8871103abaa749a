//! What goes between the machine and whoever performs its requests, and what it says when one cannot be helped.

use super::queue::BATCH_BYTES;
use crate::error::{Code, Error};
use crate::json::{decimal, put};
use crate::wire::Version;

/// What to do next. A request carries a number, and so does everything that comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask the gateway for the stream, anew if it was asked before.
    Create {
        /// The request's number.
        attempt: u32,
        /// Get a new credential first: the server refused the last one.
        refresh_token: bool,
    },
    /// v2: append these records.
    Append {
        /// The request's number.
        attempt: u32,
        /// The JSON to send.
        body: Vec<u8>,
    },
    /// v1: ask which line was stored last.
    Probe {
        /// The request's number.
        attempt: u32,
    },
    /// v1: begin a request whose body follows in lines.
    Open {
        /// The request's number.
        attempt: u32,
        /// The number of the first line.
        from: u64,
    },
    /// v1: write a line, alone, to the body of the open request.
    Line(Vec<u8>),
    /// v1: end the body of the open request.
    End,
    /// Give up the request under way.
    Abort,
}

/// An answer, or what of it matters to the request it answers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in milliseconds from now.
    pub retry_after_ms: Option<u64>,
    /// For errors: the `code` that S2 gives.
    pub code: String,
    /// For errors: the beginning of the body.
    pub detail: String,
    /// Of a creation: what the gateway wants to be spoken to. v1 also when it gave no way to S2.
    pub version: Option<Version>,
    /// Of a creation: how long the first part of a batch waits for others, in milliseconds.
    pub linger_ms: Option<u64>,
    /// Of an append: the position behind the last record. Of a probe: the number of lines stored.
    pub end: Option<u64>,
}

/// `message`, with the status and what the server said.
pub(crate) fn answer_error(code: Code, message: &str, answer: &Answer) -> Error {
    let mut out = message.as_bytes().to_vec();
    put(b" (", &mut out);
    decimal(u64::from(answer.status), &mut out);
    if !answer.detail.is_empty() {
        put(b": ", &mut out);
        put(answer.detail.as_bytes(), &mut out);
    }
    out.push(b')');
    Error { status: answer.status, ..Error::new(code, String::from_utf8_lossy(&out)) }
}

pub(crate) fn too_large(index: u64, metered: usize) -> Error {
    let mut out = b"part ".to_vec();
    decimal(index, &mut out);
    put(b" takes ", &mut out);
    decimal(metered as u64, &mut out);
    put(b" bytes as a record; the limit is ", &mut out);
    decimal(BATCH_BYTES as u64, &mut out);
    put(b". Split it; the other parts are stored", &mut out);
    Error::new(Code::TooLarge, String::from_utf8_lossy(&out))
}
