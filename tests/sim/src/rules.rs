//! What a subscription must do about what happens to it, as far as the documents are definite: what is a failure, what
//! an end, when to come back and with which cursor, and what the status says meanwhile.

use crate::driver::{Credential, Input};
use crate::network::Mark;
use crate::oracle::{Oracle, Verdict};
use crate::received::Received;
use crate::server::Server;
use crate::session::{Class, Plan};
use runstream::wire::Version;
use runstream::{Code, Connect, End, Response, Start, Status, StatusKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Idle,
    Asking { since: u64 },
    Live { since: u64, last_byte: u64, last_record: u64, judge_at: Option<u64> },
    Waiting { earliest: u64, latest: u64, not_before: u64 },
    Ended(End),
    Stopped,
    Failed(Code),
}

/// What comes of a step, as to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    None,
    Maybe,
    Request,
}

pub struct Rules {
    pub attempt: u32,
    pub phase: Phase,
    pub received: Received,
    pub version: Option<Version>,
    pub fails: u32,
    expect: Expect,
    start: Start,
    /// `error` may be set; must be set.
    may_show: bool,
    must_show: bool,
    last_error: Option<Code>,
    pub was_connected: bool,
    /// The connection being made was asked for, not lost.
    is_opening: bool,
    disconnected_since: u64,
    pub tries_404: u32,
    is_refreshed: bool,
    /// The next request needs a new token; unknown after a resume.
    owes_refresh: Option<bool>,
    retry_field: u64,
    is_paused: bool,
    /// Where a batch could not be read, how often, and whether the request behind it is still to come.
    bad: Option<(Option<u64>, u32, bool)>,
}

impl Rules {
    pub fn new(start: Start) -> Self {
        Self {
            attempt: 0,
            phase: Phase::Idle,
            received: Received::new(&start),
            version: None,
            fails: 0,
            expect: Expect::None,
            start,
            may_show: false,
            must_show: false,
            last_error: None,
            was_connected: false,
            is_opening: true,
            disconnected_since: 0,
            tries_404: 0,
            is_refreshed: false,
            owes_refresh: Some(false),
            retry_field: 0,
            is_paused: false,
            bad: None,
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Ended(_) | Phase::Stopped | Phase::Failed(_))
    }

    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    /// Before the core is told: what must come of it.
    pub fn before(
        &mut self,
        now: u64,
        input: &Input,
        marks: &[Mark],
        plan: &Plan,
        server: &Server,
        oracle: &mut Oracle,
    ) {
        self.expect = Expect::None;
        self.received.before = self.received.next;
        match input {
            Input::Start => {
                self.disconnected_since = now;
                self.expect = Expect::Request;
            }
            Input::Head(_, head) => self.head(now, head, plan),
            Input::Bytes(id, _) => self.bytes(now, marks, *id, plan, server, oracle),
            Input::End => match self.phase {
                Phase::Live { last_record, .. }
                    if self.version != Some(Version::V2) && is_idle(now, last_record, plan) =>
                {
                    self.window_ended(now, plan);
                }
                _ => self.failed(now, Code::Network, None),
            },
            Input::Reset => self.failed(now, Code::Network, None),
            Input::Timer => self.timer(now, plan),
            Input::Wake => match &mut self.phase {
                Phase::Waiting { not_before, .. } if now >= *not_before => self.expect = Expect::Request,
                Phase::Waiting { earliest, latest, not_before } => (*earliest, *latest) = (*not_before, *not_before),
                Phase::Live { .. } => self.timer(now, plan),
                _ => {}
            },
            Input::Token => {
                self.is_refreshed = false;
                if self.phase == Phase::Failed(Code::Unauthorized) {
                    self.begin_again(now);
                }
            }
            Input::Stop => self.phase = Phase::Stopped,
            Input::Resume => {
                if self.is_over() {
                    self.tries_404 = 0;
                    self.is_refreshed = false;
                    self.owes_refresh = None;
                    self.bad = None;
                    self.begin_again(now);
                }
            }
            Input::Pause(paused) => {
                self.is_paused = *paused;
                if let Phase::Live { last_byte, judge_at, .. } = &mut self.phase {
                    (*last_byte, *judge_at) = (now, None);
                }
            }
            Input::Late(..) => {}
        }
        if matches!(self.phase, Phase::Asking { .. } | Phase::Waiting { .. }) && now >= self.disconnected_since + 10_000
        {
            self.may_show = true;
            self.must_show |= matches!(input, Input::Timer);
        }
    }

