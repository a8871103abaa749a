//! What can go wrong with a subscription or a writer, named for the decision it informs.

/// The kind of failure. [`as_str`](Code::as_str) is the `code` of the JavaScript error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// 401 or 403, after one refresh of the token.
    Unauthorized,
    /// 404, after the first connection's grace.
    NotFound,
    /// Another 4xx: the server will not serve this request.
    Rejected,
    /// A status that may pass: 5xx, 408, 425, 429.
    Http,
    /// The request or the body failed on the way.
    Network,
    /// No answer, or no byte, for too long.
    Timeout,
    /// 200 with something else than an event stream.
    NotAStream,
    /// One event larger than the decoder holds.
    BufferExceeded,
    /// A batch that cannot be read, three times at the same position.
    BadEvent,
    /// An option that cannot be.
    InvalidArgument,
    /// A part that is larger than a record may be.
    TooLarge,
}

impl Code {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not-found",
            Self::Rejected => "rejected",
            Self::Http => "http",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::NotAStream => "not-a-stream",
            Self::BufferExceeded => "buffer-exceeded",
            Self::BadEvent => "bad-event",
            Self::InvalidArgument => "invalid-argument",
            Self::TooLarge => "too-large",
        }
    }
}

/// Joins texts. `format!` and `concat` bring machinery that costs more than all the messages.
pub(crate) fn join(parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts {
        out.push_str(part);
    }
    out
}

/// A failure, with what the reader of it needs to act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind it is.
    pub code: Code,
    /// What happened, naming the value.
    pub message: String,
    /// The HTTP status behind it, 0 if none.
    pub status: u16,
}

impl Error {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), status: 0 }
    }

    /// Whether the subscription tries again by itself.
    pub fn is_retryable(&self) -> bool {
        matches!(self.code, Code::Http | Code::Network | Code::Timeout | Code::NotAStream)
    }
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.code.as_str())?;
        f.write_str(": ")?;
        f.write_str(&self.message)
    }
}

impl core::error::Error for Error {}
