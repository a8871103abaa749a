//! The faults that somebody commits: the server's process, the writer, the machine, the application.

use crate::client::{Credential, Input};
use crate::clock::Event;
use crate::driver::{self, step};
use crate::faults::{KINDS, Kind, When};
use crate::network::Packet;
use crate::rules::Phase;
use crate::server::{self, Answer};
use crate::session::Session;
use runstream::Start;

/// What ends a session that does not recover.
pub fn last(s: &mut Session) -> (Kind, &'static str, When, u64, bool) {
    s.faults.is_final = true;
    let kinds: &[Kind] = if s.plan.is_v1 {
        &[Kind::RefusedTwice, Kind::NotFound, Kind::Gone, Kind::NoContent, Kind::StopResume]
    } else {
        use Kind::*;
        &[RefusedTwice, NotFound, Gone, NoContent, StopResume, RefusedTwice, NotFound, Gone, Poison, Poison]
    };
    let kind = if s.rng.percent(1) { Kind::TooLarge } else { s.rng.pick(kinds) };
    KINDS[kind as usize]
}

/// What the server says to the next requests.
pub fn answers(s: &mut Session, kind: Kind) -> Vec<Answer> {
    let again = s.rng.pick(&[1, 1, 1, 2, 4]);
    let one = match kind {
        Kind::Refused401 | Kind::Refused403 => {
            s.server.valid_token += 1;
            return vec![Answer::Status(if kind == Kind::Refused401 { 401 } else { 403 })];
        }
        Kind::RefusedTwice => {
            s.server.valid_token += 1;
            let first = s.rng.pick(&[401, 403]);
            return vec![Answer::Status(first), Answer::Status(s.rng.pick(&[401, 403]))];
        }
        Kind::AcceptThenDrop => return vec![Answer::Drop; s.rng.range(2, 14) as usize],
        Kind::Status408 => Answer::Status(408),
        Kind::Status425 => Answer::Status(425),
        Kind::Status429 => Answer::Status(429),
        Kind::Status500 => Answer::Status(500),
        Kind::Status502 => Answer::Status(502),
        Kind::Status503 => Answer::Status(503),
        Kind::Status504 => Answer::Status(504),
        Kind::RetryAfter => {
            let ms = s.rng.pick(&[0, 1_000, 2_000, 5_000, 20_000, 60_000, 300_000]);
            return vec![Answer::After(s.rng.pick(&[429, 503]), ms)];
        }
        // Three are final on a first connection, one is later. One or two are the first connection's grace.
        Kind::NotFound => return vec![Answer::Status(404); if s.faults.is_final { 3 } else { again }],
        Kind::Gone => return vec![Answer::Status(s.rng.pick(&[400, 405, 409, 410, 413, 416, 422]))],
        Kind::NoContent => return vec![Answer::Status(204)],
        Kind::Html => Answer::Other("text/html"),
        _ => Answer::Other("application/json"),
    };
    vec![one; again]
}

/// Cuts the current connection, so that there is another request.
pub fn cut(s: &mut Session) {
    let Some(id) = s.client.socket.filter(|&id| s.server.conns[id].is_served) else { return };
    let packet = if s.rng.percent(50) { Packet::End } else { Packet::Reset };
    crate::faults::cut(s, id, packet);
    s.faults.touch(s.clock.now);
}

/// The writer writes soon, so that there is a frame.
pub fn poke_writer(s: &mut Session) {
    if s.writer.waits {
        return;
    }
    let (count, stream) = (s.rng.range(1, 6), s.client.stream);
    s.writer.write_parts(&s.clock, &mut s.rng, &mut s.server.streams, stream, count);
    server::appended(s, stream);
}

