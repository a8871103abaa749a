//! What crosses as objects: the config in, the status and errors out. Field by field on the way in, because a derived
//! deserialiser costs more than the rest of the boundary.

use crate::net::{Request, property};
use js_sys::{Array, Function, Object};
use runstream::{Config, End, Error, Start, Status, StatusKind};
use serde::Serialize;
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
        timeout_seconds: timeout_seconds.to_string(),
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

/// Serialised as arrays, not objects: property names bring a cache of strings that is larger than all of this.
#[derive(Serialize)]
struct PlainError<'a>(&'a str, &'a str, u16);

impl<'a> From<&'a Error> for PlainError<'a> {
    fn from(error: &'a Error) -> Self {
        Self(error.code.as_str(), &error.message, error.status)
    }
}

#[derive(Serialize)]
struct PlainStatus<'a>(
    &'a str,
    Option<&'a str>,
    Option<PlainError<'a>>,
    Option<PlainError<'a>>,
    u32,
    f64,
    f64,
    Option<f64>,
);

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
    to_array(&PlainStatus(
        kind,
        reason,
        status.error.as_ref().map(Into::into),
        status.last_error.as_ref().map(Into::into),
        status.retry_count,
        status.gaps as f64,
        status.duplicates as f64,
        status.lag.map(|lag| lag as f64),
    ))
}

/// `[code, message, status]`.
pub fn error(error: &Error) -> JsValue {
    to_array(&PlainError::from(error))
}

fn to_array(value: &impl Serialize) -> JsValue {
    value.serialize(&serde_wasm_bindgen::Serializer::new()).unwrap_or(JsValue::UNDEFINED)
}
