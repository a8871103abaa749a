//! The writer's machine for JavaScript. What it asks for, `js/write/writer.ts` performs: requests that are made now and then,
//! with bodies that are there already, need no loop on this side. Nothing here calls into JavaScript but for the time,
//! so no borrow can be held across a call.

use crate::time::{now, retry_after};
use js_sys::{Array, Uint8Array};
use runstream::Error;
use runstream::wire::Version;
use runstream::writer::{Action, Answer, Config, Writer};
use wasm_bindgen::prelude::*;

/// One writer.
#[wasm_bindgen]
pub struct Machine(Writer);

#[wasm_bindgen]
impl Machine {
    /// Starts at once.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: u64, can_refresh: bool) -> Self {
        let mut writer = Writer::new(Config { seed, can_refresh });
        writer.start(now());
        Self(writer)
    }

    /// Takes a part's JSON. Returns the error of one that is too large.
    pub fn push(&mut self, json: &str) -> Option<Array> {
        self.0.push(now(), json.as_bytes()).err().map(|error| plain(&error))
    }

    pub fn flush(&mut self) {
        self.0.flush(now());
    }

    pub fn close(&mut self) {
        self.0.close(now());
    }

    pub fn stop(&mut self) {
        self.0.stop();
    }

    /// The gateway's answer to a creation. `version` is 0 when it named none.
    pub fn created(&mut self, attempt: u32, head: Head, version: u8, linger_ms: Option<f64>) {
        let version = match version {
            1 => Some(Version::V1),
            2 => Some(Version::V2),
            _ => None,
        };
        let linger_ms = linger_ms.map(|ms| ms as u64);
        self.0.handle_answer(now(), attempt, &Answer { version, linger_ms, ..head.0 });
    }

    /// Any other answer. `end` as in the core.
    pub fn answered(&mut self, attempt: u32, head: Head, end: Option<f64>) {
        let end = end.map(|end| end as u64);
        self.0.handle_answer(now(), attempt, &Answer { end, ..head.0 });
    }

    pub fn lost(&mut self, attempt: u32, cause: &str) {
        self.0.handle_lost(now(), attempt, cause);
    }

    pub fn timeout(&mut self) {
        self.0.handle_timeout(now());
    }

    /// The next thing to do: `[name, attempt, argument]`.
    pub fn action(&mut self) -> Option<Array> {
        let (name, attempt, argument) = match self.0.poll_action()? {
            Action::Create { attempt, refresh_token } => ("create", attempt, refresh_token.into()),
            Action::Append { attempt, body } => ("append", attempt, Uint8Array::from(body.as_slice()).into()),
            Action::Probe { attempt } => ("probe", attempt, JsValue::UNDEFINED),
            Action::Open { attempt, from } => ("open", attempt, (from as f64).into()),
            Action::Line(line) => ("line", 0, Uint8Array::from(line.as_slice()).into()),
            Action::End => ("end", 0, JsValue::UNDEFINED),
            Action::Abort => ("abort", 0, JsValue::UNDEFINED),
        };
        Some(Array::of3(&name.into(), &attempt.into(), &argument))
    }

    /// Milliseconds until `timeout` must be called.
    pub fn delay(&self) -> Option<f64> {
        self.0.poll_timeout().map(|due| due.saturating_sub(now()) as f64)
    }

    #[wasm_bindgen(js_name = hasRoom)]
    pub fn has_room(&self) -> bool {
        self.0.has_room()
    }

    pub fn acknowledged(&self) -> f64 {
        self.0.acknowledged() as f64
    }

    #[wasm_bindgen(js_name = lastPosition)]
    pub fn last_position(&self) -> Option<f64> {
        self.0.last_position().map(|position| position as f64)
    }

    /// Empty when all is stored, an error when it is given up, nothing while it goes on.
    pub fn outcome(&self) -> Option<Array> {
        self.0.outcome().map(|outcome| outcome.err().map_or_else(Array::new, plain))
    }
}

/// What answers have in common.
#[wasm_bindgen]
pub struct Head(Answer);

#[wasm_bindgen]
impl Head {
    /// `retry_after` is the header as it came.
    #[wasm_bindgen(constructor)]
    pub fn new(status: u16, retry_after_header: Option<String>, code: String, detail: String) -> Self {
        let retry_after_ms = retry_after_header.and_then(|value| retry_after(&value));
        Self(Answer { status, retry_after_ms, code, detail, ..Answer::default() })
    }
}

/// `[code, message, status]`.
fn plain(error: &Error) -> Array {
    Array::of3(&error.code.as_str().into(), &error.message.as_str().into(), &f64::from(error.status).into())
}
