//! The boundary in a real browser: a lent `fetch` answers with the browser's own Response and ReadableStream.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, reason = "the macros of the inline module document nothing")]

#[path = "support/spelling.rs"]
mod spelling;

use js_sys::{Array, JSON, Promise, Reflect};
use runstream_wasm::{Handle, open};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::*;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** `answers`: for each request in turn, a function of the request. What happened is in `log`. */
export function bench(answers) {
  const log = { requests: [], signals: [], parts: [], meta: [], notices: [], statuses: [], cursor: undefined };
  const script = new Function("stream", "request", `return [${answers}]`);
  const fetch = async (request) => {
    const n = log.requests.length;
    log.requests.push(Object.fromEntries(request.headers));
    log.signals.push(request.signal);
    const make = script(stream, request)[n];
    return make ? make() : new Response(null, { status: 204 });
  };
  const parse = (bytes) => (bytes.length ? JSON.parse(decoder.decode(bytes)) : []);
  const host = {
    token: async (renew) => (renew ? "new" : "old"),
    deliver(text, meta, notices, undefinedAt, cursor) {
      const parts = parse(text);
      for (const at of undefinedAt) parts[at] = "undefined!";
      log.parts.push(...parts);
      log.meta.push(...parse(meta));
      log.notices.push(...parse(notices));
      log.cursor = cursor;
      if (log.throws) throw new Error("mine");
    },
    status: (status) => void log.statuses.push(status),
  };
  return { config: { url: location.origin + "/stream", headers: { "x-mine": "1" }, fetch, deliverInterval: 0 }, host, log };
}

/** An event stream of these chunks; strings are encoded, `"…"` never ends. */
function stream(...chunks) {
  const open = chunks.at(-1) === "…";
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of open ? chunks.slice(0, -1) : chunks) {
        controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
      }
      if (!open) controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "x-stream-version": "v2" } });
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
"#)]
extern "C" {
    fn bench(answers: &str) -> JsValue;
    fn sleep(ms: u32) -> Promise;
}

const BATCH: &str = r#"event: batch\\ndata: {"records":[{"seq_num":0,"timestamp":5,"body":"{\\\\"data\\\\":{\\\\"a\\\\":\\\\"é\\\\"},\\\\"id\\\\":\\\\"x\\\\"}"}]}\\n\\n"#;

fn batch() -> String {
    BATCH.replace("\\\\", "\\")
}

struct Bench {
    parts: JsValue,
    handle: Option<Handle>,
}

impl Bench {
    /// Opens a subscription against scripted answers. `set` changes the config first.
    fn open(answers: &str, set: &[(&str, JsValue)]) -> Self {
        let parts = bench(answers);
        let config = get(&parts, "config");
        for (name, value) in set {
            assert!(Reflect::set(&config, &(*name).into(), value).is_ok());
        }
        let handle = open(&config, get(&parts, "host").unchecked_into()).ok();
        Self { parts, handle }
    }

    fn log(&self, name: &str) -> String {
        let value = get(&get(&self.parts, "log"), name);
        JSON::stringify(&value).map_or_else(|_| "?".into(), String::from)
    }

    /// The kinds of the statuses so far.
    fn statuses(&self) -> Vec<String> {
        let statuses: Array = get(&get(&self.parts, "log"), "statuses").unchecked_into();
        statuses.iter().filter_map(|status| Array::from(&status).get(0).as_string()).collect()
    }

