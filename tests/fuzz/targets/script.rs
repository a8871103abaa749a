//! The state machine under a script of everything that can happen to it, in any order.
//!
//! An *honest* script plays a server that has a log and serves it as real ones do: it cuts, stalls, replays, reorders,
//! eats a record once, corrupts a batch, refuses, but never lies about what was written. Then every part of the log
//! must be delivered once and in order, and after the last fault all of it. A *hostile* script says anything at all.
//! Both must never panic, never have two connections, never ask to be woken in a past that handling does not clear,
//! never hold more than they were sent, and never move the cursor back but for a `reset`.

#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use runstream::wire::{Version, is_json};
use runstream::{Action, Config, Response, Start, StatusKind, Subscription};

/// Scripts do not begin at the beginning of time.
const BEGIN: u64 = 1_700_000_000_000;
/// The ids of v1 are times: a position, which is what a start index becomes before the version is known, lies before all.
const FIRST_MS: u64 = 1_600_000_000_000;
/// More steps than this find nothing new and cost executions.
const MAX_STEPS: usize = 48;
const STATUSES: [u16; 18] = [200, 200, 200, 200, 204, 301, 400, 401, 403, 404, 408, 410, 425, 429, 500, 503, 0, 999];

#[derive(Debug)]
struct Script {
    honest: bool,
    v1: bool,
    /// The server says which version it speaks.
    named: bool,
    /// Whether the server follows `X-Trigger-Stream-Start`, and whether parts are written twice.
    flag: bool,
    start: u8,
    at: u8,
    written: u8,
    /// How many events of v1 share an id, and which records are no parts.
    salt: u8,
    config: u8,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Respond {
        status: u8,
        flags: u8,
    },
    Send(u8),
    Reversed(u8),
    Replay(u8),
    Eat,
    Partial {
        records: u8,
        bytes: u8,
    },
    Ping,
    Done,
    Error,
    Corrupt,
    Noise(u8),
    Retry(u16),
    End,
    Cut,
    Late,
    Advance(u16),
    Sleep(u16),
    Due,
    Wake,
    Token,
    Pause(bool),
    Stop,
    Resume,
    Write(u8),
    NewLife,
    /// Hostile only.
    Frame {
        kind: u8,
        a: u64,
        b: u64,
    },
    Raw(Vec<u8>),
    Back(u8),
}

impl<'a> Arbitrary<'a> for Step {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match u.arbitrary::<u8>()? % 34 {
            0..=2 => Self::Respond { status: u.arbitrary()?, flags: u.arbitrary()? },
            3..=5 => Self::Send(u.arbitrary()?),
            6 => Self::Reversed(u.arbitrary()?),
            7 => Self::Replay(u.arbitrary()?),
            8 => Self::Eat,
            9 => Self::Partial { records: u.arbitrary()?, bytes: u.arbitrary()? },
            10 => Self::Ping,
            11 => Self::Done,
            12 => Self::Error,
            13 => Self::Corrupt,
            14 => Self::Noise(u.arbitrary()?),
            15 => Self::Retry(u.arbitrary()?),
            16 => Self::End,
            17 => Self::Cut,
            18 => Self::Late,
            19 | 20 => Self::Advance(u.arbitrary()?),
            21 => Self::Sleep(u.arbitrary()?),
            22 | 23 => Self::Due,
            24 => Self::Wake,
            25 => Self::Token,
            26 => Self::Pause(u.arbitrary()?),
            27 => Self::Stop,
            28 => Self::Resume,
            29 => Self::Write(u.arbitrary()?),
            30 => Self::NewLife,
            31 => {
                let kind = u.arbitrary()?;
                Self::Frame { kind, a: number(u)?, b: number(u)? }
            }
            32 => Self::Raw(u.arbitrary()?),
            _ => Self::Back(u.arbitrary()?),
        })
    }
}

/// Small ones, those around the largest, and any.
fn number(u: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match u.arbitrary::<u8>()? {
        small @ 0..200 => u64::from(small % 24),
        large @ 200..=224 => u64::MAX - u64::from(large - 200),
        large @ 225..=249 => (1 << 53) - 12 + u64::from(large - 225),
        _ => u.arbitrary()?,
    })
}

