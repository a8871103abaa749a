//! What goes wrong, and when: one fault after the other, each counted when it has taken effect.

use crate::actions;
use crate::clock::Event;
use crate::network::{Frame, Hold, Mark, Packet};
use crate::server;
use crate::session::Session;
use crate::trace;

/// When a fault can act: at once, on the next request, or on the next frame (of any kind, or with records).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Now,
    Request,
    Frame,
    Records,
}

macro_rules! kinds {
    ($($kind:ident $name:literal $when:ident $weight:literal $on_v1:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($kind),* }

        /// Every kind: its name, when it acts, how often it is drawn, and whether v1 can bear it.
        pub const KINDS: &[(Kind, &str, When, u64, bool)] =
            &[$((Kind::$kind, $name, When::$when, $weight, $on_v1)),*];
    };
}

kinds! {
    Reset "reset at a byte" Frame 60 true,
    Eof "clean end without [DONE]" Frame 60 true,
    EofInEvent "end inside an event" Frame 40 true,
    EarlyDone "[DONE] early" Frame 40 false,
    ErrorEvent "event: error" Frame 40 false,
    Stall "stall without pings" Frame 40 true,
    StallWithPings "stall with pings" Frame 30 false,
    Drip "slow drip" Frame 20 true,
    RetryField "retry: field" Frame 10 true,
    AcceptThenDrop "accepted, then dropped" Request 30 true,
    SlowHead "delayed headers" Request 30 true,
    Refused401 "401" Request 30 true,
    Refused403 "403" Request 20 true,
    RefusedTwice "401 and again after the refresh" Request 10 true,
    Status408 "408" Request 20 true,
    Status425 "425" Request 20 true,
    Status429 "429" Request 20 true,
    Status500 "500" Request 20 true,
    Status502 "502" Request 20 true,
    Status503 "503" Request 20 true,
    Status504 "504" Request 20 true,
    RetryAfter "429 or 503 with Retry-After" Request 30 true,
    NotFound "404" Request 10 true,
    Gone "410 and the like" Request 10 true,
    NoContent "204" Request 10 true,
    Html "200 with html" Request 30 true,
    WrongType "200 with another content type" Request 20 true,
    Redirect "redirect" Request 20 true,
    ReplayAll "replay from 0" Request 50 true,
    ReplayEarlier "replay from earlier" Request 50 true,
    Duplicate "duplicate batch" Records 40 false,
    Swallow "swallowed batch" Records 40 false,
    Reorder "out of order" Records 40 false,
    Corrupt "corrupted byte" Records 40 false,
    Malformed "malformed batch" Records 30 false,
    Poison "malformed batch every time" Records 10 false,
    TooLarge "oversized event" Frame 1 true,
    WriterRetry "duplicate by the writer, new position" Now 80 false,
    Trim "trimmed head" Now 30 false,
    Hole "records lost by the server" Now 30 false,
    Recreate "stream deleted and recreated" Now 30 false,
    Others "command and control records" Now 30 false,
    Large "a large part" Now 4 true,
    Expiry "token expiry" Now 30 true,
    ClockJump "clock jump" Now 30 true,
    Sleep "sleep" Now 40 true,
    Offline "offline and online" Now 40 true,
    Hidden "hidden and visible" Now 40 true,
    Bfcache "back/forward cache" Now 30 true,
    Slow "slow consumer" Now 40 true,
    Throw "throwing consumer" Frame 10 true,
    StopResume "stop and resume" Now 40 true,
    KeyChange "key change" Now 20 true,
    Reload "reload with a lastEventId" Now 30 true,
}

pub struct Faults {
    /// By kind, how often it took effect.
    pub fired: [u32; KINDS.len()],
    pub count: u32,
    wanted: u32,
    drawn: u32,
    pub armed: Option<Kind>,
    pub generation: u32,
    /// When the last one was over.
    pub last_end: u64,
    pub is_over: bool,
    /// The one that ends the session has been drawn; has fired.
    pub is_final: bool,
    pub has_ended: bool,
}

impl Faults {
    pub fn new(wanted: u32, now: u64) -> Self {
        Self {
            fired: [0; KINDS.len()],
            count: 0,
            wanted,
            drawn: 0,
            armed: None,
            generation: 0,
            last_end: now,
            is_over: false,
            is_final: false,
            has_ended: false,
        }
    }

    /// A fault lasts until `time` at least.
    pub fn touch(&mut self, time: u64) {
        self.last_end = self.last_end.max(time);
    }
}

/// It is time for a fault: the one before has fired, or found no occasion.
pub fn draw(s: &mut Session, generation: u32) {
    if generation != s.faults.generation || s.faults.is_over {
        return;
    }
    s.faults.armed = None;
    if s.faults.count >= s.faults.wanted || s.faults.drawn > s.faults.wanted * 8 {
        s.faults.is_over = true;
        s.faults.touch(s.clock.now);
        return s.faults_are_over();
    }
    s.faults.drawn += 1;
    let is_last = s.faults.count + 1 == s.faults.wanted && !s.plan.is_recoverable;
    let (kind, _, when, ..) = if is_last { actions::last(s) } else { any(s) };
    trace!(s, "fault: {kind:?}");
    s.faults.armed = Some(kind);
    // If it does not fire, another one is drawn.
    s.faults.generation += 1;
    let patience = s.rng.range(5_000, 30_000);
    s.clock.after(patience, Event::Fault(s.faults.generation));
    match when {
        When::Now => {
            let fired = actions::act(s, kind);
            if s.faults.armed.is_some() && fired {
                fire(s, kind);
            } else if !fired {
                s.faults.generation += 1;
                s.clock.after(50, Event::Fault(s.faults.generation));
            }
        }
        When::Request => actions::cut(s),
        When::Frame | When::Records => actions::poke_writer(s),
    }
}

