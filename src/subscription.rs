//! The state machine of one subscription: it composes the decoder, the wire, the sequencer, the throttle and the
//! backoff, and decides what is an end, what is a cut, and what to do about it.

use crate::backoff::{Backoff, RETRY_AFTER_CAP};
use crate::delivery::Delivery;
use crate::error::{Code, Error, join};
use crate::json::{decimal, put};
use crate::mutant;
pub use crate::sequencer::Start;
use crate::sequencer::{Flow, Ordinals, Positions, parse_cursor};
use crate::sse::{Decoder, TooLarge};
use crate::throttle::Throttle;
use crate::wire::{Batch, Meaning, Version, cut, meaning, ping_tail};

/// Longest wait for response headers, in milliseconds. Half of the official client's, and longer than a cold start.
pub const CONNECT_MS: u64 = 15_000;
/// Longest silence on v2, in milliseconds. A live server pings every 5 to 15 s.
pub const STALL_MS: u64 = 20_000;
/// What v1 may be silent beyond its timeout, in milliseconds: it closes up to 5 s late and pings every 10 s.
pub const STALL_V1_SLACK_MS: u64 = 15_000;
/// How long to go on reading when a stall was noticed late, in milliseconds: what waits in the socket comes first.
const LATE_GRACE_MS: u64 = 1_000;
/// How much earlier than its timeout a window may end and still count as idle, in milliseconds.
const END_SLACK_MS: u64 = 1_000;
/// A window that was followed and ended sooner, in milliseconds, is a failure: the next one waits.
const MIN_WINDOW_MS: u64 = 500;
/// A connection that lived this long, in milliseconds, clears the failures before it.
const HEALTHY_MS: u64 = 20_000;
/// Without a connection for this long, in milliseconds, there is an error to show.
const SHOW_AFTER_MS: u64 = 10_000;
/// This many failures in a row are an error to show.
const SHOW_AFTER_FAILURES: u32 = 3;
/// Delays between the tries while the first connection answers 404: the run may be a moment away.
const GRACE_404_MS: [u64; 2] = [750, 1_500];
/// An unreadable batch is read this often before it is given up.
const BAD_BATCH_READS: u32 = 3;

/// What a subscription is told once.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to begin.
    pub start: Start,
    /// Seconds without a record after which the server ends the read window: 1 to 600. The server's default is 60.
    pub timeout_seconds: u32,
    /// Go on after the window ended, until stopped.
    pub follow: bool,
    /// An input stream, on which a missing `data` is the `undefined` that was sent.
    pub input: bool,
    /// Least time between deliveries, in milliseconds, unless 64 KiB or more wait. 0 delivers after every read.
    pub deliver_interval_ms: u64,
    /// Collect ids, timestamps and headers for [`Delivery::meta`].
    pub meta: bool,
    /// Seeds the jitter of the backoff.
    pub seed: u64,
    /// A rejected token can be refreshed once before the subscription fails.
    pub can_refresh: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            start: Start::Beginning,
            timeout_seconds: 60,
            follow: false,
            input: false,
            deliver_interval_ms: 16,
            meta: false,
            seed: 0,
            can_refresh: false,
        }
    }
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open a connection. Everything that comes of it carries `attempt`.
    Connect(Connect),
    /// Close the current connection, whatever state it is in.
    Abort,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// The connection's number.
    pub attempt: u32,
    /// The `Last-Event-ID` header.
    pub last_event_id: Option<String>,
    /// Send `X-Trigger-Stream-Start: latest`.
    pub latest: bool,
    /// Get a new token first: the server refused the last one.
    pub refresh_token: bool,
}

/// The head of an answer.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The `X-Stream-Version` header, if it could be read.
    pub version: Option<Version>,
    /// The content type is that of an event stream, or there is none.
    pub is_event_stream: bool,
    /// `Retry-After` in milliseconds from now.
    pub retry_after_ms: Option<u64>,
    /// For errors: the beginning of the body, or the content type of what is not a stream.
    pub detail: String,
}

/// Why the server ended the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// No record for the timeout.
    IdleTimeout,
    /// 204: there is nothing to read.
    NoContent,
}