impl<'a> Arbitrary<'a> for Script {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let [mode, start, at, written, salt, config] = u.arbitrary()?;
        let mut steps = Vec::new();
        while !u.is_empty() && steps.len() < MAX_STEPS {
            steps.push(u.arbitrary()?);
        }
        let flag = |bit: u8| mode >> bit & 1 == 1;
        let (honest, v1, named) = (mode % 4 != 0, flag(2), flag(3));
        Ok(Self { honest, v1, named, flag: flag(4), start, at, written: written % 64, salt, config, steps })
    }
}

fuzz_target!(|script: Script| run(&script));

fn run(script: &Script) {
    let mut world = World::new(script);
    world.sub.start(world.now);
    world.drive();
    for step in &script.steps {
        world.step(step);
        world.drive();
        world.come_back(0);
    }
    if script.honest {
        world.finish();
    }
}

/// The subscription, the server and what is between them.
struct World<'a> {
    script: &'a Script,
    sub: Subscription,
    now: u64,
    /// The attempt that was asked for last, and whether it was aborted since.
    attempt: u32,
    is_open: bool,
    /// The server's end of it: it has a request to answer, or a body to write.
    asked: bool,
    body: bool,
    /// What was asked for.
    last_event_id: Option<String>,
    latest: bool,
    /// Where the server is in its log, how long that is, and how far it has eaten of it.
    position: u64,
    tail: u64,
    eaten: u64,
    replay: u64,
    /// Where the application began, and the position of the part that must come next. Unknown for `latest`.
    begin: Option<u64>,
    next: Option<u64>,
    /// Bytes since the last delivery, and on this connection: what is held behind a gap may be older than a delivery.
    sent: usize,
    received: usize,
    cursor: Option<u64>,
    resets: bool,
    kind: StatusKind,
    out: Vec<u8>,
}

impl<'a> World<'a> {
    fn new(script: &'a Script) -> Self {
        let tail = u64::from(script.written);
        let (start, begin) = start(script, tail);
        Self {
            sub: subscription(script, start),
            script,
            now: BEGIN,
            attempt: 0,
            is_open: false,
            asked: false,
            body: false,
            last_event_id: None,
            latest: false,
            position: 0,
            tail,
            eaten: 0,
            replay: 0,
            begin,
            next: begin,
            sent: 0,
            received: 0,
            cursor: None,
            resets: false,
            kind: StatusKind::Idle,
            out: Vec::new(),
        }
    }

    // ---- what happens ----

