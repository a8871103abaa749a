//! The gateway and what is behind it, written from the wire's description: S2 for v2, Redis for v1.

use crate::clock::Event;
use crate::faults;
use crate::log::{Entry, Life, Stream};
use crate::network::{Conn, Frame, Hold, Mark, Packet};
use crate::session::Session;
use crate::trace;
use runstream::Response;
use runstream::wire::Version;
use std::collections::VecDeque;

pub struct Server {
    pub streams: Vec<Stream>,
    pub conns: Vec<Conn>,
    /// The token it accepts.
    pub valid_token: u32,
    /// Answers that are settled before anybody looks at the request.
    pub forced: VecDeque<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Status(u16),
    /// With a `Retry-After`, in milliseconds.
    After(u16, u64),
    /// 200, but no event stream.
    Other(&'static str),
    /// 200, and the body is cut at once.
    Drop,
}

/// A request has reached the gateway.
pub fn answer(s: &mut Session, id: usize) {
    if !s.server.conns[id].is_open {
        return;
    }
    if let Some(answer) = s.server.forced.pop_front() {
        return forced(s, id, answer);
    }
    let replay = match faults::on_request(s, id) {
        faults::OnRequest::Answered => return,
        faults::OnRequest::Serve { delay, replay } => {
            s.server.conns[id].delay(&s.clock, delay);
            replay
        }
    };
    if s.server.conns[id].token != s.server.valid_token {
        let status = if s.rng.percent(70) { 401 } else { 403 };
        return refuse(s, id, status);
    }
    accept(s, id, replay);
}

pub fn forced(s: &mut Session, id: usize, answer: Answer) {
    s.faults.touch(s.clock.now);
    match answer {
        Answer::Status(status) => refuse(s, id, status),
        Answer::After(status, ms) => {
            let head = Response { status, retry_after_ms: Some(ms), ..Response::default() };
            head_only(s, id, head);
        }
        Answer::Other(content_type) => {
            head_only(s, id, Response { status: 200, detail: content_type.into(), ..Response::default() });
        }
        Answer::Drop => {
            greet(s, id);
            let packet = if s.rng.percent(50) { Packet::End } else { Packet::Reset };
            s.server.conns[id].cut(&mut s.clock, &mut s.rng, id, packet);
        }
    }
}

pub fn refuse(s: &mut Session, id: usize, status: u16) {
    head_only(s, id, Response { status, detail: "{\"error\":\"…\"}".into(), ..Response::default() });
}

fn head_only(s: &mut Session, id: usize, head: Response) {
    trace!(s, "server: #{id} answers {} {:?}", head.status, head.retry_after_ms);
    s.server.conns[id].send(&mut s.clock, &mut s.rng, id, Packet::Head(head));
}

/// `replay`: begins there, whatever the request says.
fn accept(s: &mut Session, id: usize, replay: Option<u64>) {
    let is_v1 = s.plan.is_v1;
    let conn = &mut s.server.conns[id];
    let stream = &s.server.streams[conn.stream];
    let life = stream.life();
    conn.life = stream.current();
    let asked = conn.ask.last_event_id.as_deref();
    conn.next = match (replay, asked) {
        (Some(at), _) => at,
        (None, Some(value)) if is_v1 => after_id(life, value),
        (None, Some(value)) => number(value.split('-').next().unwrap_or("")).map_or(0, |n| n.saturating_add(1)),
        (None, None) if conn.ask.latest && s.plan.honours_latest => life.tail(),
        (None, None) => 0,
    };
    conn.next = conn.next.min(life.tail());
    conn.is_served = true;
    (conn.last_data, conn.last_sent) = (s.clock.now, s.clock.now);
    trace!(s, "server: #{id} accepted, from {} of {}", conn.next, life.tail());
    greet(s, id);
    serve(s, id);
    window(s, id);
    if is_v1 {
        let generation = s.server.conns[id].generation;
        s.clock.after(5_000, Event::Ping(id, generation));
    }
}

/// The head of an event stream.
fn greet(s: &mut Session, id: usize) {
    let version = (!s.plan.is_v1 && s.plan.shows_version).then_some(Version::V2);
    let head = Response { status: 200, version, is_event_stream: true, ..Response::default() };
    s.server.conns[id].send(&mut s.clock, &mut s.rng, id, Packet::Head(head));
}

/// JavaScript's `Number`, as far as it matters: digits or not.
fn number(text: &str) -> Option<u64> {
    if text.trim().is_empty() {
        return Some(0);
    }
    text.trim().parse().ok()
}

/// The first record of the first Redis entry behind `value`.
fn after_id(life: &Life, value: &str) -> u64 {
    let mut fields = value.splitn(2, '-').map(str::parse::<u64>);
    let (Some(Ok(ms)), Some(Ok(seq))) = (fields.next(), fields.next().or(Some(Ok(0)))) else { return life.tail() };
    life.records.partition_point(|record| record.id <= (ms, seq)) as u64
}

/// Sends what there is to send.
pub fn serve(s: &mut Session, id: usize) {
    let conn = &mut s.server.conns[id];
    conn.is_scheduled = false;
    if !conn.is_served || conn.life != s.server.streams[conn.stream].current() {
        return;
    }
    loop {
        let conn = &mut s.server.conns[id];
        if !conn.is_served {
            return;
        }
        let life = s.server.streams[conn.stream].life();
        let frame = if s.plan.is_v1 { line(conn, life) } else { batch(conn, life) };
        let Some(frame) = frame else { break };
        (conn.last_data, conn.last_sent) = (s.clock.now, s.clock.now);
        faults::emit(s, id, frame);
    }
    let conn = &mut s.server.conns[id];
    if !s.plan.is_v1 && !conn.is_live {
        conn.is_live = true;
        ping(s, id);
    }
    let conn = &mut s.server.conns[id];
    conn.flush(&mut s.clock, &mut s.rng, id);
}

/// Up to 1000 records and 1 MiB. The tail only when the reader has caught up before.
fn batch(conn: &mut Conn, life: &Life) -> Option<Frame> {
    let (mut positions, mut size) = (Vec::new(), 0);
    let mut bytes = b"data: {\"records\":[".to_vec();
    let mut is_readable = true;
    while let Some(record) = life.records.get(conn.next as usize) {
        if !record.is_gone {
            let is_full = positions.len() >= conn.batch_max || size + record.metered > 1 << 20;
            if is_full && !positions.is_empty() {
                break;
            }
            if !positions.is_empty() {
                bytes.push(b',');
            }
            bytes.extend_from_slice(life.wire(record));
            positions.push(conn.next);
            size += record.metered;
            is_readable &= !record.is_poisoned;
        }
        conn.next += 1;
    }
    let last = *positions.last()?;
    conn.counted = (conn.counted.0 + positions.len() as u64, conn.counted.1 + size as u64);
    bytes.push(b']');
    let tail = conn.is_live.then(|| life.tail());
    if let Some(tail) = tail {
        bytes.extend_from_slice(format!(",\"tail\":{{\"seq_num\":{tail},\"timestamp\":0}}").as_bytes());
    }
    bytes.extend_from_slice(if is_readable { b"}\n\n" } else { b",}\n\n" });
    let head = format!("event: batch\nid: {last},{},{}\n", conn.counted.0, conn.counted.1);
    bytes.splice(0..0, head.into_bytes());
    let mark = if is_readable { Mark::Batch(positions, tail) } else { Mark::Unreadable };
    Some(Frame { bytes, mark: Some(mark) })
}

fn line(conn: &mut Conn, life: &Life) -> Option<Frame> {
    let record = life.records.get(conn.next as usize)?;
    conn.next += 1;
    Some(Frame { bytes: life.wire(record).to_vec(), mark: Some(Mark::Part(conn.next - 1)) })
}

/// A sign of life, and the plan for the next one.
pub fn ping(s: &mut Session, id: usize) {
    let conn = &mut s.server.conns[id];
    if !conn.is_served {
        return;
    }
    let generation = conn.generation;
    if s.plan.is_v1 {
        if s.clock.now - conn.last_sent >= 10_000 {
            conn.last_sent = s.clock.now;
            faults::emit(s, id, Frame { bytes: b": ping\n\n".to_vec(), mark: None });
        }
        s.clock.after(5_000, Event::Ping(id, generation));
    } else {
        let life = s.server.streams[conn.stream].life();
        let is_stalled = matches!(conn.hold, Hold::Stall(_));
        // A replica that lags behind does not know the tail either.
        let tail = if is_stalled && s.rng.percent(50) { conn.next.min(life.tail()) } else { life.tail() };
        let now = s.clock.now;
        let text = format!(
            "event: ping\ndata: {{\"timestamp\":{now},\"tail\":{{\"seq_num\":{tail},\"timestamp\":{now}}}}}\n\n"
        );
        faults::emit(s, id, Frame { bytes: text.into_bytes(), mark: Some(Mark::Ping(tail)) });
        let ms = s.rng.range(5_000, 15_000);
        s.clock.after(ms, Event::Ping(id, generation));
    }
    s.server.conns[id].flush(&mut s.clock, &mut s.rng, id);
}

/// Looks whether the read window is over, and when to look again.
pub fn window(s: &mut Session, id: usize) {
    let conn = &mut s.server.conns[id];
    if !conn.is_served {
        return;
    }
    let wait = u64::from(s.plan.timeout_seconds) * 1_000;
    let idle = s.clock.now - conn.last_data;
    let generation = conn.generation;
    if idle < wait {
        // v1 looks at the end of each block of five seconds.
        let ms = if s.plan.is_v1 { 5_000 } else { wait - idle };
        return s.clock.after(ms, Event::Idle(id, generation));
    }
    trace!(s, "server: #{id} window over");
    release(s, id);
    let conn = &mut s.server.conns[id];
    if !s.plan.is_v1 {
        conn.push(Frame { bytes: b"data: [DONE]\n\n".to_vec(), mark: Some(Mark::Done) });
    }
    conn.cut(&mut s.clock, &mut s.rng, id, Packet::End);
}

/// What a proxy held back goes on.
pub fn release(s: &mut Session, id: usize) {
    let conn = &mut s.server.conns[id];
    match core::mem::take(&mut conn.hold) {
        Hold::No => {}
        Hold::Swap(frame) => conn.push(frame),
        Hold::Stall(frames) => frames.into_iter().for_each(|frame| conn.push(frame)),
    }
    conn.flush(&mut s.clock, &mut s.rng, id);
}

/// Something was appended: whoever reads the stream gets it soon.
pub fn appended(s: &mut Session, stream: usize) {
    for id in 0..s.server.conns.len() {
        let conn = &mut s.server.conns[id];
        if conn.is_served && !conn.is_scheduled && conn.stream == stream {
            conn.is_scheduled = true;
            let ms = s.rng.range(0, 20);
            s.clock.after(ms, Event::Serve(id));
        }
    }
}

/// Deletes the stream under its readers and creates it again.
pub fn recreate(s: &mut Session, stream: usize) {
    for id in 0..s.server.conns.len() {
        let conn = &mut s.server.conns[id];
        if conn.is_served && conn.stream == stream {
            release(s, id);
            let conn = &mut s.server.conns[id];
            let text = "event: error\ndata: {\"code\":\"unavailable\",\"message\":\"streamer missing in action\"}\n\n";
            conn.push(Frame { bytes: text.into(), mark: Some(Mark::Error) });
            conn.cut(&mut s.clock, &mut s.rng, id, Packet::End);
        }
    }
    s.server.streams[stream].lives.push(Life::default());
}

/// Drops the records before `first`, and says so in a command record, as S2 does.
pub fn trim(s: &mut Session, stream: usize, first: u64) {
    let now = s.clock.now;
    let life = s.server.streams[stream].life_mut();
    for record in &mut life.records[..first as usize] {
        record.is_gone = true;
    }
    let headers = "[[\"\",\"trim\"]]";
    let new = crate::log::New { entry: Entry::Command, headers, body: b"\0\0\0\0\0\0\0\x09", ..Default::default() };
    life.append(now, new);
    appended(s, stream);
}