fn any(s: &mut Session) -> (Kind, &'static str, When, u64, bool) {
    let allowed = KINDS.iter().filter(|(.., on_v1)| *on_v1 || !s.plan.is_v1);
    let total: u64 = allowed.clone().map(|(_, _, _, weight, _)| weight).sum();
    let mut left = s.rng.below(total);
    for spec in allowed {
        if left < spec.3 {
            return *spec;
        }
        left -= spec.3;
    }
    KINDS[0]
}

/// A fault has taken effect.
pub fn fire(s: &mut Session, kind: Kind) {
    trace!(s, "fault: {kind:?} fired");
    s.faults.fired[kind as usize] += 1;
    s.faults.count += 1;
    s.faults.armed = None;
    s.faults.has_ended = s.faults.is_final;
    s.faults.touch(s.clock.now);
    s.faults.generation += 1;
    let gap = match s.rng.below(10) {
        0..3 => s.rng.range(0, 50),
        3..8 => s.rng.range(0, 2_000),
        _ => s.rng.range(0, 15_000),
    };
    s.clock.after(gap, Event::Fault(s.faults.generation));
}

pub enum OnRequest {
    Answered,
    /// Served as always; `replay` says from where.
    Serve {
        delay: u64,
        replay: Option<u64>,
    },
}

/// A request is at the server. The armed fault may answer it.
pub fn on_request(s: &mut Session, id: usize) -> OnRequest {
    let serve = OnRequest::Serve { delay: 0, replay: None };
    let Some(kind) = s.faults.armed.filter(|kind| KINDS[*kind as usize].2 == When::Request) else { return serve };
    let life = s.server.streams[s.server.conns[id].stream].life();
    let received = &s.rules.received;
    let cursor = if s.plan.is_v1 { received.lines } else { received.next.unwrap_or(0) };
    let mut answers = vec![];
    let result = match kind {
        Kind::SlowHead => {
            let delay = s.rng.range(1_000, 40_000);
            OnRequest::Serve { delay, replay: None }
        }
        Kind::Redirect => {
            let delay = s.rng.range(20, 2_000);
            OnRequest::Serve { delay, replay: None }
        }
        Kind::ReplayAll | Kind::ReplayEarlier if cursor == 0 => return serve,
        Kind::ReplayAll => OnRequest::Serve { delay: 0, replay: Some(0) },
        Kind::ReplayEarlier => {
            let from = cursor.min(life.tail()).saturating_sub(s.rng.range(1, 30));
            // A v1 server knows whole entries only.
            let entry = life.records.get(from as usize).map(|record| record.id);
            let replay =
                if s.plan.is_v1 { life.records.partition_point(|record| Some(record.id) < entry) as u64 } else { from };
            OnRequest::Serve { delay: 0, replay: Some(replay) }
        }
        _ => {
            answers = actions::answers(s, kind);
            OnRequest::Answered
        }
    };
    fire(s, kind);
    if let Some((first, rest)) = answers.split_first() {
        s.server.forced.extend(rest);
        server::forced(s, id, *first);
    }
    result
}

/// A frame leaves the server. The armed fault may do something to it.
pub fn emit(s: &mut Session, id: usize, frame: Frame) {
    let is_current = s.client.socket == Some(id);
    let has_records = matches!(frame.mark, Some(Mark::Batch(..) | Mark::Part(_)));
    let armed = s.faults.armed.filter(|kind| match KINDS[*kind as usize].2 {
        When::Frame => is_current,
        When::Records => is_current && has_records,
        _ => false,
    });
    let conn = &s.server.conns[id];
    let is_behind = has_records && !matches!(conn.hold, Hold::No);
    if let Some(kind) = armed
        && !conn.is_mute
        && !is_behind
        && let Some(frame) = crate::frames::disturb(s, id, kind, &frame)
    {
        fire(s, kind);
        let conn = &mut s.server.conns[id];
        return if let Some(frame) = frame {
            conn.push(frame)
        };
    }
    let conn = &mut s.server.conns[id];
    if !has_records && !matches!(frame.mark, Some(Mark::Unreadable)) {
        return conn.push(frame);
    }
    match core::mem::take(&mut conn.hold) {
        Hold::No => conn.push(frame),
        Hold::Swap(first) => {
            conn.push(frame);
            conn.push(first);
        }
        Hold::Stall(mut frames) => {
            frames.push(frame);
            conn.hold = Hold::Stall(frames);
        }
    }
}

/// Cuts a connection from the server's side.
pub fn cut(s: &mut Session, id: usize, packet: Packet) {
    s.server.conns[id].cut(&mut s.clock, &mut s.rng, id, packet);
}