    fn step(&mut self, step: &Step) {
        let honest = self.script.honest;
        match *step {
            Step::Respond { status, flags } if self.asked || !honest => self.respond(status, flags),
            Step::Send(n) => self.send(n % 8 + 1, false),
            // Only behind a first record, because that one decides whether the head of the stream was trimmed.
            Step::Reversed(n) if self.sub.cursor().is_some() && !self.script.v1 => self.send(n % 8 + 1, true),
            Step::Replay(n) => self.replay = u64::from(n % 16),
            Step::Eat if self.body && !self.script.v1 && self.position >= self.eaten && self.position < self.tail => {
                // Nothing is eaten twice: that would be a gap, and a gap is the truth.
                if self.sub.cursor().is_some() {
                    self.position += 1;
                    self.eaten = self.position;
                }
            }
            Step::Partial { records, bytes } if self.body => {
                let before = self.position;
                self.frame(records % 4 + 1, false);
                self.position = before;
                let len = usize::from(bytes).min(self.out.len().saturating_sub(2));
                self.out.truncate(len);
                self.push();
                self.close(bytes.is_multiple_of(2));
            }
            Step::Ping if self.script.v1 => self.say(b": ping\n\n"),
            Step::Ping => {
                self.out.clear();
                ping(&mut self.out, self.tail);
                self.push();
            }
            Step::Done if !self.script.v1 => self.say(b"data: [DONE]\n\n"),
            Step::Error if !self.script.v1 => self.say(b"event: error\ndata: {\"code\":\"unavailable\"}\n\n"),
            Step::Corrupt if !self.script.v1 => {
                self.frame(2, false);
                // Without its last bracket. The server does not know; whoever drops it loses records.
                let end = self.out.len() - 3;
                self.out.drain(end..=end);
                self.push();
            }
            Step::Noise(n) => {
                let noise: [&[u8]; 6] =
                    [b":\n", b"\n", b"foo: bar\n\n", b"id: 7,7,7\n\n", b"event: other\ndata: 1\n\n", b"data\r"];
                // An unfinished event and an id would be lies on v1, where the one is a part and the other a position.
                let known = if self.script.v1 { 3 } else { 5 };
                self.say(noise[usize::from(n) % if honest { known } else { 6 }]);
            }
            Step::Retry(ms) => {
                self.out.clear();
                self.out.extend_from_slice(b"retry:");
                decimal(u64::from(ms), &mut self.out);
                self.out.extend_from_slice(b"\n\n");
                self.push();
            }
            Step::End => self.close(true),
            Step::Cut => self.close(false),
            Step::Late => {
                // From far ahead, so that it shows if it is taken.
                let (position, late) = (self.position, self.attempt.wrapping_sub(1));
                self.position = self.tail + 1_000;
                self.frame(1, false);
                self.position = position;
                self.sub.handle_bytes(self.now, late, &self.out);
                self.sub.handle_response(self.now, late, Response { status: 204, ..Response::default() });
                self.sub.handle_disconnect(self.now, late, "late");
                self.sub.handle_end(self.now, late);
            }
            Step::Advance(ms) => self.come_back(u64::from(ms) * 4),
            Step::Sleep(ms) => {
                self.now += u64::from(ms) * 16;
                self.sub.handle_timeout(self.now);
            }
            Step::Due => {
                let due = self.sub.poll_timeout().unwrap_or(self.now);
                self.come_back(due.saturating_sub(self.now));
            }
            Step::Wake => self.sub.wake(self.now),
            Step::Token => self.sub.token_changed(self.now),
            Step::Pause(paused) => self.sub.set_paused(self.now, paused),
            Step::Stop => {
                self.sub.stop();
                (self.asked, self.body) = (false, false);
            }
            Step::Resume => self.sub.resume(self.now),
            Step::Write(n) => self.tail += u64::from(n % 16),
            // What was written twice is not recognised in another life.
            Step::NewLife if honest && !self.writes_twice() => self.new_life(),
            Step::Frame { kind, a, b } if !honest => self.hostile(kind, a, b),
            Step::Raw(ref bytes) if !honest => {
                self.out.clear();
                self.out.extend_from_slice(bytes);
                self.push();
            }
            Step::Back(ms) if !honest => self.now -= u64::from(ms) * 20,
            _ => {}
        }
    }

    fn respond(&mut self, status: u8, flags: u8) {
        let status = STATUSES[usize::from(status) % STATUSES.len()];
        let is_event_stream = !flags.is_multiple_of(8);
        let retry_after_ms = (flags & 0x30 == 0x10).then(|| u64::from(flags) << (flags & 0x0F));
        let speaks = if self.script.v1 { Version::V1 } else { Version::V2 };
        let version = self.script.named.then_some(speaks);
        self.asked = false;
        self.body = status == 200 && is_event_stream;
        self.seek();
        let response = Response { status, version, is_event_stream, retry_after_ms, detail: String::new() };
        self.sub.handle_response(self.now, self.attempt, response);
    }

    /// Where the server begins to read for this request.
    fn seek(&mut self) {
        let id = self.last_event_id.as_deref().unwrap_or("");
        let back = std::mem::take(&mut self.replay);
        if self.script.v1 {
            // Behind all the events of the id.
            let ms = id.split('-').next().and_then(|ms| ms.parse::<u64>().ok()).unwrap_or(0);
            self.position = ms.saturating_sub(FIRST_MS + back).saturating_mul(self.group()).min(self.tail);
        } else if let Ok(id) = id.parse::<u64>() {
            self.position = id.saturating_add(1).min(self.tail).saturating_sub(back);
        } else {
            self.position = if self.latest && self.script.flag { self.tail } else { 0 };
        }
    }

