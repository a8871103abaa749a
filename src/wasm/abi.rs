//! The core behind plain functions, without wasm-bindgen. `js/fallback/core.ts` calls them; what a driver does is there too.
//!
//! Numbers cross as numbers, times as milliseconds in an `f64`. Text and bytes go in through a buffer: `reserve` room, fill
//! it, and say in the call how much of it counts. What comes out is a pointer to the addresses and lengths of slices, null
//! if there is nothing; the slices last until the next call for the same session. Where they hold a value, it is JSON.

use crate::plain::{self, Plain};
use runstream::wire::Version;
use runstream::{Action, Config, Delivery, Response, Start, Subscription};

/// One subscription, and what crosses.
#[derive(Default)]
pub struct Session {
    core: Option<Subscription>,
    input: Vec<u8>,
    output: Vec<u8>,
    delivery: Option<Delivery>,
    slices: [usize; SLICES],
}

/// Text, meta, notices, undefined, cursor: an address and a length each.
const SLICES: usize = 10;

type Slices = *const [usize; SLICES];

impl Session {
    fn text(&self, len: usize) -> String {
        String::from_utf8_lossy(self.input.get(..len).unwrap_or_default()).into_owned()
    }

    fn slice<T>(&mut self, at: usize, address: *const T, len: usize) {
        if let Some(pair) = self.slices.get_mut(at * 2..at * 2 + 2) {
            pair.copy_from_slice(&[address as usize, len]);
        }
    }

    fn give(&mut self, value: &Plain) -> Slices {
        self.output.clear();
        json(value, &mut self.output);
        self.slice(0, self.output.as_ptr(), self.output.len());
        &raw const self.slices
    }
}

#[unsafe(no_mangle)]
extern "C" fn create() -> Box<Session> {
    Box::default()
}

/// Closes nothing that is connected: that is the caller's.
#[unsafe(no_mangle)]
extern "C" fn free(_: Box<Session>) {}

#[unsafe(no_mangle)]
extern "C" fn reserve(session: &mut Session, len: usize) -> *mut u8 {
    if session.input.len() < len {
        session.input.resize(len, 0);
    }
    session.input.as_mut_ptr()
}

/// Begins. `start`: 0 is the beginning, 1 the latest, 2 `index`, 3 after the id in the first `len` bytes. `flags`: 1 follow,
/// 2 input, 4 meta, 8 `can_refresh`. Gives the error of an option that cannot be.
#[unsafe(no_mangle)]
extern "C" fn open(
    session: &mut Session,
    now: f64,
    start: u32,
    index: f64,
    len: usize,
    timeout_seconds: u32,
    deliver_interval_ms: f64,
    flags: u32,
    seed: f64,
) -> Slices {
    let core = Subscription::new(Config {
        start: match start {
            0 => Start::Beginning,
            1 => Start::Latest,
            2 => Start::Index(index as u64),
            _ => Start::After(session.text(len)),
        },
        timeout_seconds,
        follow: flags & 1 != 0,
        input: flags & 2 != 0,
        deliver_interval_ms: deliver_interval_ms as u64,
        meta: flags & 4 != 0,
        seed: seed.to_bits(),
        can_refresh: flags & 8 != 0,
    });
    match core {
        Ok(mut core) => {
            core.start(now as u64);
            session.core = Some(core);
            core::ptr::null()
        }
        Err(error) => session.give(&Plain::Array(&plain::error(&error))),
    }
}

/// `version`: 1, 2, or 0 if it is not known. `retry_after_ms` is negative if there is none. The first `len` bytes are the detail.
#[unsafe(no_mangle)]
extern "C" fn response(
    session: &mut Session,
    now: f64,
    attempt: u32,
    status: u32,
    version: u32,
    is_event_stream: bool,
    retry_after_ms: f64,
    len: usize,
) {
    let response = Response {
        status: status as u16,
        version: match version {
            1 => Some(Version::V1),
            2 => Some(Version::V2),
            _ => None,
        },
        is_event_stream,
        retry_after_ms: (retry_after_ms >= 0.0).then_some(retry_after_ms as u64),
        detail: session.text(len),
    };
    if let Some(core) = &mut session.core {
        core.handle_response(now as u64, attempt, response);
    }
}

