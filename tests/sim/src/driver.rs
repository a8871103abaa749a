//! Stands in for `src/wasm/driver.rs` and the shim around it: performs what the core asks for, feeds results back, and
//! keeps the timer. One step is one turn of the driver's loop.

use crate::client::{Credential, Input, Late};
use crate::clock::Event;
use crate::faults::{self, Kind};
use crate::memory;
use crate::network::{Conn, Mark, Packet};
use crate::session::{Class, Session};
use crate::trace;
use crate::trace::excerpt;
use crate::verdict::Did;
use runstream::{Action, Connect, Response, Subscription};

/// What a core may hold beside the events it reads: a full hold, the hashes, its own. 8 times the largest event covers
/// the decoder's buffer, the batch taken apart and what waits to be delivered, each as it grows.
const HELD: usize = 2 << 20;

/// One turn of the driver's loop.
pub fn step(s: &mut Session, input: Input) {
    if s.broken.is_some() {
        return;
    }
    let now = s.client.now(&s.clock);
    note(s, &input);
    let marks = match &input {
        Input::Bytes(id, bytes) => {
            s.client.largest = s.client.largest.max(bytes.len());
            received(&mut s.server.conns[*id], bytes.len(), &mut s.client.largest)
        }
        _ => Vec::new(),
    };
    s.rules.before(now, &input, &marks, &s.plan, &s.server, &mut s.oracle);
    if let (Input::Bytes(id, _), true) = (&input, s.writer.waits) {
        let conn = &s.server.conns[*id];
        let is_new = conn.life == s.server.streams[conn.stream].current();
        s.writer.is_seen |= is_new && marks.iter().any(|mark| matches!(mark, Mark::Batch(_, Some(_)) | Mark::Ping(_)));
    }
    let attempt = s.rules.attempt;
    memory::of_core(|| feed(&mut s.client.core, now, attempt, &input));
    let mut connect: Option<Connect> = None;
    let mut has_acted = false;
    while let Some(action) = memory::of_core(|| s.client.core.poll_action()) {
        has_acted = true;
        match action {
            Action::Abort => abort(s),
            Action::Connect(next) => {
                if s.client.socket.is_some() || connect.is_some() {
                    return s.fail(Class::Leaked, format!("connects with a connection open: {next:?}"));
                }
                connect = Some(next);
            }
        }
    }
    if let (Input::Bytes(id, _), None) = (&input, &connect) {
        s.rules.read_on(now, *id, &s.plan, &s.server, &mut s.oracle);
    }
    let (delivered, changed) = hand_over(s, now);
    s.writer.waits &= !s.writer.is_seen || s.oracle.reset_to.is_some();
    if s.broken.is_some() {
        return;
    }
    if matches!(input, Input::Timer) && !has_acted && !delivered && !changed {
        s.client.vain.retain(|at| at + 1_000 > s.clock.now);
        s.client.vain.push(s.clock.now);
        if s.client.vain.len() > 100 {
            return s.fail(Class::Stuck, "a hundred timers a second, for nothing".into());
        }
    }
    let held = memory::held();
    if held > HELD + 8 * s.client.largest {
        return s.fail(Class::Leaked, format!("holds {held} bytes; the largest event had {}", s.client.largest));
    }
    let is_open = s.client.socket.is_some() || connect.is_some();
    let did = Did { input: &input, connect: connect.as_ref(), is_open, status: &s.client.core.status() };
    if let Err((class, what)) = s.rules.after(now, &s.server, &s.oracle, did) {
        return s.fail(class, what);
    }
    if let Some(next) = connect {
        open(s, next);
    }
    set_timer(s, now);
    s.settled();
}

/// Tells the core.
fn feed(core: &mut Subscription, now: u64, attempt: u32, input: &Input) {
    match input {
        Input::Start => core.start(now),
        Input::Head(_, head) => core.handle_response(now, attempt, head.clone()),
        Input::Bytes(_, bytes) => core.handle_bytes(now, attempt, bytes),
        Input::End => core.handle_end(now, attempt),
        Input::Reset => core.handle_disconnect(now, attempt, "reset"),
        Input::Timer => core.handle_timeout(now),
        Input::Wake => core.wake(now),
        Input::Token => core.token_changed(now),
        Input::Stop => core.stop(),
        Input::Resume => core.resume(now),
        Input::Pause(paused) => core.set_paused(now, *paused),
        Input::Late(attempt, Late::Head) => {
            let head = Response { status: 200, is_event_stream: true, ..Response::default() };
            core.handle_response(now, *attempt, head);
        }
        Input::Late(attempt, Late::Bytes(bytes)) => core.handle_bytes(now, *attempt, bytes),
        Input::Late(attempt, Late::End) => core.handle_end(now, *attempt),
        Input::Late(attempt, Late::Reset) => core.handle_disconnect(now, *attempt, "reset"),
    }
}