/// The state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusKind {
    /// Not started.
    Idle,
    /// The first connection is being made.
    Connecting,
    /// Reading.
    Live,
    /// The connection was lost; another will be made.
    Reconnecting,
    /// Ended by the server.
    Ended(End),
    /// Stopped by the user.
    Stopped,
    /// Given up; `error` says why.
    Failed,
}

/// Everything there is to know about a subscription besides its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub kind: StatusKind,
    /// To be shown: failed, or failing for longer than a blip.
    pub error: Option<Error>,
    /// What went wrong last, shown or not. Cleared by recovery.
    pub last_error: Option<Error>,
    /// Failures in a row.
    pub retry_count: u32,
    /// Gaps that were accepted.
    pub gaps: u64,
    /// Records that were dropped because they had been seen.
    pub duplicates: u64,
    /// Records between the cursor and the last known tail. v2 only.
    pub lag: Option<u64>,
}

enum State {
    Idle,
    /// Waiting for the response head.
    Connecting {
        since: u64,
    },
    /// Reading the body.
    Live {
        since: u64,
        last_byte: u64,
        last_record: u64,
        /// The stall timer was found late once; judge at this time.
        judge_at: Option<u64>,
    },
    /// Waiting to connect. `not_before` is the server's wish, which nothing wakes.
    Waiting {
        due: u64,
        not_before: u64,
    },
    Ended(End),
    Stopped,
    Failed,
}

/// One subscription to one stream. Call a `handle_*` with what happened, then drain [`poll_action`](Self::poll_action),
/// [`take_delivery`](Self::take_delivery) and [`take_status`](Self::take_status), and come back at
/// [`poll_timeout`](Self::poll_timeout).
pub struct Subscription {
    config: Config,
    state: State,
    attempt: u32,
    /// A response with a body has been received in this life.
    connected_once: bool,
    /// The connection being made was asked for, not lost.
    opening: bool,
    version: Option<Version>,
    decoder: Decoder,
    batch: Batch,
    positions: Positions,
    ordinals: Ordinals,
    out: Delivery,
    throttle: Throttle,
    backoff: Backoff,
    /// Nobody wants more bytes now, so silence means nothing.
    paused: bool,
    failures: u32,
    /// Since when there is no connection.
    disconnected_since: u64,
    error: Option<Error>,
    last_error: Option<Error>,
    tries_404: usize,
    refreshed: bool,
    refresh_next: bool,
    /// The current attempt began with a refresh of the token and has no answer yet.
    refreshing: bool,
    /// Where the last unreadable batch was, and how often.
    bad_batch: (Option<u64>, u32),
    tail: Option<u64>,
    actions: Vec<Action>,
    status_dirty: bool,
    /// Gaps, duplicates and lag as they were last reported: they alone do not make a new status for every batch.
    reported: (u64, u64, Option<u64>),
}

impl Subscription {
    /// A subscription that has not started. Fails on an option that cannot be.
    pub fn new(config: Config) -> Result<Self, Error> {
        if !(1..=600).contains(&config.timeout_seconds) {
            let mut message = b"timeoutInSeconds is ".to_vec();
            decimal(u64::from(config.timeout_seconds), &mut message);
            put(b"; give whole seconds from 1 to 600", &mut message);
            return Err(Error::new(Code::InvalidArgument, text(message)));
        }
        if let Start::After(id) = &config.start
            && parse_cursor(id.as_bytes()).is_none()
        {
            let message = join(&["lastEventId is \"", id, "\"; give back one that a subscription reported"]);
            return Err(Error::new(Code::InvalidArgument, message));
        }
        Ok(Self {
            state: State::Idle,
            attempt: 0,
            connected_once: false,
            opening: true,
            version: None,
            decoder: Decoder::default(),
            batch: Batch::default(),
            positions: Positions::new(&config.start),
            ordinals: Ordinals::new(&config.start),
            out: Delivery::new(config.meta),
            throttle: Throttle::new(config.deliver_interval_ms),
            backoff: Backoff::new(config.seed),
            paused: false,
            failures: 0,
            disconnected_since: 0,
            error: None,
            last_error: None,
            tries_404: 0,
            refreshed: false,
            refresh_next: false,
            refreshing: false,
            bad_batch: (None, 0),
            tail: None,
            actions: Vec::new(),
            status_dirty: true,
            reported: (0, 0, None),
            config,
        })
    }

