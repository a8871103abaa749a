//! The state machine of one writer: it gathers parts into batches, sends them one at a time, and decides what was
//! stored, what must be sent again, and when to give up.
//!
//! Call a `handle_*` with what happened (or [`push`](Writer::push), [`flush`](Writer::flush),
//! [`close`](Writer::close)), then drain [`poll_action`](Writer::poll_action), look at
//! [`acknowledged`](Writer::acknowledged) and [`outcome`](Writer::outcome), and come back at
//! [`poll_timeout`](Writer::poll_timeout).

mod exchange;
mod ids;
mod queue;

use crate::backoff::Backoff;
use crate::error::{Code, Error};
use crate::wire::Version;
pub use exchange::{Action, Answer};
use exchange::{answer_error, too_large};
use queue::Queue;
use std::collections::VecDeque;

/// Longest wait for an answer, in milliseconds: a full batch over a slow line, and no longer.
pub const ANSWER_MS: u64 = 20_000;
/// Without progress for this long after a failure, in milliseconds, another failure is the last.
pub const GIVE_UP_MS: u64 = 60_000;
/// How long the first part of a batch waits for others where the server does not say, in milliseconds.
pub const LINGER_MS: u64 = 200;
/// Parts that may wait for their acknowledgement: an eighth of what a reader remembers of repeated ones.
pub const WINDOW_PARTS: usize = 8_192;
/// Metered bytes that may wait for their acknowledgement. As many as the official writer's.
pub const WINDOW_BYTES: usize = 10 * 1024 * 1024;

/// What a writer is told once.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Makes the part ids, and the jitter of the backoff. Random: two writers with one seed give equal ids.
    pub seed: u64,
    /// A credential that the gateway refused can be refreshed once.
    pub can_refresh: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Request {
    Create,
    Append {
        count: usize,
    },
    Probe,
    /// `sent` lines, and no more will follow if `ended`.
    Lines {
        sent: usize,
        ended: bool,
    },
}

enum State {
    Idle,
    /// Nothing is under way.
    Ready,
    Asking {
        request: Request,
        deadline: Option<u64>,
    },
    /// The last request failed.
    Waiting {
        due: u64,
    },
    Stored,
    Failed(Error),
    Stopped,
}

/// One writer to one stream. See the [module](self).
pub struct Writer {
    config: Config,
    state: State,
    attempt: u32,
    /// None before the gateway has answered, and when it must be asked again.
    version: Option<Version>,
    linger_ms: u64,
    queue: Queue,
    /// Parts that were given, good or not.
    offered: u64,
    acknowledged: u64,
    /// The position behind the last record.
    end: Option<u64>,
    /// Parts before this one are not to linger.
    flush_to: u64,
    closing: bool,
    /// The first part that was too large.
    refused: Option<Error>,
    /// v2: the size of a batch that failed, and must be sent again as it was.
    batch: usize,
    /// v1: lines of a request that was lost, nobody knows how many of them.
    uncertain: usize,
    /// A credential was refused and made anew, and nothing has been acknowledged since.
    renewed: bool,
    refresh_token: bool,
    backoff: Backoff,
    failures: u32,
    failing_since: u64,
    last_error: Option<Error>,
    actions: VecDeque<Action>,
}

impl Writer {
    /// A writer that has not started.
    pub fn new(config: Config) -> Self {
        Self {
            state: State::Idle,
            attempt: 0,
            version: None,
            linger_ms: LINGER_MS,
            queue: Queue::new(config.seed),
            offered: 0,
            acknowledged: 0,
            end: None,
            flush_to: 0,
            closing: false,
            refused: None,
            batch: 0,
            uncertain: 0,
            renewed: false,
            refresh_token: false,
            backoff: Backoff::new(config.seed),
            failures: 0,
            failing_since: 0,
            last_error: None,
            actions: VecDeque::new(),
            config,
        }
    }

    // ---- inputs ----

    /// Begins: asks for the stream.
    pub fn start(&mut self, now: u64) {
        if matches!(self.state, State::Idle) {
            self.state = State::Ready;
            self.advance(now);
        }
    }

    /// Takes a part: its JSON, without white space outside of strings. A part that no record can hold is refused, which
    /// is also the outcome once all others are stored.
    pub fn push(&mut self, now: u64, json: &[u8]) -> Result<(), Error> {
        let index = self.offered;
        self.offered += 1;
        if let Err(metered) = self.queue.push(now, json) {
            let error = too_large(index, metered);
            self.refused.get_or_insert_with(|| error.clone());
            return Err(error);
        }
        self.advance(now);
        Ok(())
    }

    /// What was pushed so far does not wait for others.
    pub fn flush(&mut self, now: u64) {
        self.flush_to = self.pushed();
        self.advance(now);
    }

    /// No more parts will come. The outcome follows when all are acknowledged.
    pub fn close(&mut self, now: u64) {
        self.closing = true;
        self.advance(now);
    }