fn note(s: &mut Session, input: &Input) {
    if !s.trace.is_on() {
        return;
    }
    match input {
        Input::Bytes(id, bytes) => {
            trace!(s, "client: #{id} {} bytes: {}", bytes.len(), excerpt(bytes, 300));
        }
        Input::Head(id, head) => {
            trace!(s, "client: #{id} head {} {:?} stream={}", head.status, head.version, head.is_event_stream);
        }
        other => trace!(s, "client: {other:?}"),
    }
}

/// The marks of the events that are complete with the next `len` bytes.
fn received(conn: &mut Conn, len: usize, largest: &mut usize) -> Vec<Mark> {
    conn.handed += len as u64;
    let mut marks = Vec::new();
    while conn.marks.front().is_some_and(|(end, _)| *end <= conn.handed) {
        if let Some((end, mark)) = conn.marks.pop_front() {
            *largest = (*largest).max((end - conn.marked) as usize);
            conn.marked = end;
            marks.push(mark);
        }
    }
    *largest = (*largest).max((conn.handed - conn.marked) as usize);
    marks
}

fn abort(s: &mut Session) {
    let Some(id) = s.client.socket.take() else { return };
    s.client.unsent = false;
    if !is_mutant("abort not performed") {
        s.server.conns[id].close();
    }
    trace!(s, "client: #{id} aborted");
    // A race that the browser allows: what was read already comes after all.
    if s.rng.percent(20) {
        let ms = s.rng.range(0, 200);
        s.clock.after(ms, Event::Late(id));
    }
}

/// Delivers what is due, then the status.
fn hand_over(s: &mut Session, now: u64) -> (bool, bool) {
    let mut delivered = false;
    if let Some(delivery) = memory::of_core(|| s.client.core.take_delivery(now)) {
        delivered = true;
        if s.faults.armed == Some(Kind::Throw) {
            // The shim catches it; the core never knows.
            faults::fire(s, Kind::Throw);
        }
        s.client.cursor = s.client.core.cursor();
        if s.trace.is_on() {
            let (text, notices) = (excerpt(delivery.text(), 300), excerpt(delivery.notices(), 300));
            trace!(s, "deliver: {text} {notices} cursor {:?}", s.client.cursor);
        }
        let streams = &s.server.streams;
        let mut verdict = s.oracle.deliver(streams, &s.writer.homes, &delivery, s.plan.meta);
        if let (Ok(()), Some(cursor)) = (&verdict, s.client.cursor.as_ref().and_then(|cursor| cursor.parse().ok())) {
            verdict = s.oracle.covers(streams, cursor);
        }
        if let Err((class, what)) = verdict {
            s.fail(class, what);
        }
        memory::of_core(|| drop(delivery));
    }
    let status = s.client.core.take_status();
    if let Some(status) = &status
        && s.trace.is_on()
    {
        let (shown, last) = (status.error.as_ref().map(|e| e.code), status.last_error.as_ref().map(|e| e.code));
        trace!(
            s,
            "status: {:?} error {shown:?} last {last:?} retries {} gaps {} lag {:?}",
            status.kind,
            status.retry_count,
            status.gaps,
            status.lag
        );
    }
    (delivered, status.is_some())
}

fn open(s: &mut Session, ask: Connect) {
    s.client.connects.retain(|at| at + 1_000 > s.clock.now);
    s.client.connects.push(s.clock.now);
    if s.client.connects.len() > 30 {
        return s.fail(Class::Stuck, "thirty requests a second".into());
    }
    let id = s.server.conns.len();
    trace!(s, "client: #{id} asks: after {:?}{}", ask.last_event_id, if ask.latest { ", latest" } else { "" });
    let renew = ask.refresh_token;
    let mut conn = Conn::new(&mut s.rng, &s.clock, s.client.stream, ask);
    conn.client_life = s.client.life;
    s.server.conns.push(conn);
    s.client.socket = Some(id);
    if s.client.is_paused {
        // The driver polls nothing while nobody reads, not even the request.
        s.client.unsent = true;
    } else {
        send(s, id, renew);
    }
}