    // ---- inputs ----

    /// Begins.
    pub fn start(&mut self, now: u64) {
        if matches!(self.state, State::Idle) {
            self.disconnected_since = now;
            self.connect(now);
        }
    }

    /// The head of the answer is there.
    pub fn handle_response(&mut self, now: u64, attempt: u32, response: Response) {
        if !self.is_current(attempt) || !matches!(self.state, State::Connecting { .. }) {
            return;
        }
        self.refreshing = false;
        let status = response.status;
        let error = |code, message: &str| Error { status, ..Error::new(code, describe(message, &response)) };
        match status {
            204 => self.end(End::NoContent),
            200..=299 if !response.is_event_stream => {
                let error = error(Code::NotAStream, "the answer is not an event stream; check the base URL, or log in");
                // Worth showing at once: waiting rarely helps against a wrong address or a captive portal.
                self.error = Some(error.clone());
                self.fail(now, error, response.retry_after_ms);
            }
            200..=299 => {
                self.version = response.version.or(self.version);
                self.refreshed = false;
                if mutant::is("retries reset by headers") {
                    self.recovered();
                }
                if !mutant::is("half an event kept") {
                    self.decoder.reset();
                }
                self.positions.connected(!self.connected_once);
                self.ordinals.connected();
                self.connected_once = true;
                self.opening = false;
                self.state = State::Live { since: now, last_byte: now, last_record: now, judge_at: None };
                self.status_dirty = true;
            }
            401 | 403 => {
                if self.config.can_refresh && !self.refreshed {
                    self.refreshed = true;
                    self.refresh_next = true;
                    self.abort();
                    self.last_error = Some(error(Code::Unauthorized, "the token was refused; refreshing it"));
                    self.connect(now);
                } else {
                    let hint = "the token was refused; give one with read access to this run";
                    self.give_up(error(Code::Unauthorized, hint));
                }
            }
            404 => {
                let error = error(Code::NotFound, "no such run for this token; check the run id and the environment");
                match GRACE_404_MS.get(self.tries_404) {
                    Some(delay) if !self.connected_once => {
                        self.tries_404 += 1;
                        self.fail_after(now, error, *delay, 0);
                    }
                    _ => self.give_up(error),
                }
            }
            408 | 425 | 429 | 500..=599 => {
                let error = error(Code::Http, "the server cannot serve the stream now");
                self.fail(now, error, response.retry_after_ms);
            }
            400..=499 => self.give_up(error(Code::Rejected, "the server refuses this request")),
            _ => self.fail(now, error(Code::Http, "unexpected answer"), response.retry_after_ms),
        }
    }

    /// Bytes of the body. Ignored when they come from an attempt that was given up.
    pub fn handle_bytes(&mut self, now: u64, attempt: u32, bytes: &[u8]) {
        if !self.is_current(attempt) {
            return;
        }
        let State::Live { since, last_byte, judge_at, .. } = &mut self.state else { return };
        if !mutant::is("stall timer not fed") {
            *last_byte = now;
        }
        *judge_at = None;
        if self.failures > 0 && now.saturating_sub(*since) >= HEALTHY_MS {
            self.recovered();
        }
        self.decoder.push(bytes);
        // Taken out for the time of the loop, because an event borrows from it.
        let mut decoder = core::mem::take(&mut self.decoder);
        while self.is_live() {
            match decoder.next() {
                Ok(Some(event)) => self.event(now, event.kind, event.data, event.last_event_id),
                Ok(None) => break,
                Err(TooLarge) => {
                    self.give_up(Error::new(
                        Code::BufferExceeded,
                        "an event is larger than 16 MiB; this is not a stream of parts",
                    ));
                }
            }
        }
        let retry = decoder.retry();
        self.decoder = decoder;
        if let (State::Waiting { due, .. }, Some(retry)) = (&mut self.state, retry) {
            // The event that broke the connection may also have said when to come back.
            *due = (*due).max(now + retry.min(RETRY_AFTER_CAP));
        }
        if !self.out.is_empty() {
            self.throttle.mark(self.out.bytes());
        }
    }

