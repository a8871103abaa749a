//! What crosses as objects: the config in, the status and errors out. Field by field on the way in, because a derived
//! deserialiser costs more than the rest of the boundary.

use crate::net::{Request, property};
use js_sys::{Array, Function, Object};
use runstream::{Config, End, Error, Start, Status, StatusKind};
use serde::{Serialize, Serializer};
use wasm_bindgen::{JsCast, JsValue};

/// Reads the object that `js/wasm.ts` calls `CoreConfig`. The shim has checked the types.
pub fn config(object: &JsValue) -> (Request, Config) {
    let number = |name, default: f64| property(object, name).as_f64().unwrap_or(default);
    let flag = |name| property(object, name).is_truthy();
    let mut headers = Vec::new();
    if let Ok(entries) = property(object, "headers").dyn_into::<Object>() {
        for entry in Object::entries(&entries) {
            let pair: Array = entry.unchecked_into();
            if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
                headers.push((name, value));
            }
        }
    }
    let start = if let Some(id) = property(object, "lastEventId").as_string() {
        Start::After(id)
    } else if let Some(index) = property(object, "startIndex").as_f64() {
        Start::Index(index as u64)
    } else if flag("latest") {
        Start::Latest
    } else {
        Start::Beginning
    };
    let timeout_seconds = number("timeoutInSeconds", 60.0) as u32;
    let request = Request {
        url: property(object, "url").as_string().unwrap_or_default(),
        headers,
        timeout_seconds: decimal(timeout_seconds),
        fetch: property(object, "fetch").dyn_into::<Function>().ok(),
    };
    let config = Config {
        start,
        timeout_seconds,
        follow: flag("follow"),
        input: flag("input"),
        deliver_interval_ms: number("deliverInterval", 16.0) as u64,
        meta: flag("meta"),
        seed: number("seed", 0.0).to_bits(),
        can_refresh: flag("canRefresh"),
    };
    (request, config)
}

/// `to_string` brings tables.
fn decimal(n: u32) -> String {
    let mut digits = if n < 10 { String::new() } else { decimal(n / 10) };
    digits.push(char::from(b'0' + (n % 10) as u8));
    digits
}

/// A value as it crosses. One type for all of them, because each type costs a serialiser; arrays, not objects, because
/// property names bring a cache of strings that is larger than all of this.
enum Plain<'a> {
    Nothing,
    Text(&'a str),
    Number(f64),
    Array(&'a [Plain<'a>]),
}

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Array(items) => items.serialize(serializer),
        }
    }
}

fn to_js(value: &Plain) -> JsValue {
    value.serialize(&serde_wasm_bindgen::Serializer::new()).unwrap_or(JsValue::UNDEFINED)
}

fn plain(error: &Error) -> [Plain<'_>; 3] {
    [Plain::Text(error.code.as_str()), Plain::Text(&error.message), Plain::Number(error.status.into())]
}

/// The tuple that `js/wasm.ts` calls `CoreStatus`.
pub fn status(status: &Status) -> JsValue {
    let (kind, reason) = match status.kind {
        StatusKind::Idle => ("idle", None),
        StatusKind::Connecting => ("connecting", None),
        StatusKind::Live => ("live", None),
        StatusKind::Reconnecting => ("reconnecting", None),
        StatusKind::Ended(End::IdleTimeout) => ("ended", Some("idle-timeout")),
        StatusKind::Ended(End::NoContent) => ("ended", Some("no-content")),
        StatusKind::Stopped => ("stopped", None),
        StatusKind::Failed => ("failed", None),
    };
    let (error, last_error) = (status.error.as_ref().map(plain), status.last_error.as_ref().map(plain));
    to_js(&Plain::Array(&[
        Plain::Text(kind),
        reason.map_or(Plain::Nothing, Plain::Text),
        error.as_ref().map_or(Plain::Nothing, |error| Plain::Array(error)),
        last_error.as_ref().map_or(Plain::Nothing, |error| Plain::Array(error)),
        Plain::Number(status.retry_count.into()),
        Plain::Number(status.gaps as f64),
        Plain::Number(status.duplicates as f64),
        status.lag.map_or(Plain::Nothing, |lag| Plain::Number(lag as f64)),
    ]))
}

/// `[code, message, status]`.
pub fn error(error: &Error) -> JsValue {
    to_js(&Plain::Array(&plain(error)))
}