    /// Gives everything up that is not acknowledged.
    pub fn stop(&mut self) {
        if self.outcome().is_none() {
            self.abort();
            self.state = State::Stopped;
        }
    }

    /// The answer is there.
    pub fn handle_answer(&mut self, now: u64, attempt: u32, answer: &Answer) {
        let State::Asking { request, .. } = self.state else { return };
        if attempt != self.attempt {
            return;
        }
        let is_append = matches!(request, Request::Append { .. });
        match (answer.status, request) {
            (200..=299, Request::Create) if answer.version.is_some() => {
                self.version = answer.version;
                self.linger_ms = answer.linger_ms.unwrap_or(LINGER_MS);
                if self.batch == 0 && self.uncertain == 0 {
                    self.failures = 0;
                }
                self.state = State::Ready;
            }
            (200..=299, Request::Append { count }) if answer.end.is_some() => {
                self.end = answer.end;
                self.progress(count);
                self.state = State::Ready;
            }
            (200..=299, Request::Probe) => {
                let stored = answer.end.unwrap_or(0).saturating_sub(self.acknowledged);
                // More than were sent can only be counted where something splits them on the way.
                let stored = (stored as usize).min(core::mem::take(&mut self.uncertain));
                self.state = State::Ready;
                if stored > 0 {
                    self.progress(stored);
                } else if self.is_hopeless(now)
                    && let Some(error) = self.last_error.take()
                {
                    return self.give_up(error);
                }
            }
            (200..=299, Request::Lines { sent, ended: true }) => {
                self.progress(sent);
                self.state = State::Ready;
            }
            // S2 says that a stream is full with the status of a bad token.
            (403, _) if answer.code == "quota_exhausted" => {
                self.give_up(answer_error(Code::Rejected, "the stream takes no more", answer));
            }
            (401 | 403, _) if !self.renewed && (is_append || self.config.can_refresh) => {
                self.renewed = true;
                self.refresh_token = !is_append;
                self.version = None;
                self.interrupt();
                self.state = State::Ready;
            }
            (401 | 403, _) => self.give_up(answer_error(Code::Unauthorized, "the credential was refused", answer)),
            (404, _) if is_append && answer.code == "stream_not_found" => {
                self.create_again(now, answer_error(Code::NotFound, "the stream is gone", answer), answer);
            }
            (409, _) if is_append && answer.code == "stream_deletion_pending" => {
                self.create_again(now, answer_error(Code::Http, "the stream is being deleted", answer), answer);
            }
            (404, _) => self.give_up(answer_error(Code::NotFound, "there is no such run or stream", answer)),
            (409, _) if answer.code == "transaction_conflict" => self.unavailable(now, answer),
            (408 | 425 | 429, _) => self.unavailable(now, answer),
            (400..=499, _) => self.give_up(answer_error(Code::Rejected, "the server refuses to store this", answer)),
            (200..=299, _) => {
                let message = "the answer is not what a Realtime server says; check the base URL";
                self.fail(now, answer_error(Code::Http, message, answer), answer.retry_after_ms);
            }
            _ => self.unavailable(now, answer),
        }
        self.advance(now);
    }

