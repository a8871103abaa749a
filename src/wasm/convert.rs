//! What crosses as objects: the config in, the status and errors out. Field by field on the way in, because a derived
//! deserialiser costs more than the rest of the boundary.

use crate::net::{Request, property};
use crate::plain::{self, Plain};
use js_sys::{Array, Function, Object};
use runstream::{Config, Error, Start, Status};
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

/// The tuple that `js/wasm.ts` calls `CoreStatus`.
pub fn status(status: &Status) -> JsValue {
    plain::status(status, to_js)
}

/// `[code, message, status]`.
pub fn error(error: &Error) -> JsValue {
    to_js(&Plain::Array(&plain::error(error)))
}
