//! fetch, the body reader and abort. Never panics on odd values: what a page lends as `fetch` may return anything.

use crate::time::retry_after;
use crate::wait::Outcome;
use core::task::{Context, Poll, ready};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use gloo_net::http::Headers;
use js_sys::{Function, JsString, Promise, Reflect, Uint8Array};
use runstream::wire::Version;
use runstream::{Connect, Response};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestInit};

/// How much of an error's body is worth showing, in characters.
const DETAIL_CHARS: u32 = 300;

/// What every request of a subscription has in common.
pub struct Request {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub timeout_seconds: String,
    /// Called instead of the global `fetch`.
    pub fetch: Option<Function>,
}

/// What an attempt reports, in order.
pub enum Event {
    Head(Response),
    Bytes(Vec<u8>),
    End,
    Failed(String),
}

/// One connection attempt. Dropping it aborts it.
pub struct Attempt {
    pub number: u32,
    phase: Phase,
    abort: Option<AbortController>,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(abort) = &self.abort {
            abort.abort();
        }
    }
}

enum Phase {
    Open(LocalBoxFuture<'static, Result<(Response, Option<Body>), JsValue>>),
    Body(Body),
    Over,
}

/// What it takes to send a request, once there is a token.
struct Opening {
    token: Promise,
    url: String,
    headers: Headers,
    options: RequestInit,
    fetch: Option<Function>,
}

/// A response's body being read. Dropping it tells the source, should the abort not have reached it.
struct Body {
    reader: ReadableStreamDefaultReader,
    reads: Rc<Outcome>,
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Ok(cancelled) = call(&self.reader, "cancel") {
            // Waited for, because a rejection that nobody handles is an error of the page.
            let cancelled = JsFuture::from(Promise::resolve(&cancelled));
            wasm_bindgen_futures::spawn_local(async {
                _ = cancelled.await;
            });
        }
    }
}

impl Attempt {
    /// Asks for the token, then for the stream, then for its bytes, each when the one before was polled.
    pub fn open(connect: &Connect, request: &Request, token: Promise) -> Self {
        let abort = AbortController::new().ok();
        let headers = Headers::new();
        for (name, value) in &request.headers {
            headers.set(name, value);
        }
        headers.set("Accept", "text/event-stream");
        headers.set("Timeout-Seconds", &request.timeout_seconds);
        if let Some(id) = &connect.last_event_id {
            headers.set("Last-Event-ID", id);
        }
        if connect.latest {
            headers.set("X-Trigger-Stream-Start", "latest");
        }
        let options = RequestInit::new();
        options.set_signal(abort.as_ref().map(AbortController::signal).as_ref());
        let opening = Opening { token, url: request.url.clone(), headers, options, fetch: request.fetch.clone() };
        Self { number: connect.attempt, phase: Phase::Open(head(opening).boxed_local()), abort }
    }

    /// The next event; none when it is over.
    pub fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let (event, next) = match &mut self.phase {
            Phase::Open(head) => match ready!(head.poll_unpin(context)) {
                Ok((response, body)) => (Event::Head(response), body.map_or(Phase::Over, Phase::Body)),
                Err(cause) => (Event::Failed(text_of(&cause)), Phase::Over),
            },
            Phase::Body(body) => match ready!(body.reads.poll_of(context, || body.reader.read())).and_then(bytes_of) {
                Ok(Some(bytes)) => return Poll::Ready(Some(Event::Bytes(bytes))),
                Ok(None) => (Event::End, Phase::Over),
                Err(cause) => (Event::Failed(text_of(&cause)), Phase::Over),
            },
            Phase::Over => return Poll::Ready(None),
        };
        self.phase = next;
        Poll::Ready(Some(event))
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn global_fetch(request: &web_sys::Request) -> Result<Promise, JsValue>;
}