    async fn until(&self, done: impl Fn(&Self) -> bool) {
        for _ in 0..200 {
            if done(self) {
                return;
            }
            assert!(JsFuture::from(sleep(10)).await.is_ok());
        }
        panic!("parts {}, statuses {}", self.log("parts"), self.log("statuses"));
    }
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

#[wasm_bindgen_test]
async fn parts_cross_as_text_with_their_cursor_and_metadata() {
    let answers = format!("() => stream(`{}`, '…')", batch());
    let bench = Bench::open(&answers, &[("meta", true.into())]);
    bench.until(|bench| bench.log("parts") == r#"[{"a":"é"}]"#).await;
    assert_eq!(bench.log("cursor"), r#""0""#);
    assert_eq!(bench.log("meta"), r#"["0",5,"x",null]"#);
    assert_eq!(bench.statuses(), ["connecting", "live"]);
}

#[wasm_bindgen_test]
async fn the_request_says_what_the_protocol_says_and_resumes_from_the_cursor() {
    let answers = format!("() => stream(`{}`), () => stream('…')", batch());
    let bench = Bench::open(&answers, &[("timeoutInSeconds", 7.into())]);
    bench.until(|bench| bench.log("requests").matches("authorization").count() == 2).await;
    let requests: Array = get(&get(&bench.parts, "log"), "requests").unchecked_into();
    let (first, second) = (requests.get(0), requests.get(1));
    let header = |request: &JsValue, name: &str| get(request, name).as_string();
    assert_eq!(header(&first, "authorization").as_deref(), Some("Bearer old"));
    assert_eq!(header(&first, "accept").as_deref(), Some("text/event-stream"));
    assert_eq!(header(&first, "timeout-seconds").as_deref(), Some("7"));
    assert_eq!(header(&first, "x-mine").as_deref(), Some("1"));
    assert_eq!(header(&first, "last-event-id"), None);
    assert_eq!(header(&second, "last-event-id").as_deref(), Some("0"));
}

#[wasm_bindgen_test]
async fn a_refused_token_is_asked_for_again() {
    let answers = "() => new Response('no', { status: 401 }), () => stream('…')";
    let bench = Bench::open(answers, &[("canRefresh", true.into())]);
    bench.until(|bench| bench.log("requests").contains("Bearer new")).await;
    bench.until(|bench| bench.statuses().last().is_some_and(|kind| kind == "live")).await;
}

#[wasm_bindgen_test]
async fn freeing_the_handle_aborts_the_request() {
    let mut bench = Bench::open("() => stream('…')", &[]);
    bench.until(|bench| bench.statuses().last().is_some_and(|kind| kind == "live")).await;
    let signals: Array = get(&get(&bench.parts, "log"), "signals").unchecked_into();
    assert!(!get(&signals.get(0), "aborted").is_truthy());
    bench.handle = None;
    bench.until(|_| get(&signals.get(0), "aborted").is_truthy()).await;
}

#[wasm_bindgen_test]
async fn whatever_fetch_does_nothing_traps() {
    let odd = [
        "() => { throw 'a string' }",
        "() => { throw undefined }",
        "() => { throw null }",
        "() => { throw new TypeError('offline') }",
        "() => 5",
        "() => null",
        "() => ({})",
        "() => ({ status: 200, headers: new Headers(), body: null })",
        "() => new Response(null, { headers: { 'content-type': 'text/event-stream' } })",
        "() => { const r = stream('…'); r.body.getReader(); return r }",
    ];
    for answer in odd {
        let answers = format!("{answer}, () => stream(`{}`, '…')", batch());
        let bench = Bench::open(&answers, &[]);
        bench.until(|bench| bench.log("parts") == r#"[{"a":"é"}]"#).await;
        assert!(bench.statuses().contains(&"reconnecting".to_owned()), "{answer}");
    }
}

#[wasm_bindgen_test]
async fn chunks_may_be_any_bytes() {
    let answers = format!("() => stream(new TextEncoder().encode(`{0}`).buffer), () => stream('…')", batch());
    let bench = Bench::open(&answers, &[]);
    bench.until(|bench| bench.log("parts") == r#"[{"a":"é"}]"#).await;
}

#[wasm_bindgen_test]
fn a_record_is_the_same_however_it_is_written() {
    spelling::check(30_000);
    spelling::check_numbers();
}

#[wasm_bindgen_test]
async fn retry_after_is_seconds_or_a_date() {
    for value in ["'1'", "new Date(Date.now() + 2000).toUTCString()"] {
        let answers = format!(
            "() => new Response('busy', {{ status: 503, headers: {{ 'retry-after': {value} }} }}), () => stream('…')"
        );
        let bench = Bench::open(&answers, &[]);
        bench.until(|bench| bench.statuses().contains(&"reconnecting".to_owned())).await;
        assert!(JsFuture::from(sleep(500)).await.is_ok());
        assert_eq!(bench.log("requests").matches("authorization").count(), 1, "{value}");
        bench.until(|bench| bench.statuses().last().is_some_and(|kind| kind == "live")).await;
    }
}

#[wasm_bindgen_test]
async fn a_host_that_throws_does_not_stop_the_stream() {
    let second = batch().replace("seq_num\":0", "seq_num\":1").replace("\"x", "\"y");
    let answers = format!("() => stream(`{}`, `{second}`, '…')", batch());
    let bench = Bench::open(&answers, &[]);
    assert!(Reflect::set(&get(&bench.parts, "log"), &"throws".into(), &true.into()).is_ok());
    bench.until(|bench| bench.log("parts").matches('é').count() == 2).await;
}

#[wasm_bindgen_test]
fn a_bad_option_throws_its_code() {
    let bench = bench("");
    let config = get(&bench, "config");
    assert!(Reflect::set(&config, &"timeoutInSeconds".into(), &601.into()).is_ok());
    let error = open(&config, get(&bench, "host").unchecked_into()).err().map(|error| Array::from(&error));
    assert_eq!(error.and_then(|error| error.get(0).as_string()).as_deref(), Some("invalid-argument"));
}