    fn head(&mut self, now: u64, head: &Response, plan: &Plan) {
        self.owes_refresh = Some(false);
        match head.status {
            204 => self.phase = Phase::Ended(End::NoContent),
            200..=299 if !head.is_event_stream => {
                self.failed(now, Code::NotAStream, head.retry_after_ms);
                (self.may_show, self.must_show) = (true, true);
            }
            200..=299 => {
                self.version = head.version.or(self.version);
                self.is_refreshed = false;
                self.received.connected(!self.was_connected);
                self.was_connected = true;
                self.is_opening = false;
                self.phase = Phase::Live { since: now, last_byte: now, last_record: now, judge_at: None };
            }
            401 | 403 if plan.credential != Credential::Text && !self.is_refreshed => {
                self.is_refreshed = true;
                self.owes_refresh = Some(true);
                self.last_error = Some(Code::Unauthorized);
                self.expect = Expect::Request;
            }
            401 | 403 => self.give_up(Code::Unauthorized),
            404 if !self.was_connected && self.tries_404 < 2 => {
                self.tries_404 += 1;
                self.failed(now, Code::NotFound, None);
                self.phase = Phase::Waiting { earliest: now, latest: now + 3_000, not_before: now };
            }
            404 => self.give_up(Code::NotFound),
            408 | 425 | 429 | 500..=599 => self.failed(now, Code::Http, head.retry_after_ms),
            _ => self.give_up(Code::Rejected),
        }
    }

    fn bytes(&mut self, now: u64, marks: &[Mark], id: usize, plan: &Plan, server: &Server, oracle: &mut Oracle) {
        let Phase::Live { since, last_byte, judge_at, .. } = &mut self.phase else { return };
        (*last_byte, *judge_at) = (now, None);
        if self.fails > 0 && now >= *since + 20_000 {
            self.recovered();
        }
        for mark in marks {
            let tail = match mark {
                Mark::Batch(_, tail) => *tail,
                Mark::Ping(tail) => Some(*tail),
                _ => None,
            };
            if matches!(mark, Mark::Batch(..) | Mark::Ping(_) | Mark::Part(_) | Mark::Unreadable) {
                (self.may_show, self.must_show, self.last_error) = (false, false, None);
            }
            if !matches!(mark, Mark::Part(_) | Mark::Retry(_) | Mark::TooLarge) {
                self.version = Some(Version::V2);
            }
            if let Some(tail) = tail {
                if self.received.next.is_none() {
                    let first = if let Mark::Batch(positions, _) = mark { positions.first().copied() } else { None };
                    self.received.begin(first.unwrap_or(tail));
                    oracle.view.next = self.received.next;
                    oracle.view.life = server.conns[id].life;
                } else if let Some((next, asks)) = self.received.replaced(tail) {
                    oracle.reset_to = Some((server.conns[id].life, next));
                    if asks {
                        self.expect = Expect::Request;
                        return;
                    }
                }
            }
            match mark {
                Mark::Batch(positions, _) => {
                    self.progress(now);
                    positions.iter().for_each(|&at| self.received.admit(now, at));
                }
                Mark::Part(index) => {
                    self.version = Some(Version::V1);
                    let life = server.streams[server.conns[id].stream].life();
                    self.progress(now);
                    self.received.admit_line(*index, &life.records[*index as usize]);
                }
                Mark::Retry(ms) => self.retry_field = *ms,
                Mark::Unreadable => return self.unreadable(now),
                Mark::Error => return self.failed(now, Code::Network, None),
                Mark::TooLarge => return self.give_up(Code::BufferExceeded),
                Mark::Done => match self.phase {
                    Phase::Live { last_record, .. } if is_idle(now, last_record, plan) => {
                        return self.window_ended(now, plan);
                    }
                    _ => return self.failed(now, Code::Network, None),
                },
                Mark::Ping(tail) => self.received.pinged(now, *tail),
            }
            if !self.received.ahead.is_empty() {
                self.expect = Expect::Maybe;
            }
        }
    }

    fn progress(&mut self, now: u64) {
        if let Phase::Live { last_record, .. } = &mut self.phase {
            *last_record = now;
        }
        if self.fails > 0 {
            self.recovered();
        }
        if self.bad.is_some_and(|(at, ..)| at != self.received.next) {
            self.bad = None;
        }
    }

    fn unreadable(&mut self, now: u64) {
        let at = self.received.next;
        let count = if let Some((_, count, _)) = self.bad.filter(|(bad_at, ..)| *bad_at == at) { count + 1 } else { 1 };
        self.bad = Some((at, count, true));
        if count < 3 { self.failed(now, Code::BadEvent, None) } else { self.give_up(Code::BadEvent) }
    }