/// Gets the token, then sends the request.
fn send(s: &mut Session, id: usize, renew: bool) {
    let needs_new = match s.plan.credential {
        Credential::Text => false,
        Credential::Refresh => renew || s.client.is_expired,
        Credential::Function => true,
    };
    let latency = s.server.conns[id].latency(&mut s.rng) + if needs_new { s.rng.range(0, 300) } else { 0 };
    if s.client.is_offline {
        let conn = &mut s.server.conns[id];
        return conn.send(&mut s.clock, &mut s.rng, id, Packet::Reset);
    }
    if needs_new {
        s.client.token = s.server.valid_token;
        s.client.is_expired = false;
    }
    s.server.conns[id].token = s.client.token;
    s.clock.after(latency, Event::Request(id));
}

/// The reader takes bytes again: the request that waited leaves, and what waits in the socket is read.
pub fn read_on(s: &mut Session) {
    if let Some(id) = s.client.socket.filter(|_| core::mem::take(&mut s.client.unsent)) {
        let renew = s.server.conns[id].ask.refresh_token;
        send(s, id, renew);
    }
    while let Some(id) = s.client.socket.filter(|_| !s.client.is_paused && s.broken.is_none()) {
        if s.server.conns[id].inbox.front().is_none_or(|(at, _)| *at > s.clock.now) {
            break;
        }
        arrive(s, id);
    }
}

/// Something waits in the socket.
pub fn arrive(s: &mut Session, id: usize) {
    if s.client.is_paused || s.client.socket != Some(id) {
        return;
    }
    let conn = &mut s.server.conns[id];
    if conn.inbox.front().is_none_or(|(at, _)| *at > s.clock.now) {
        return;
    }
    let Some((_, packet)) = conn.inbox.pop_front() else { return };
    let input = match packet {
        Packet::Bytes(bytes) => Input::Bytes(id, bytes),
        Packet::Head(head) => {
            // What the server asks for counts from when it is read.
            if let Some(wish) = head.retry_after_ms {
                s.faults.touch(s.clock.now + wish.min(60_000));
            }
            if head.status == 204 || !(200..300).contains(&head.status) || !head.is_event_stream {
                conn.close();
                s.client.socket = None;
            }
            Input::Head(id, head)
        }
        Packet::End | Packet::Reset => {
            conn.close();
            s.client.socket = None;
            if matches!(packet, Packet::End) { Input::End } else { Input::Reset }
        }
    };
    step(s, input);
}

/// Something of a connection that was aborted. Made up when nothing of it was left.
pub fn late(s: &mut Session, id: usize) {
    let attempt = s.server.conns[id].attempt;
    if attempt == s.rules.attempt || s.server.conns[id].client_life != s.client.life {
        return;
    }
    let packet = s.server.conns[id].inbox.pop_front().map(|(_, packet)| packet);
    let late = match packet {
        Some(Packet::Head(_)) => Late::Head,
        Some(Packet::Bytes(bytes)) => Late::Bytes(bytes),
        Some(Packet::End) => Late::End,
        Some(Packet::Reset) => Late::Reset,
        None => match s.rng.below(4) {
            0 => Late::Head,
            1 => Late::Bytes(b"event: error\ndata: {}\n\n".to_vec()),
            2 => Late::End,
            _ => Late::Reset,
        },
    };
    let again = !s.server.conns[id].inbox.is_empty();
    step(s, Input::Late(attempt, late));
    if again {
        s.clock.after(1, Event::Late(id));
    }
}

/// As the driver does: a timer that fires early is kept, one that would fire late is set anew.
fn set_timer(s: &mut Session, now: u64) {
    let Some(due) = s.client.core.poll_timeout() else {
        s.client.timer = None;
        return;
    };
    if s.client.timer.is_some_and(|timer| timer <= due) {
        return;
    }
    s.client.timer = Some(due);
    s.client.timer_generation += 1;
    let mut at = s.clock.now + due.saturating_sub(now).max(1) + s.rng.below(4);
    if s.client.is_hidden {
        at = at.next_multiple_of(1_000);
    }
    s.clock.at(at, Event::Timer(s.client.timer_generation));
}

pub fn timer(s: &mut Session, generation: u32) {
    if s.client.timer.is_some() && generation == s.client.timer_generation {
        s.client.timer = None;
        step(s, Input::Timer);
    }
}

/// What the old subscription had left is given to the new one's readers, which is wrong.
pub fn flush_late(s: &mut Session) {
    s.client.core.stop();
    hand_over(s, u64::MAX >> 1);
}

/// Whether the driver is the wrong version of itself that is so called. The core has its own.
pub fn is_mutant(_name: &str) -> bool {
    #[cfg(feature = "mutants")]
    return runstream::is_mutant(_name);
    #[cfg(not(feature = "mutants"))]
    false
}

/// Ends the subscription as a whole, as a page does that goes away.
pub fn drop_core(s: &mut Session) {
    if let Some(id) = s.client.socket.take() {
        s.server.conns[id].close();
    }
    s.client.timer = None;
}