    /// The body ended without an error.
    pub fn handle_end(&mut self, now: u64, attempt: u32) {
        if !self.is_current(attempt) {
            return;
        }
        let State::Live { last_record, .. } = self.state else { return };
        // v1 has no other sign of the end of its window; on v2 a body without [DONE] was cut.
        let is_end = self.version != Some(Version::V2) && self.was_idle(now, last_record);
        if is_end || mutant::is("clean end taken as the end") {
            self.window_ended(now);
        } else {
            self.fail(now, Error::new(Code::Network, "the connection was closed before the stream ended"), None);
        }
    }

    /// The request or the body failed on the way.
    pub fn handle_disconnect(&mut self, now: u64, attempt: u32, cause: &str) {
        if self.is_current(attempt) && matches!(self.state, State::Connecting { .. } | State::Live { .. }) {
            self.fail(now, Error::new(Code::Network, join(&["the connection failed: ", cause])), None);
        }
    }

    /// Time has passed. Harmless when nothing is due.
    pub fn handle_timeout(&mut self, now: u64) {
        match self.state {
            State::Connecting { since } if now >= since + CONNECT_MS => {
                self.fail(now, Error::new(Code::Timeout, "no answer for 15 s"), None);
            }
            State::Live { last_byte, judge_at, .. } if !self.paused => {
                let stall = self.stall_ms();
                let silent = now.saturating_sub(last_byte);
                if judge_at.is_none() && silent > stall * 2 && !mutant::is("sleep taken for silence") {
                    // The timer itself is late: this machine slept, and the bytes may be waiting in the socket.
                    if let State::Live { judge_at, .. } = &mut self.state {
                        *judge_at = Some(now + LATE_GRACE_MS);
                    }
                } else if now >= judge_at.unwrap_or(last_byte + stall) {
                    self.fail(
                        now,
                        Error::new(
                            Code::Timeout,
                            "no byte for longer than a live server is silent; the connection is dead",
                        ),
                        None,
                    );
                }
            }
            State::Waiting { due, .. } if now >= due => self.connect(now),
            _ => {}
        }
        if self.is_live() && self.positions.gap_deadline().is_some_and(|due| now >= due) {
            let flow = self.positions.gap_timeout(now, &mut self.out);
            self.follow_flow(now, flow);
            if !self.out.is_empty() {
                self.throttle.mark(self.out.bytes());
            }
        }
        if self.show_error_at().is_some_and(|due| now >= due) {
            let silent = || Error::new(Code::Timeout, "no answer for 10 s");
            self.error = Some(self.last_error.get_or_insert_with(silent).clone());
            self.status_dirty = true;
        }
    }

    /// The network is back, the tab is visible, the page came out of the cache: whatever waits need not wait longer.
    pub fn wake(&mut self, now: u64) {
        match self.state {
            _ if mutant::is("wake ignored") => {}
            State::Waiting { not_before, .. } if now >= not_before => self.connect(now),
            State::Waiting { ref mut due, not_before } => *due = not_before,
            State::Live { .. } => self.handle_timeout(now),
            _ => {}
        }
    }

    /// There is a new token. Revives a subscription that failed for the lack of one.
    pub fn token_changed(&mut self, now: u64) {
        self.refreshed = false;
        let unauthorized = self.error.as_ref().is_some_and(|error| error.code == Code::Unauthorized);
        if matches!(self.state, State::Failed) && unauthorized {
            self.disconnected_since = now;
            self.opening = true;
            self.recovered();
            self.connect(now);
        }
    }

    /// Nobody reads at present, so nothing can be told from silence. `false` when reading goes on.
    pub fn set_paused(&mut self, now: u64, paused: bool) {
        self.paused = paused && !mutant::is("silence counted while paused");
        if let State::Live { last_byte, judge_at, .. } = &mut self.state {
            *last_byte = now;
            *judge_at = None;
        }
    }

    /// Ends reading on the user's wish. What was received is still delivered.
    pub fn stop(&mut self) {
        if !matches!(self.state, State::Stopped) {
            if mutant::is("stop loses what was received") {
                self.out = Delivery::new(self.config.meta);
            }
            self.abort();
            self.state = State::Stopped;
            self.status_dirty = true;
        }
    }