    fn window_ended(&mut self, now: u64, plan: &Plan) {
        self.recovered();
        if plan.follow {
            self.disconnected_since = now;
            self.expect = Expect::Request;
        } else {
            self.phase = Phase::Ended(End::IdleTimeout);
        }
    }

    fn timer(&mut self, now: u64, plan: &Plan) {
        let stall = match self.version {
            Some(Version::V1) => u64::from(plan.timeout_seconds) * 1_000 + 15_000,
            _ => 20_000,
        };
        match &mut self.phase {
            Phase::Asking { since } if now >= *since + 15_000 => self.failed(now, Code::Timeout, None),
            Phase::Live { last_byte, judge_at, .. } => {
                let silent = now - *last_byte;
                if !self.is_paused && judge_at.is_none() && silent > stall * 2 {
                    // The machine slept: what waits in the socket is read first.
                    *judge_at = Some(now + 1_000);
                } else if !self.is_paused && now >= judge_at.unwrap_or(*last_byte + stall) {
                    return self.failed(now, Code::Timeout, None);
                }
                if self.received.has_gap() && now >= self.received.gap_since + 250 {
                    self.expect = Expect::Maybe;
                }
            }
            Phase::Waiting { earliest, latest, .. } => {
                self.expect = match now {
                    now if now >= *latest => Expect::Request,
                    now if now >= *earliest => Expect::Maybe,
                    _ => Expect::None,
                };
            }
            _ => {}
        }
    }

    fn failed(&mut self, now: u64, code: Code, retry_after: Option<u64>) {
        if self.is_live() {
            self.disconnected_since = now;
        }
        self.fails += 1;
        if self.fails >= 3 {
            (self.may_show, self.must_show) = (true, true);
        }
        self.last_error = Some(code);
        let full = (100 << (self.fails - 1).min(10)).min(5_000);
        let wish = retry_after.unwrap_or(0).min(60_000);
        let floor = wish.max(self.retry_field.min(60_000));
        self.phase = Phase::Waiting {
            earliest: now + floor.max(full / 2),
            latest: now + floor.max(full),
            not_before: now + wish,
        };
    }

    fn give_up(&mut self, code: Code) {
        self.last_error = Some(code);
        self.phase = Phase::Failed(code);
    }

    fn recovered(&mut self) {
        self.fails = 0;
        (self.may_show, self.must_show, self.last_error) = (false, false, None);
    }

    fn begin_again(&mut self, now: u64) {
        self.recovered();
        self.is_opening = true;
        self.disconnected_since = now;
        self.expect = Expect::Request;
    }

    /// After the core was told: whether it did that.
    pub fn after(&mut self, now: u64, server: &Server, oracle: &Oracle, did: Did<'_>) -> Verdict {
        let Did { input, connect, is_open, status } = did;
        let wrong = |what: String| Err((Class::WrongError, what));
        while self.received.gaps < status.gaps {
            if !self.received.accept() {
                return wrong(format!("{} gaps, where there were {}", status.gaps, self.received.gaps - 1));
            }
        }
        match (self.expect, connect) {
            (Expect::None, Some(connect)) => {
                return wrong(format!("asks, in {:?} after {input:?}: {connect:?}", self.phase));
            }
            (Expect::Request, None) => return wrong(format!("does not ask, after {input:?} in {:?}", self.phase)),
            (_, Some(connect)) => {
                self.cursor(connect, server, oracle)?;
                if connect.attempt <= self.attempt
                    || self.owes_refresh.is_some_and(|owes| owes != connect.refresh_token)
                {
                    return wrong(format!("asks with the wrong token or number: {connect:?} after {}", self.attempt));
                }
                if self.is_live() {
                    self.disconnected_since = now;
                }
                self.attempt = connect.attempt;
                let position = connect.last_event_id.as_deref().and_then(|id| id.parse::<u64>().ok());
                self.received.requested(position.filter(|_| self.version == Some(Version::V2)).map(|at| at + 1));
                if let Some((at, _, is_new @ true)) = &mut self.bad {
                    // A gap may have been accepted that was not reported yet.
                    (*at, *is_new) = (self.received.next, false);
                }
                self.phase = Phase::Asking { since: now };
            }
            (_, None) => {}
        }
        self.state(is_open, status)?;
        self.errors(status)
    }