/// Commits a fault that acts at once. False if there is no occasion for it.
pub fn act(s: &mut Session, kind: Kind) -> bool {
    let (now, stream) = (s.clock.now, s.client.stream);
    let is_writing =
        matches!(kind, Kind::WriterRetry | Kind::Trim | Kind::Hole | Kind::Recreate | Kind::Others | Kind::Large);
    if is_writing && s.writer.waits {
        return false;
    }
    match kind {
        Kind::WriterRetry => {
            if s.rng.percent(50) {
                cut(s);
            }
            let count = s.writer.retry(&s.clock, &mut s.rng, &mut s.server.streams, stream);
            server::appended(s, stream);
            return count > 0;
        }
        Kind::Trim => return trim(s, stream),
        Kind::Hole => return hole(s, stream),
        Kind::Recreate => return recreate(s, stream),
        Kind::Others => {
            for _ in 0..s.rng.range(1, 5) {
                s.writer.write_other(&s.clock, &mut s.rng, &mut s.server.streams, stream);
            }
            server::appended(s, stream);
        }
        Kind::Large => {
            s.writer.write_large(&s.clock, &mut s.rng, &mut s.server.streams, stream);
            server::appended(s, stream);
        }
        Kind::Expiry => {
            s.server.valid_token += 1;
            s.client.is_expired = true;
            cut(s);
        }
        Kind::ClockJump => {
            let ms = s.rng.pick(&[500, 10_000, 25_000, 3_600_000]);
            if s.rng.percent(40) {
                s.client.skew -= ms;
                s.faults.touch(now + begins_anew(s, now));
            } else {
                s.client.skew += ms;
            }
        }
        Kind::Sleep | Kind::Bfcache => {
            let ms = s.rng.pick(&[1_000, 5_000, 15_000, 30_000, 70_000, 600_000]) + s.rng.range(0, 900);
            freeze(s, ms, kind == Kind::Bfcache);
        }
        Kind::Offline => {
            if s.client.is_offline {
                return false;
            }
            let ms = s.rng.pick(&[100, 2_000, 12_000, 30_000]) + s.rng.range(0, 900);
            s.client.is_offline = true;
            lose_socket(s, ms);
            s.faults.touch(now + ms);
            s.clock.after(ms, Event::Online);
        }
        Kind::Hidden => {
            let ms = s.rng.pick(&[5, 200, 3_000, 20_000, 60_000]);
            s.client.is_hidden = true;
            s.client.visibility += 1;
            s.faults.touch(now + ms);
            s.clock.after(ms, Event::Visible(s.client.visibility));
        }
        Kind::Slow => {
            if s.client.is_paused || !matches!(s.rules.phase, Phase::Live { .. }) {
                return false;
            }
            let ms = s.rng.pick(&[50, 1_000, 10_000, 40_000, 90_000]) + s.rng.range(0, 900);
            s.client.is_paused = true;
            s.faults.touch(now + ms);
            s.clock.after(ms, Event::Unpause);
            step(s, Input::Pause(true));
        }
        Kind::StopResume => {
            if s.rules.is_over() && !s.faults.is_final {
                return false;
            }
            step(s, Input::Stop);
        }
        Kind::KeyChange => s.change_key(),
        Kind::Reload => s.reload(),
        _ => return false,
    }
    true
}

/// Trims beyond what the reader has, if there is anything.
fn trim(s: &mut Session, stream: usize) -> bool {
    if s.rng.percent(60) {
        cut(s);
    }
    let count = s.rng.range(1, 8);
    s.writer.write_parts(&s.clock, &mut s.rng, &mut s.server.streams, stream, count);
    let tail = s.server.streams[stream].life().tail();
    let has = s.rules.received.next.unwrap_or(0).min(tail - 1);
    let first = s.rng.range(has + 1, tail);
    server::trim(s, stream, first);
    true
}

/// The server acknowledged records, and lost them.
fn hole(s: &mut Session, stream: usize) -> bool {
    let from = s.server.streams[stream].life().tail() as usize;
    let count = s.rng.range(1, 5);
    s.writer.write_parts(&s.clock, &mut s.rng, &mut s.server.streams, stream, count);
    for record in &mut s.server.streams[stream].life_mut().records[from..] {
        record.is_gone = true;
    }
    s.writer.write_parts(&s.clock, &mut s.rng, &mut s.server.streams, stream, 1);
    server::appended(s, stream);
    true
}

