//! What happened, line by line, for a session that is replayed. Costs nothing when nobody reads it.

use crate::clock::BEGIN;
use std::fmt::{Arguments, Write};

#[derive(Default)]
pub struct Trace {
    text: Option<String>,
}

impl Trace {
    pub fn new(is_on: bool) -> Self {
        Self { text: is_on.then(String::new) }
    }

    pub fn is_on(&self) -> bool {
        self.text.is_some()
    }

    pub fn note(&mut self, now: u64, line: Arguments<'_>) {
        if let Some(text) = &mut self.text {
            let ms = now - BEGIN;
            _ = writeln!(text, "{:>5}.{:03}  {line}", ms / 1_000, ms % 1_000);
        }
    }

    pub fn into_text(self) -> String {
        self.text.unwrap_or_default()
    }
}

/// Notes a line, formatting it only if it is wanted.
#[macro_export]
macro_rules! trace {
    ($session:expr, $($line:tt)*) => {
        if $session.trace.is_on() {
            let now = $session.clock.now;
            $session.trace.note(now, format_args!($($line)*));
        }
    };
}

/// The beginning of what went over the wire, readable.
pub fn excerpt(bytes: &[u8], max: usize) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(max)]).escape_debug().to_string();
    if bytes.len() > max { format!("{text}… ({} bytes)", bytes.len()) } else { text }
}