    /// Goes on after a stop, an end or a failure, from the cursor.
    pub fn resume(&mut self, now: u64) {
        if matches!(self.state, State::Stopped | State::Ended(_) | State::Failed) {
            self.disconnected_since = now;
            self.recovered();
            self.tries_404 = 0;
            self.refreshed = false;
            self.bad_batch = (None, 0);
            self.opening = true;
            self.connect(now);
        }
    }

    // ---- outputs ----

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        (!self.actions.is_empty()).then(|| self.actions.remove(0))
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), or to take the delivery.
    pub fn poll_timeout(&self) -> Option<u64> {
        let state = match self.state {
            State::Connecting { since } => Some(since + CONNECT_MS),
            State::Live { last_byte, judge_at, .. } if !self.paused => {
                Some(judge_at.unwrap_or(last_byte + self.stall_ms()))
            }
            State::Waiting { due, .. } => Some(due),
            _ => None,
        };
        let gap = if self.is_live() { self.positions.gap_deadline() } else { None };
        [state, gap, self.show_error_at(), self.throttle.due()].into_iter().flatten().min()
    }

    /// The parts that are due, if any.
    pub fn take_delivery(&mut self, now: u64) -> Option<Delivery> {
        let settled = matches!(self.state, State::Ended(_) | State::Stopped | State::Failed);
        if !settled && self.throttle.due().is_none_or(|due| now < due) {
            return None;
        }
        self.flush(now)
    }

    /// The status, if it changed since it was last taken.
    pub fn take_status(&mut self) -> Option<Status> {
        core::mem::take(&mut self.status_dirty).then(|| self.status())
    }

    /// The status.
    #[inline(never)]
    pub fn status(&self) -> Status {
        let kind = match self.state {
            State::Idle => StatusKind::Idle,
            State::Live { .. } => StatusKind::Live,
            State::Connecting { .. } | State::Waiting { .. } if self.opening && self.failures == 0 => {
                StatusKind::Connecting
            }
            State::Connecting { .. } | State::Waiting { .. } => StatusKind::Reconnecting,
            State::Ended(end) => StatusKind::Ended(end),
            State::Stopped => StatusKind::Stopped,
            State::Failed => StatusKind::Failed,
        };
        let (gaps, duplicates, lag) = self.counts();
        Status {
            kind,
            error: self.error.clone(),
            last_error: self.last_error.clone(),
            retry_count: self.failures,
            gaps,
            duplicates,
            lag,
        }
    }

    /// What the application may keep to go on from here in another life. `None` before the first record.
    #[inline(never)]
    pub fn cursor(&self) -> Option<String> {
        let mut out = Vec::new();
        if self.version == Some(Version::V1) {
            self.ordinals.cursor(&mut out);
        } else if self.positions.is_settled() {
            decimal(self.positions.cursor()?, &mut out);
        }
        (!out.is_empty()).then(|| text(out))
    }

    /// Bytes of values received and not taken yet.
    pub fn pending_bytes(&self) -> usize {
        self.out.bytes()
    }

    // ---- inside ----

    fn is_current(&self, attempt: u32) -> bool {
        attempt == self.attempt || mutant::is("late input accepted")
    }

    fn is_live(&self) -> bool {
        matches!(self.state, State::Live { .. })
    }

    fn stall_ms(&self) -> u64 {
        match self.version {
            _ if mutant::is("stall never noticed") => u64::MAX >> 2,
            Some(Version::V1) => u64::from(self.config.timeout_seconds) * 1_000 + STALL_V1_SLACK_MS,
            _ => STALL_MS,
        }
    }

    fn flush(&mut self, now: u64) -> Option<Delivery> {
        self.throttle.delivered(now);
        if self.out.is_empty() {
            return None;
        }
        self.recount();
        let mut delivery = core::mem::replace(&mut self.out, Delivery::new(self.config.meta));
        delivery.finish();
        Some(delivery)
    }

    fn counts(&self) -> (u64, u64, Option<u64>) {
        let duplicates = self.positions.duplicates + self.ordinals.duplicates;
        (self.positions.gaps, duplicates, self.tail.and_then(|tail| self.positions.lag(tail)))
    }

    /// Most pings, and most deliveries, change none of them: then there is nothing new to show.
    fn recount(&mut self) {
        let counts = self.counts();
        self.status_dirty |= core::mem::replace(&mut self.reported, counts) != counts;
    }

    fn event(&mut self, now: u64, kind: &[u8], data: &[u8], id: &[u8]) {
        let meaning = meaning(kind, data, self.version);
        if matches!(meaning, Meaning::Batch | Meaning::Ping | Meaning::Part) && self.last_error.is_some() {
            // Whoever watches sees a live stream again. The failures count until a record proves it.
            self.error = None;
            self.last_error = None;
            self.status_dirty = true;
        }
        match meaning {
            Meaning::Batch => {
                self.version = Some(Version::V2);
                let mut batch = core::mem::take(&mut self.batch);
                if batch.parse(data, self.config.input).is_ok() {
                    self.tail = batch.tail.or(self.tail);
                    self.progress(now);
                    let flow = self.positions.admit(&batch, now, &mut self.out);
                    self.follow_flow(now, flow);
                } else if !mutant::is("malformed batch dropped") {
                    self.unreadable(now);
                }
                self.batch = batch;
            }
            Meaning::Ping => {
                self.version = Some(Version::V2);
                if let Some(tail) = ping_tail(data) {
                    self.tail = Some(tail);
                    let flow = self.positions.pinged(tail, now, &mut self.out);
                    self.recount();
                    self.follow_flow(now, flow);
                }
            }
            Meaning::Error if mutant::is("event: error ignored") => {}
            Meaning::Error => {
                self.version = Some(Version::V2);
                let mut message = b"the server could not read the stream: ".to_vec();
                put(data, &mut message);
                self.fail(now, Error::new(Code::Network, text(message)), None);
            }
            Meaning::Done => {
                self.version = Some(Version::V2);
                let State::Live { last_record, .. } = self.state else { return };
                if self.was_idle(now, last_record) || mutant::is("[DONE] always an end") {
                    self.window_ended(now);
                } else {
                    self.fail(now, Error::new(Code::Network, "the read window was closed early"), None);
                }
            }
            Meaning::Part => {
                self.version = Some(Version::V1);
                self.progress(now);
                self.ordinals.admit(id, data, &mut self.out);
            }
            Meaning::Unknown => {}
        }
    }

    /// Records arrived: the connection is good.
    fn progress(&mut self, now: u64) {
        if let State::Live { last_record, .. } = &mut self.state {
            *last_record = now;
        }
        if self.failures > 0 {
            self.recovered();
        }
        // Also behind a reset, where positions begin anew.
        if self.bad_batch.0 != self.positions.cursor() {
            self.bad_batch = (None, 0);
        }
    }

    #[cold]
    fn recovered(&mut self) {
        self.failures = 0;
        self.error = None;
        self.last_error = None;
        self.status_dirty = true;
    }

    fn follow_flow(&mut self, now: u64, flow: Flow) {
        if flow == Flow::Reread {
            self.reconnect(now);
        }
    }

    #[cold]
    fn unreadable(&mut self, now: u64) {
        let at = self.positions.cursor();
        let count = if self.bad_batch.0 == at { self.bad_batch.1 + 1 } else { 1 };
        self.bad_batch = (at, count);
        let mut message = b"a batch cannot be read; the next position is ".to_vec();
        decimal(at.map_or(0, |n| n + 1), &mut message);
        let error = Error::new(Code::BadEvent, text(message));
        if count < BAD_BATCH_READS {
            self.fail(now, error, None);
        } else {
            self.give_up(error);
        }
    }

    fn was_idle(&self, now: u64, last_record: u64) -> bool {
        let window = u64::from(self.config.timeout_seconds) * 1_000;
        now.saturating_sub(last_record) + END_SLACK_MS >= window
    }

    #[cold]
    fn window_ended(&mut self, now: u64) {
        match self.state {
            // With the shortest timeout any end counts as idle; a server that ends at once must not be hammered.
            State::Live { since, .. } if self.config.follow && now.saturating_sub(since) < MIN_WINDOW_MS => {
                self.fail(now, Error::new(Code::Network, "the read window was closed at once"), None);
            }
            _ if self.config.follow => {
                self.recovered();
                self.reconnect(now);
            }
            _ => {
                self.recovered();
                self.end(End::IdleTimeout);
            }
        }
    }

    #[cold]
    fn end(&mut self, end: End) {
        self.abort();
        self.state = State::Ended(end);
        self.status_dirty = true;
    }

    #[cold]
    fn give_up(&mut self, error: Error) {
        self.abort();
        self.error = Some(error.clone());
        self.last_error = Some(error);
        self.state = State::Failed;
        self.status_dirty = true;
    }

    #[cold]
    fn abort(&mut self) {
        if matches!(self.state, State::Connecting { .. } | State::Live { .. }) {
            self.actions.push(Action::Abort);
        }
        // Whatever is still under way belongs to an attempt that is over.
        self.attempt += 1;
    }

    /// A new connection at once, for a reason that is no failure.
    #[cold]
    fn reconnect(&mut self, now: u64) {
        self.disconnected_since = now;
        self.abort();
        self.connect(now);
    }

    #[cold]
    fn fail(&mut self, now: u64, error: Error, retry_after_ms: Option<u64>) {
        let floor = self.decoder.retry().unwrap_or(0);
        let retry_after_ms = retry_after_ms.filter(|_| !mutant::is("Retry-After ignored"));
        let not_before = now + retry_after_ms.unwrap_or(0).min(RETRY_AFTER_CAP);
        let delay = self.backoff.delay(self.failures + 1, floor, retry_after_ms);
        self.fail_after(now, error, delay, not_before);
    }

    #[cold]
    fn fail_after(&mut self, now: u64, error: Error, delay: u64, not_before: u64) {
        if mutant::is("always gives up") {
            return self.give_up(error);
        }
        if self.is_live() {
            self.disconnected_since = now;
        }
        self.abort();
        // A refresh that did not get through is still owed.
        self.refresh_next |= core::mem::take(&mut self.refreshing);
        self.failures += 1;
        if self.failures >= SHOW_AFTER_FAILURES || self.error.is_some() || mutant::is("a blip shown as an error") {
            self.error = Some(error.clone());
        }
        self.last_error = Some(error);
        self.state = State::Waiting { due: now + delay, not_before };
        self.status_dirty = true;
    }

    /// When a lasting absence of a connection becomes an error to show.
    fn show_error_at(&self) -> Option<u64> {
        let waiting = matches!(self.state, State::Connecting { .. } | State::Waiting { .. });
        (waiting && self.error.is_none()).then(|| self.disconnected_since + SHOW_AFTER_MS)
    }

    #[cold]
    fn connect(&mut self, now: u64) {
        self.attempt += 1;
        let mut id = Vec::new();
        match (self.version, &self.config.start) {
            (Some(Version::V1), _) => self.ordinals.resume_id(&mut id),
            // Before the server has said what it speaks, its own id goes back as it came.
            (None, Start::After(given)) => put(cut(given.as_bytes(), b'~').0, &mut id),
            _ => {
                if let Some(cursor) = self.positions.cursor() {
                    decimal(cursor, &mut id);
                }
            }
        }
        if mutant::is("event id as the cursor") {
            id = self.decoder.last_event_id().to_vec();
        }
        let latest = id.is_empty() && self.version != Some(Version::V1) && self.positions.wants_latest();
        self.refreshing = core::mem::take(&mut self.refresh_next);
        self.actions.push(Action::Connect(Connect {
            attempt: self.attempt,
            last_event_id: (!id.is_empty()).then(|| text(id)),
            latest,
            refresh_token: self.refreshing && !mutant::is("old token kept"),
        }));
        self.state = State::Connecting { since: now };
        self.status_dirty = true;
    }
}

/// `message`, with the status and what the server said.
#[cold]
fn describe(message: &str, response: &Response) -> String {
    let mut out = message.as_bytes().to_vec();
    put(b" (", &mut out);
    decimal(u64::from(response.status), &mut out);
    if !response.detail.is_empty() {
        put(b": ", &mut out);
        put(response.detail.as_bytes(), &mut out);
    }
    out.push(b')');
    text(out)
}

#[cold]
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}