    fn state(&self, is_open: bool, status: &Status) -> Verdict {
        let is_right = match self.phase {
            Phase::Idle => status.kind == StatusKind::Idle,
            // Connecting: asked for, and neither lost nor refused so far.
            Phase::Asking { .. } | Phase::Waiting { .. } if self.is_opening && self.fails == 0 => {
                status.kind == StatusKind::Connecting
            }
            Phase::Asking { .. } | Phase::Waiting { .. } => status.kind == StatusKind::Reconnecting,
            Phase::Live { .. } => status.kind == StatusKind::Live,
            Phase::Ended(end) => status.kind == StatusKind::Ended(end),
            Phase::Stopped => status.kind == StatusKind::Stopped,
            Phase::Failed(_) => status.kind == StatusKind::Failed,
        };
        if !is_right || status.retry_count != self.fails {
            let what = format!("{:?} after {} failures", self.phase, self.fails);
            return Err((Class::WrongError, format!("the status is {status:?}; it should be {what}")));
        }
        match (is_open, self.phase) {
            (true, Phase::Asking { .. } | Phase::Live { .. }) | (false, Phase::Waiting { .. } | Phase::Idle) => Ok(()),
            (false, _) if self.is_over() => Ok(()),
            (true, phase) => Err((Class::Leaked, format!("a connection is open in {phase:?}"))),
            (false, phase) => Err((Class::Stuck, format!("no connection in {phase:?}"))),
        }
    }

    fn errors(&self, status: &Status) -> Verdict {
        let shown = status.error.as_ref().map(|error| error.code);
        let last = status.last_error.as_ref().map(|error| error.code);
        let is_right = match self.phase {
            Phase::Failed(code) => shown == Some(code) && last == Some(code),
            Phase::Stopped | Phase::Ended(_) => true,
            // Silence for ten seconds is an error of its own, where there was none.
            _ => {
                let may_show = self.may_show || self.must_show;
                let is_last = last == self.last_error || (self.may_show && self.last_error.is_none());
                is_last && (shown.is_none() || may_show) && (shown.is_some() || !self.must_show)
            }
        };
        if is_right {
            return Ok(());
        }
        let what =
            format!("{:?}, last {:?}, may {} must {}", self.phase, self.last_error, self.may_show, self.must_show);
        Err((Class::WrongError, format!("error is {shown:?} and lastError {last:?}: {what}")))
    }

    /// Whether a request begins where it must: behind all that was handed over without a gap, and nowhere else.
    fn cursor(&self, connect: &Connect, server: &Server, oracle: &Oracle) -> Verdict {
        let asked = connect.last_event_id.as_deref();
        let expected = match (self.version, &self.start) {
            (Some(Version::V1), _) => self.received.complete(),
            (None, Start::After(id)) => id.split('~').next().map(str::to_owned),
            _ => return self.position(connect, server, oracle),
        };
        if asked == expected.as_deref() && !connect.latest {
            return Ok(());
        }
        Err((
            Class::WrongError,
            format!("asks after {asked:?}, latest {}, and {expected:?} is complete", connect.latest),
        ))
    }

    fn position(&self, connect: &Connect, server: &Server, oracle: &Oracle) -> Verdict {
        let asked = connect.last_event_id.as_deref();
        let wrong =
            |class, what: &str| Err((class, format!("asks after {asked:?}, {what}; next {:?}", self.received.next)));
        let (Some(before), Some(next)) = (self.received.before, self.received.next) else {
            let is_right = asked.is_none() && connect.latest;
            return if is_right { Ok(()) } else { wrong(Class::WrongError, "not knowing where the tail is") };
        };
        let at = match asked.map(|text| (text, text.parse::<u64>())) {
            None => 0,
            Some((text, Ok(n))) if n.to_string() == text => n + 1,
            Some(_) => return wrong(Class::WrongError, "which is no position"),
        };
        if connect.latest {
            return wrong(Class::WrongError, "and asks for the latest");
        }
        if at < before {
            return wrong(Class::Doubled, "which it has");
        }
        let life = &server.streams[oracle.view.stream].lives[oracle.view.life];
        let is_settled = |at: u64| {
            self.received.ahead.contains(&at) || life.records.get(at as usize).is_none_or(|record| record.is_gone)
        };
        if (next..at).all(is_settled) { Ok(()) } else { wrong(Class::Lost, "which was not handed over") }
    }
}

/// What came of a step.
pub struct Did<'a> {
    pub input: &'a Input,
    pub connect: Option<&'a Connect>,
    pub is_open: bool,
    pub status: &'a Status,
}

/// Idle for the timeout, less the second that is allowed.
fn is_idle(now: u64, last_record: u64, plan: &Plan) -> bool {
    now + 1_000 >= last_record + u64::from(plan.timeout_seconds) * 1_000
}