    fn send(&mut self, records: u8, is_reversed: bool) {
        if self.body || !self.script.honest {
            self.frame(records, is_reversed);
            self.push();
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.out.clear();
        self.out.extend_from_slice(bytes);
        self.push();
    }

    fn push(&mut self) {
        if self.body || !self.script.honest {
            self.sent += self.out.len();
            self.received += self.out.len();
            self.sub.handle_bytes(self.now, self.attempt, &self.out);
        }
    }

    fn close(&mut self, is_clean: bool) {
        if !(self.body || self.asked) && self.script.honest {
            return;
        }
        let had_body = std::mem::take(&mut self.body);
        self.asked = false;
        // A body that ends, of which there was none, is a request that failed.
        if is_clean && had_body {
            self.sub.handle_end(self.now, self.attempt);
        } else {
            self.sub.handle_disconnect(self.now, self.attempt, "reset");
        }
    }

    fn new_life(&mut self) {
        // What the application was given last is what the cursor covers.
        self.come_back(200);
        let Some(cursor) = self.sub.cursor() else { return };
        // Nobody is given a cursor before there was a part to cover.
        if self.next == self.begin {
            return;
        }
        (self.asked, self.body, self.is_open) = (false, false, false);
        (self.attempt, self.cursor) = (0, None);
        self.sub = subscription(self.script, Start::After(cursor));
        self.kind = StatusKind::Idle;
        self.sub.start(self.now);
    }

    fn hostile(&mut self, kind: u8, a: u64, b: u64) {
        let out = &mut self.out;
        out.clear();
        match kind % 8 {
            0 => ping(out, a),
            1 => {
                begin_batch(out);
                raw_record(out, a, b);
                out.push(b',');
                raw_record(out, b, a);
                end_batch(out, None);
            }
            2 => {
                begin_batch(out);
                raw_record(out, a, b);
                end_batch(out, Some(b));
            }
            3 => {
                begin_batch(out);
                end_batch(out, Some(a));
            }
            4 => {
                out.extend_from_slice(b"id: ");
                decimal(a, out);
                out.push(b'-');
                decimal(b, out);
                out.extend_from_slice(b"\ndata: \"\x01\n\n");
            }
            5 => {
                out.extend_from_slice(b"retry: ");
                decimal(a, out);
                out.extend_from_slice(b"\ndata: 1\n\n");
            }
            6 => {
                begin_batch(out);
                for seq in a..a.saturating_add(b % 20) {
                    raw_record(out, seq, b);
                    out.push(b',');
                }
                raw_record(out, a, b);
                end_batch(out, None);
            }
            _ => {
                begin_batch(out);
                out.extend_from_slice(b"{\"seq_num\":");
                decimal(a, out);
                out.extend_from_slice(b",\"timestamp\":");
                decimal(b, out);
                out.extend_from_slice(b",\"body\":\"{}\"}");
                end_batch(out, None);
            }
        }
        self.push();
    }

    // ---- the log ----

    fn group(&self) -> u64 {
        u64::from(self.script.salt % 4) + 1
    }

    fn writes_twice(&self) -> bool {
        self.script.flag && !self.script.v1 && self.begin == Some(0)
    }

    /// The position of the part that the one at `seq` repeats, or its own. None for what is no part.
    fn origin(&self, seq: u64) -> Option<u64> {
        if self.script.v1 {
            return Some(seq);
        }
        let turn = (seq + u64::from(self.script.salt)) % 9;
        match turn {
            0..=2 if self.script.salt & 0x80 != 0 => None,
            3 if self.writes_twice() && seq >= 2 => self.origin(seq - 2),
            _ => Some(seq),
        }
    }

    /// The first position from `seq` on that is shown.
    fn shown_from(&self, seq: u64) -> u64 {
        (seq..).find(|&seq| self.origin(seq) == Some(seq)).unwrap_or(seq)
    }

    /// The next records, as one event or one for each.
    fn frame(&mut self, records: u8, is_reversed: bool) {
        let first = self.position;
        let last = first.saturating_add(u64::from(records)).min(self.tail.max(first.saturating_add(1)));
        // Nothing is there to be sent at the tail.
        let last = if first >= self.tail && first < self.tail + 1_000 { first } else { last };
        self.position = last;
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        if self.script.v1 {
            for seq in first..last {
                out.extend_from_slice(b"id: ");
                decimal(FIRST_MS + seq / self.group() + 1, &mut out);
                out.extend_from_slice(b"-0\ndata: ");
                decimal(seq, &mut out);
                out.extend_from_slice(b"\n\n");
            }
        } else {
            begin_batch(&mut out);
            for n in first..last {
                let seq = if is_reversed { last - 1 - (n - first) } else { n };
                if n > first {
                    out.push(b',');
                }
                self.record(seq, &mut out);
            }
            // Live, or catching up.
            end_batch(&mut out, (last == self.tail || records.is_multiple_of(2)).then_some(self.tail.max(last)));
        }
        self.out = out;
    }

    fn record(&self, seq: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"seq_num\":");
        decimal(seq, out);
        out.extend_from_slice(b",\"timestamp\":5");
        match self.origin(seq) {
            Some(origin) => {
                out.extend_from_slice(b",\"body\":\"{\\\"data\\\":");
                decimal(origin, out);
                if seq % 5 != 4 || self.writes_twice() {
                    out.extend_from_slice(b",\\\"id\\\":\\\"p");
                    decimal(origin, out);
                    out.extend_from_slice(b"\\\"");
                }
                out.extend_from_slice(b"}\"");
            }
            None if seq.is_multiple_of(3) => out.extend_from_slice(b",\"headers\":[[\"\",\"trim\"]],\"body\":\"x\""),
            None if seq % 3 == 1 => out.extend_from_slice(b",\"headers\":[[\"trigger-control\",\"turn-complete\"]]"),
            None => {}
        }
        out.push(b'}');
    }

