//! What a subscription must do about what happens to it, as far as the documents are definite: what is a failure, what
//! an end, when to come back and with which cursor, and what the status says meanwhile.

use crate::client::{Credential, Input};
use crate::log::Life;
use crate::network::Mark;
use crate::oracle::Oracle;
use crate::received::Received;
use crate::server::Server;
use crate::session::Plan;
use runstream::wire::Version;
use runstream::{Code, End, Response, Start};

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
pub enum Expect {
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
    /// Events that were read only if the connection was not given up for a full hold.
    rest: Vec<Mark>,
    pub expect: Expect,
    pub start: Start,
    /// `error` may be set; must be set.
    pub may_show: bool,
    pub must_show: bool,
    pub last_error: Option<Code>,
    pub was_connected: bool,
    /// The connection being made was asked for, not lost.
    pub is_opening: bool,
    pub disconnected_since: u64,
    pub tries_404: u32,
    pub is_refreshed: bool,
    /// The next request needs a new token; unknown after a resume.
    pub owes_refresh: Option<bool>,
    pub retry_field: u64,
    pub is_paused: bool,
    /// Where a batch could not be read, how often, and whether the request behind it is still to come.
    pub bad: Option<(Option<u64>, u32, bool)>,
}

impl Rules {
    pub fn new(start: Start) -> Self {
        Self {
            attempt: 0,
            phase: Phase::Idle,
            received: Received::new(&start),
            version: None,
            fails: 0,
            rest: Vec::new(),
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
        self.rest.clear();
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
        self.events(now, marks, id, plan, server, oracle);
    }

    fn events(&mut self, now: u64, marks: &[Mark], id: usize, plan: &Plan, server: &Server, oracle: &mut Oracle) {
        for (at, mark) in marks.iter().enumerate() {
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
                if self.may_be_full(&server.streams[server.conns[id].stream].lives[server.conns[id].life]) {
                    self.rest = marks[at + 1..].to_vec();
                    return;
                }
            }
        }
    }

    /// Whether what is held behind the gap may be as much as can be. Then the connection may have been given up for
    /// another, and what follows was not read.
    fn may_be_full(&self, life: &Life) -> bool {
        let ahead = &self.received.ahead;
        let sizes = ahead.iter().filter_map(|&at| life.records.get(at as usize)).map(|record| record.metered);
        ahead.len() >= 900 || sizes.sum::<usize>() >= 900_000
    }

    /// The connection was not given up: what followed was read too.
    pub fn read_on(&mut self, now: u64, id: usize, plan: &Plan, server: &Server, oracle: &mut Oracle) {
        while !self.rest.is_empty() {
            let rest = core::mem::take(&mut self.rest);
            self.events(now, &rest, id, plan, server, oracle);
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
}

/// Idle for the timeout, less the second that is allowed.
fn is_idle(now: u64, last_record: u64, plan: &Plan) -> bool {
    now + 1_000 >= last_record + u64::from(plan.timeout_seconds) * 1_000
}