#[unsafe(no_mangle)]
extern "C" fn bytes(session: &mut Session, now: f64, attempt: u32, len: usize) {
    if let (Some(core), Some(bytes)) = (&mut session.core, session.input.get(..len)) {
        core.handle_bytes(now as u64, attempt, bytes);
    }
}

#[unsafe(no_mangle)]
extern "C" fn end(session: &mut Session, now: f64, attempt: u32) {
    if let Some(core) = &mut session.core {
        core.handle_end(now as u64, attempt);
    }
}

/// The first `len` bytes are the cause.
#[unsafe(no_mangle)]
extern "C" fn disconnect(session: &mut Session, now: f64, attempt: u32, len: usize) {
    let cause = session.text(len);
    if let Some(core) = &mut session.core {
        core.handle_disconnect(now as u64, attempt, &cause);
    }
}

#[unsafe(no_mangle)]
extern "C" fn timeout(session: &mut Session, now: f64) {
    if let Some(core) = &mut session.core {
        core.handle_timeout(now as u64);
    }
}

/// 0 stop, 1 resume, 2 wake, 3 another token, 4 paused, 5 no longer paused.
#[unsafe(no_mangle)]
extern "C" fn command(session: &mut Session, now: f64, which: u32) {
    let (Some(core), now) = (&mut session.core, now as u64) else { return };
    match which {
        0 => core.stop(),
        1 => core.resume(now),
        2 => core.wake(now),
        3 => core.token_changed(now),
        _ => core.set_paused(now, which == 4),
    }
}

/// `[0]` to abort; `[attempt, last event id or null, latest, refresh token]` to connect.
#[unsafe(no_mangle)]
extern "C" fn take_action(session: &mut Session) -> Slices {
    match session.core.as_mut().and_then(Subscription::poll_action) {
        None => core::ptr::null(),
        Some(Action::Abort) => session.give(&Plain::Array(&[Plain::Number(0.0)])),
        Some(Action::Connect(connect)) => session.give(&Plain::Array(&[
            Plain::Number(connect.attempt.into()),
            connect.last_event_id.as_deref().map_or(Plain::Nothing, Plain::Text),
            Plain::Number(u8::from(connect.latest).into()),
            Plain::Number(u8::from(connect.refresh_token).into()),
        ])),
    }
}

/// When to call `timeout`, or to take the delivery. Negative: never.
#[unsafe(no_mangle)]
extern "C" fn due(session: &mut Session) -> f64 {
    session.core.as_ref().and_then(Subscription::poll_timeout).map_or(-1.0, |due| due as f64)
}

/// The cursor's address is null if there is none.
#[unsafe(no_mangle)]
extern "C" fn take_delivery(session: &mut Session, now: f64) -> Slices {
    let Some(core) = &mut session.core else { return core::ptr::null() };
    session.delivery = core.take_delivery(now as u64);
    let Some(delivery) = session.delivery.take() else { return core::ptr::null() };
    let cursor = core.cursor();
    session.output.clear();
    session.output.extend_from_slice(cursor.as_deref().unwrap_or_default().as_bytes());
    for (at, slice) in [delivery.text(), delivery.meta(), delivery.notices()].into_iter().enumerate() {
        session.slice(at, slice.as_ptr(), slice.len());
    }
    session.slice(3, delivery.undefined().as_ptr(), delivery.undefined().len());
    let address = if cursor.is_some() { session.output.as_ptr() } else { core::ptr::null() };
    session.slice(4, address, session.output.len());
    session.delivery = Some(delivery);
    &raw const session.slices
}

/// The status, if it changed since it was last taken.
#[unsafe(no_mangle)]
extern "C" fn take_status(session: &mut Session) -> Slices {
    match session.core.as_mut().and_then(Subscription::take_status) {
        None => core::ptr::null(),
        Some(status) => plain::status(&status, |value| session.give(value)),
    }
}

fn json(value: &Plain, out: &mut Vec<u8>) {
    match value {
        Plain::Nothing => out.extend_from_slice(b"null"),
        Plain::Text(text) => quote(text, out),
        Plain::Number(number) => decimal(*number as u64, out),
        Plain::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                json(item, out);
            }
            out.push(b']');
        }
    }
}

fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend([byte >> 4, byte & 15].map(|digit| digit + if digit < 10 { b'0' } else { b'a' - 10 }));
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

fn decimal(n: u64, out: &mut Vec<u8>) {
    if n > 9 {
        decimal(n / 10, out);
    }
    out.push(b'0' + (n % 10) as u8);
}