    // ---- what must hold ----

    /// Does what the subscription asks for, as a driver would.
    fn drive(&mut self) {
        while let Some(action) = self.sub.poll_action() {
            match action {
                Action::Abort => {
                    assert!(self.is_open, "aborts what is not there");
                    (self.is_open, self.asked, self.body) = (false, false, false);
                }
                Action::Connect(connect) => {
                    assert!(!self.is_open, "two connections at once");
                    assert!(connect.attempt > self.attempt, "attempt {} after {}", connect.attempt, self.attempt);
                    (self.is_open, self.asked, self.body) = (true, true, false);
                    self.attempt = connect.attempt;
                    self.received = 0;
                    (self.last_event_id, self.latest) = (connect.last_event_id, connect.latest);
                }
            }
        }
        // A control character of one byte takes six as an escape; a comma goes between values.
        let most = (self.sent + self.received) * 8;
        assert!(self.sub.pending_bytes() <= most, "{} bytes wait", self.sub.pending_bytes());
        while let Some(delivery) = self.sub.take_delivery(self.now) {
            assert!(!delivery.is_empty());
            self.sent = 0;
            for text in [delivery.text(), delivery.meta(), delivery.notices()] {
                assert!(text.is_empty() || is_json(text), "not JSON: {}", String::from_utf8_lossy(text));
            }
            self.take(delivery.text(), delivery.notices());
        }
        if let Some(status) = self.sub.take_status() {
            assert!(status.kind != StatusKind::Failed || status.error.is_some(), "failed for no reason");
            assert!(status.error.is_none() || status.last_error.is_some());
            self.kind = status.kind;
        }
        assert_eq!(self.kind, self.sub.status().kind, "a status that changed was not reported");
        let cursor = self.sub.cursor().and_then(|cursor| cursor.parse().ok());
        if !self.resets && cursor.is_some() {
            assert!(cursor >= self.cursor, "the cursor went back from {:?} to {cursor:?}", self.cursor);
        }
        (self.cursor, self.resets) = (cursor, false);
    }

    fn take(&mut self, text: &[u8], notices: &[u8]) {
        let has = |what: &[u8]| notices.windows(what.len()).any(|window| window == what);
        self.resets = has(b"\"type\":\"reset\"");
        if !self.script.honest {
            return;
        }
        assert!(!self.resets, "this stream was not replaced");
        assert!(!has(b"\"type\":\"gap\""), "nothing is missing");
        if text.is_empty() {
            return;
        }
        for value in text[1..text.len() - 1].split(|&b| b == b',') {
            let value = std::str::from_utf8(value).ok().and_then(|value| value.parse::<u64>().ok()).expect("a number");
            let expected = self.next.map_or(value, |next| self.shown_from(next));
            assert_eq!(value, expected, "the wrong part");
            self.next = Some(value + 1);
        }
    }