/// Deleted and created again. The new one must not outgrow the reader's cursor before he could see that it is new.
fn recreate(s: &mut Session, stream: usize) -> bool {
    // What the application holds: after a reload the reader may be no further.
    let cursor = s.client.cursor.as_ref().and_then(|cursor| cursor.parse::<u64>().ok());
    let Some(cursor) = cursor.filter(|_| s.rules.received.is_settled && s.oracle.reset_to.is_none()) else {
        return false;
    };
    server::recreate(s, stream);
    (s.writer.waits, s.writer.is_seen) = (true, false);
    let count = s.rng.range(0, cursor.min(4));
    s.writer.write_parts(&s.clock, &mut s.rng, &mut s.server.streams, stream, count);
    true
}

/// Everything on the client's side stands still. The server goes on, and may give up.
fn freeze(s: &mut Session, ms: u64, is_page: bool) {
    let until = s.clock.now + ms;
    s.client.frozen_until = s.client.frozen_until.max(until);
    s.faults.touch(s.client.frozen_until + begins_anew(s, s.client.frozen_until));
    if is_page || s.rng.percent(50) {
        lose_socket(s, ms);
    }
    s.client.wakes = is_page || s.rng.percent(50);
    s.clock.at(s.client.frozen_until, Event::Thaw);
}

/// How much longer a wait may take for a client whose clock, at `time`, shows less than when it last looked: what had passed
/// of the wait since then is forgotten, and it begins anew.
fn begins_anew(s: &Session, time: u64) -> u64 {
    if !s.client.is_behind(time) {
        return 0;
    }
    match s.rules.phase {
        Phase::Waiting { latest, .. } => 2 * latest.saturating_sub(s.client.last_now()),
        _ => 40_000,
    }
}

/// The connection is dead: the client is told at once, when it can be told, or never.
fn lose_socket(s: &mut Session, ms: u64) {
    let Some(id) = s.client.socket else { return };
    let conn = &mut s.server.conns[id];
    match s.rng.below(3) {
        0 => conn.cut(&mut s.clock, &mut s.rng, id, Packet::Reset),
        1 => {
            conn.send_after(&mut s.clock, &mut s.rng, id, ms, Packet::Reset);
            conn.stop_serving();
        }
        _ => conn.is_mute = true,
    }
    s.server.conns[id].is_mute = true;
}

/// Where a subscription to a stream begins, for the oracle.
pub fn first_position(start: &Start) -> Option<u64> {
    match start {
        Start::Beginning => Some(0),
        Start::Latest => None,
        Start::Index(n) => Some(*n),
        Start::After(id) => id.parse::<u64>().ok().map(|n| n + 1),
    }
}

/// The application reacts to a subscription that is over.
pub fn react(s: &mut Session) {
    if s.stays_over() {
        return;
    }
    let ms = s.rng.pick(&[10, 300, 2_000, 8_000]);
    let life = s.client.life;
    let event = match s.rules.phase {
        Phase::Failed(runstream::Code::Unauthorized) if s.rng.percent(70) => Event::NewToken(life),
        _ => Event::Resume(life),
    };
    s.clock.after(ms, event);
    if !s.faults.is_over {
        s.faults.touch(s.clock.now + ms);
    }
}

/// What was wrong for good is mended before the application tries again.
pub fn mend(s: &mut Session) {
    let stream = s.client.stream;
    for record in &mut s.server.streams[stream].life_mut().records {
        record.is_poisoned = false;
    }
    if s.plan.credential != Credential::Function {
        s.client.token = s.server.valid_token;
        s.client.is_expired = false;
    }
}

pub fn wake(s: &mut Session) {
    step(s, Input::Wake);
    driver::read_on(s);
}