async fn head(opening: Opening) -> Result<(Response, Option<Body>), JsValue> {
    let Opening { token, url, headers, options, fetch } = opening;
    let token = JsFuture::from(token).await?.as_string().unwrap_or_default();
    headers.set("Authorization", &("Bearer ".to_owned() + &token));
    options.set_headers(&headers.into_raw());
    // Not by gloo's RequestBuilder: it takes the URL apart and together again, and formats what it does with it.
    let request = web_sys::Request::new_with_str_and_init(&url, &options)
        .map_err(|_| JsValue::from_str("the request cannot be built; check the base URL and the headers"))?;
    let promise = match fetch {
        Some(fetch) => Promise::resolve(&fetch.call1(&JsValue::UNDEFINED, &request)?),
        None => global_fetch(&request)?,
    };
    // By its parts: the answer may come from another realm, where every instanceof fails, or be no answer at all.
    let answer = JsFuture::from(promise).await?;
    let headers = property(&answer, "headers");
    if !property(&headers, "get").is_function() || property(&answer, "status").as_f64().is_none() {
        return Err(JsValue::from_str("fetch did not answer with a Response"));
    }
    let answer: web_sys::Response = answer.unchecked_into();
    let headers = Headers::from_raw(answer.headers());
    let content_type = headers.get("content-type").unwrap_or_default();
    let is_event_stream = content_type.is_empty() || is_event_stream_type(content_type.as_bytes());
    let status = answer.status();
    let mut response = Response {
        status,
        version: headers.get("x-stream-version").and_then(|version| match version.as_str() {
            "v1" => Some(Version::V1),
            "v2" => Some(Version::V2),
            _ => None,
        }),
        is_event_stream,
        retry_after_ms: headers.get("retry-after").and_then(|value| retry_after(&value)),
        detail: String::new(),
    };
    if status == 204 {
        return Ok((response, None));
    }
    if !(200..300).contains(&status) {
        if let Ok(promise) = answer.text()
            && let Ok(body) = JsFuture::from(promise).await
        {
            let body: JsString = body.unchecked_into();
            response.detail = body.slice(0, DETAIL_CHARS).into();
        }
        return Ok((response, None));
    }
    if !is_event_stream {
        response.detail = content_type;
        return Ok((response, None));
    }
    let body = answer.body().ok_or_else(|| JsValue::from_str("the response has no body to read"))?;
    // A body that is being read already throws here.
    Ok((response, Some(Body { reader: call(&body, "getReader")?.unchecked_into(), reads: Outcome::new() })))
}

/// Parameters aside, and in any case.
fn is_event_stream_type(content_type: &[u8]) -> bool {
    let end = content_type.iter().position(|&b| b == b';').unwrap_or(content_type.len());
    content_type[..end].trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
}

#[wasm_bindgen]
extern "C" {
    /// What a reader gives, asked without making a string of each name for each read.
    type ReadResult;

    #[wasm_bindgen(method, getter, structural, catch)]
    fn done(this: &ReadResult) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter, structural, catch)]
    fn value(this: &ReadResult) -> Result<JsValue, JsValue>;
}

/// None at the end.
fn bytes_of(result: JsValue) -> Result<Option<Vec<u8>>, JsValue> {
    let result: ReadResult = result.unchecked_into();
    if result.done()?.is_truthy() {
        return Ok(None);
    }
    let value = result.value()?;
    Ok(Some(match value.dyn_ref::<Uint8Array>() {
        Some(bytes) => bytes.to_vec(),
        None => Uint8Array::new(&value).to_vec(),
    }))
}

/// `undefined` where there is no such property, or where asking for it throws.
pub fn property(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

/// Calls a method. Fails where there is none, or with what it throws.
fn call(object: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    property(object, name).dyn_into::<Function>()?.call0(object)
}

/// The message of whatever was thrown.
pub fn text_of(thrown: &JsValue) -> String {
    thrown.as_string().or_else(|| property(thrown, "message").as_string()).unwrap_or_else(|| "unknown cause".to_owned())
}