    /// Lets time pass, coming back whenever asked to.
    fn come_back(&mut self, ms: u64) {
        let until = self.now + ms;
        let mut in_place = 0;
        while let Some(due) = self.sub.poll_timeout().filter(|&due| due <= until) {
            in_place = if due > self.now { 0 } else { in_place + 1 };
            assert!(in_place < 12, "poll_timeout stays at {due}, now is {}", self.now);
            self.now = self.now.max(due);
            self.sub.handle_timeout(self.now);
            self.drive();
        }
        self.now = until;
        let due = self.sub.poll_timeout().unwrap_or(until);
        // A clock that goes back makes it longer.
        let most = if self.script.honest { 700_000 } else { 1_000_000 };
        assert!(due - until <= most, "asked to come back in {} ms", due - until);
    }

    /// No more faults: whatever was written arrives.
    fn finish(&mut self) {
        self.replay = 0;
        self.sub.set_paused(self.now, false);
        // What was eaten is found missing only when more comes, so everything is asked for once more.
        self.close(false);
        self.drive();
        for _ in 0..40 {
            match self.sub.status().kind {
                StatusKind::Stopped | StatusKind::Ended(_) | StatusKind::Failed => self.sub.resume(self.now),
                _ if self.asked => self.respond(0, 1),
                _ if self.body => {
                    self.send(64, false);
                    self.step(&Step::Ping);
                }
                _ => self.step(&Step::Due),
            }
            self.drive();
            if self.body && self.position == self.tail {
                break;
            }
        }
        self.come_back(1_000);
        assert_eq!(self.sub.status().kind, StatusKind::Live, "{:?}", self.sub.status());
        if let Some(next) = self.next {
            assert!(self.shown_from(next) >= self.tail, "{next} is missing of {}", self.tail);
        }
        assert_eq!(self.sub.status().gaps, 0);
    }
}

fn subscription(script: &Script, start: Start) -> Subscription {
    let bits = script.config;
    let config = Config {
        start,
        timeout_seconds: [1, 5, 60, 600][usize::from(bits & 3)],
        follow: bits & 4 != 0,
        input: bits & 8 != 0,
        deliver_interval_ms: [0, 16, 100, 0][usize::from(bits >> 4 & 3)],
        meta: bits & 0x40 != 0,
        seed: u64::from(script.salt),
        can_refresh: bits & 0x80 != 0,
    };
    Subscription::new(config).expect("a good configuration")
}

/// Where to begin, and the first position that the application wants. Only the server knows it for `latest`.
fn start(script: &Script, tail: u64) -> (Start, Option<u64>) {
    let at = u64::from(script.at) % 24;
    // What is behind a position that was read is there.
    let after = at.min(tail);
    match script.start % 8 {
        0 => (Start::Index(at), Some(at)),
        1 if !script.v1 => (Start::Latest, None),
        2 if !script.v1 && after > 0 => (Start::After((after - 1).to_string()), Some(after)),
        2 if script.v1 => {
            let group = u64::from(script.salt % 4) + 1;
            let (ms, count) = (FIRST_MS + after / group, after % group);
            let id = if count == 0 { format!("{ms}-0") } else { format!("{ms}-0~{count}~{}-0", ms + 1) };
            (Start::After(id), Some(after))
        }
        _ => (Start::Beginning, Some(0)),
    }
}

// ---- frames ----

fn decimal(mut n: u64, out: &mut Vec<u8>) {
    let at = out.len();
    loop {
        out.push(b'0' + (n % 10) as u8);
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out[at..].reverse();
}

fn ping(out: &mut Vec<u8>, tail: u64) {
    out.extend_from_slice(b"event: ping\ndata: {\"timestamp\":1,\"tail\":{\"seq_num\":");
    decimal(tail, out);
    out.extend_from_slice(b",\"timestamp\":0}}\n\n");
}

fn begin_batch(out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: batch\nid: 0,0,0\ndata: {\"records\":[");
}

fn raw_record(out: &mut Vec<u8>, seq: u64, data: u64) {
    out.extend_from_slice(b"{\"seq_num\":");
    decimal(seq, out);
    out.extend_from_slice(b",\"body\":\"{\\\"data\\\":");
    decimal(data, out);
    out.extend_from_slice(b"}\"}");
}

fn end_batch(out: &mut Vec<u8>, tail: Option<u64>) {
    out.push(b']');
    if let Some(tail) = tail {
        out.extend_from_slice(b",\"tail\":{\"seq_num\":");
        decimal(tail, out);
        out.extend_from_slice(b",\"timestamp\":0}");
    }
    out.extend_from_slice(b"}\n\n");
}