    /// The request failed on the way: nobody knows whether it arrived.
    pub fn handle_lost(&mut self, now: u64, attempt: u32, cause: &str) {
        if attempt == self.attempt && matches!(self.state, State::Asking { .. }) {
            self.fail(now, Error::new(Code::Network, cause), None);
        }
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has come. Early and late calls are harmless.
    pub fn handle_timeout(&mut self, now: u64) {
        match self.state {
            State::Asking { deadline: Some(deadline), .. } if deadline <= now => {
                self.fail(now, Error::new(Code::Timeout, "no answer for 20 s"), None);
            }
            State::Waiting { due } if due <= now => self.state = State::Ready,
            _ => {}
        }
        self.advance(now);
    }

    // ---- outputs ----

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<u64> {
        match self.state {
            State::Asking { deadline, .. } => deadline,
            State::Waiting { due } => Some(due),
            State::Ready => self.queue.oldest().map(|pushed| pushed + self.linger_ms),
            _ => None,
        }
    }

    /// Whether more parts should be pushed now. They may be in any case; it is the memory they take that counts.
    pub fn has_room(&self) -> bool {
        self.queue.len() < WINDOW_PARTS && self.queue.bytes() < WINDOW_BYTES
    }

    /// How many of the parts that were taken are stored, in order.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// v2: the position of the last record of the last acknowledged batch.
    pub fn last_position(&self) -> Option<u64> {
        self.end.and_then(|end| end.checked_sub(1))
    }

    /// What became of it: after [`close`](Self::close) that all are stored, or that all were but one too large; or
    /// the error that it was given up with. `None` while it goes on, and when it was stopped.
    pub fn outcome(&self) -> Option<Result<(), &Error>> {
        match &self.state {
            State::Stored => Some(self.refused.as_ref().map_or(Ok(()), Err)),
            State::Failed(error) => Some(Err(error)),
            _ => None,
        }
    }

    // ---- inside ----

    fn pushed(&self) -> u64 {
        self.acknowledged + self.queue.len() as u64
    }

    /// Does what can be done now.
    fn advance(&mut self, now: u64) {
        match (&self.state, self.version) {
            (State::Ready, None) => self.ask(now, Request::Create),
            (State::Ready, _) if self.queue.len() == 0 && self.closing => self.state = State::Stored,
            (State::Ready, _) if self.queue.len() == 0 => {}
            (State::Ready, Some(Version::V2)) => {
                let lingered = self.queue.oldest().is_some_and(|pushed| pushed + self.linger_ms <= now);
                if self.batch > 0 {
                    self.ask(now, Request::Append { count: self.batch });
                } else if lingered || self.is_flushed() || self.queue.fills_a_batch() {
                    self.ask(now, Request::Append { count: self.queue.batch() });
                }
            }
            (State::Ready, Some(Version::V1)) if self.uncertain > 0 => self.ask(now, Request::Probe),
            (State::Ready, Some(Version::V1)) => {
                self.ask(now, Request::Lines { sent: 0, ended: false });
                self.write_lines(now);
            }
            (State::Asking { request: Request::Lines { ended: false, .. }, .. }, _) => self.write_lines(now),
            _ => {}
        }
    }

    fn is_flushed(&self) -> bool {
        self.closing || self.flush_to > self.acknowledged
    }

    /// Writes what waits, and ends the request when that is how it becomes acknowledged.
    fn write_lines(&mut self, now: u64) {
        let is_flushed = self.is_flushed();
        let State::Asking { request: Request::Lines { sent, ended }, deadline } = &mut self.state else { return };
        while *sent < WINDOW_PARTS
            && let Some(line) = self.queue.line(*sent)
        {
            self.actions.push_back(Action::Line(line));
            *sent += 1;
        }
        let is_full = *sent >= WINDOW_PARTS || self.queue.bytes() >= WINDOW_BYTES;
        if is_full || is_flushed {
            *ended = true;
            *deadline = Some(now + ANSWER_MS);
            self.actions.push_back(Action::End);
        }
    }

    fn ask(&mut self, now: u64, request: Request) {
        self.attempt += 1;
        let attempt = self.attempt;
        self.actions.push_back(match request {
            Request::Create => Action::Create { attempt, refresh_token: core::mem::take(&mut self.refresh_token) },
            Request::Append { count } => Action::Append { attempt, body: self.queue.append(count) },
            Request::Probe => Action::Probe { attempt },
            Request::Lines { .. } => Action::Open { attempt, from: self.acknowledged },
        });
        // A body that goes on is not answered.
        let deadline = (!matches!(request, Request::Lines { .. })).then_some(now + ANSWER_MS);
        self.state = State::Asking { request, deadline };
    }

    fn progress(&mut self, count: usize) {
        let count = count.min(self.queue.len());
        self.queue.settle(count);
        self.acknowledged += count as u64;
        self.batch = 0;
        self.failures = 0;
        self.renewed = false;
    }

    fn unavailable(&mut self, now: u64, answer: &Answer) {
        let error = answer_error(Code::Http, "the server cannot store this now", answer);
        self.fail(now, error, answer.retry_after_ms);
    }

    fn create_again(&mut self, now: u64, error: Error, answer: &Answer) {
        self.version = None;
        self.fail(now, error, answer.retry_after_ms);
    }

    fn fail(&mut self, now: u64, error: Error, retry_after_ms: Option<u64>) {
        if self.failures == 0 {
            self.failing_since = now;
        } else if self.is_hopeless(now) && !matches!(self.state, State::Asking { request: Request::Lines { .. }, .. }) {
            // Of lines only the probe can say whether they were progress.
            return self.give_up(error);
        }
        self.interrupt();
        self.failures += 1;
        self.last_error = Some(error);
        self.state = State::Waiting { due: now + self.backoff.delay(self.failures, 0, retry_after_ms) };
    }

    fn is_hopeless(&self, now: u64) -> bool {
        self.failures > 0 && now.saturating_sub(self.failing_since) >= GIVE_UP_MS
    }

    /// Gives the request up, whatever came of it. A batch stays as it is when it is sent again.
    fn interrupt(&mut self) {
        match self.state {
            State::Asking { request: Request::Append { count }, .. } => self.batch = count,
            State::Asking { request: Request::Lines { sent, .. }, .. } => self.uncertain = sent,
            _ => {}
        }
        self.abort();
    }

    fn give_up(&mut self, error: Error) {
        self.abort();
        self.state = State::Failed(error);
    }

    /// Lines that were not written yet go with the request they belong to.
    fn abort(&mut self) {
        self.actions.clear();
        if matches!(self.state, State::Asking { .. }) {
            self.actions.push_back(Action::Abort);
        }
    }
}
