//! After a step: whether the core did what the rules say, asked behind what it had, and says so.

use crate::client::Input;
use crate::oracle::{Oracle, Verdict};
use crate::rules::{Expect, Phase, Rules};
use crate::server::Server;
use crate::session::Class;
use runstream::wire::Version;
use runstream::{Connect, Start, Status, StatusKind};

/// What came of a step.
pub struct Did<'a> {
    pub input: &'a Input,
    pub connect: Option<&'a Connect>,
    pub is_open: bool,
    pub status: &'a Status,
}

impl Rules {
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
