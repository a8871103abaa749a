//! One session: everything that takes part in it, and what happens from the first request to the verdict.

use crate::actions;
use crate::client::{Client, Credential, Input};
use crate::clock::{BEGIN, Clock, Event};
use crate::driver::{self, step};
use crate::faults::{self, Faults, KINDS};
use crate::log::Stream;
use crate::memory;
use crate::oracle::Oracle;
use crate::rng::Rng;
use crate::rules::{Phase, Rules};
use crate::server::{self, Server};
use crate::trace;
use crate::trace::Trace;
use crate::writer::Writer;
use runstream::{Config, End, Start, Subscription};

/// How long it may take to catch up after the last fault, in milliseconds.
const CATCH_UP_MS: u64 = 45_000;
/// More events than any session needs.
const EVENTS: u32 = 2_000_000;

/// What can be wrong with a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Lost,
    Doubled,
    Reordered,
    Stuck,
    WrongError,
    Leaked,
}

/// What a session is like, settled before it begins.
pub struct Plan {
    pub is_v1: bool,
    pub is_input: bool,
    pub follow: bool,
    pub timeout_seconds: u32,
    pub start: Start,
    pub deliver_interval_ms: u64,
    pub meta: bool,
    /// The page can read `X-Stream-Version`.
    pub shows_version: bool,
    /// The server knows `X-Trigger-Stream-Start`.
    pub honours_latest: bool,
    pub credential: Credential,
    /// Must catch up. The others must end as the last fault says.
    pub is_recoverable: bool,
}

pub struct Session {
    pub clock: Clock,
    pub rng: Rng,
    pub trace: Trace,
    pub plan: Plan,
    pub server: Server,
    pub writer: Writer,
    pub client: Client,
    pub oracle: Oracle,
    pub rules: Rules,
    pub faults: Faults,
    pub broken: Option<(Class, String)>,
    /// The application has reacted to the end of its subscription.
    has_reacted: bool,
    writes_until: u64,
    lingers: bool,
    is_done: bool,
}

/// What came of a session.
pub struct Outcome {
    pub is_recoverable: bool,
    pub faults: u32,
    pub fired: [u32; KINDS.len()],
    pub broken: Option<(Class, String)>,
    pub trace: String,
}

impl Outcome {
    /// The core, or the simulator, could not go on.
    pub fn panicked(what: String) -> Self {
        let broken = Some((Class::Stuck, format!("panicked: {what}")));
        Self { is_recoverable: false, faults: 0, fired: [0; KINDS.len()], broken, trace: String::new() }
    }
}

pub fn run(seed: u64, faults: u32, is_traced: bool) -> Outcome {
    let mut s = Session::new(seed, faults, is_traced);
    step(&mut s, Input::Start);
    let mut events = 0;
    while s.broken.is_none() && !s.is_done {
        let Some(event) = s.clock.next() else { break };
        events += 1;
        if events > EVENTS {
            s.fail(Class::Stuck, "no end of events".into());
        }
        s.happens(event);
    }
    s.finish();
    Outcome {
        is_recoverable: s.plan.is_recoverable,
        faults: s.faults.count,
        fired: s.faults.fired,
        broken: s.broken,
        trace: s.trace.into_text(),
    }
}

impl Session {
    fn new(seed: u64, faults: u32, is_traced: bool) -> Self {
        let mut rng = Rng::new(seed);
        let is_v1 = rng.percent(15);
        let is_input = !is_v1 && rng.percent(12);
        let mut writer = Writer::new(&mut rng, is_v1, is_input);
        let clock = Clock::new();
        let mut streams = vec![Stream::new()];
        let count = if rng.percent(1) { 2_500 } else { rng.pick(&[0, 0, 1, 5, 40]) };
        writer.write_parts(&clock, &mut rng, &mut streams, 0, count);
        let start = match rng.below(20) {
            0..3 if !is_v1 => Start::Latest,
            3..6 => Start::Index(rng.range(0, count + 10)),
            6 if !is_v1 && count > 0 => Start::After((rng.below(count)).to_string()),
            _ => Start::Beginning,
        };
        let plan = Plan {
            is_v1,
            is_input,
            follow: rng.percent(60),
            timeout_seconds: if is_v1 {
                rng.pick(&[5, 8, 10, 12, 15])
            } else {
                rng.pick(&[5, 10, 20, 30, 60, 60, 600])
            },
            start,
            deliver_interval_ms: rng.pick(&[0, 16, 16, 100, 1_000]),
            meta: rng.percent(30),
            shows_version: rng.percent(70),
            honours_latest: rng.percent(50),
            credential: rng.pick(&[Credential::Text, Credential::Refresh, Credential::Refresh, Credential::Function]),
            is_recoverable: rng.percent(75),
        };
        let core = subscription(&plan, plan.start.clone(), seed);
        let oracle = Oracle::new(is_v1, actions::first_position(&plan.start));
        let rules = Rules::new(plan.start.clone());
        let mut this = Self {
            rng,
            trace: Trace::new(is_traced),
            server: Server { streams, conns: Vec::new(), valid_token: 1, forced: Default::default() },
            writer,
            client: Client::new(core, 1),
            oracle,
            rules,
            faults: Faults::new(faults, BEGIN),
            broken: None,
            has_reacted: false,
            writes_until: u64::MAX,
            lingers: false,
            is_done: false,
            plan,
            clock,
        };
        this.lingers = this.rng.percent(15);
        let (version, plan) = (if is_v1 { 1 } else { 2 }, &this.plan);
        trace!(
            this,
            "v{version} input {} follow {} timeout {} start {:?} interval {} {:?} recoverable {}; {count} records",
            plan.is_input,
            plan.follow,
            plan.timeout_seconds,
            plan.start,
            plan.deliver_interval_ms,
            plan.credential,
            plan.is_recoverable
        );
        this.clock.after(0, Event::Write);
        let ms = this.rng.range(0, 3_000);
        this.clock.after(ms, Event::Fault(0));
        this
    }

    fn happens(&mut self, event: Event) {
        if event.is_client() && self.clock.now < self.client.frozen_until {
            return self.clock.at(self.client.frozen_until, event);
        }
        match event {
            Event::Write => self.write(),
            Event::Request(id) => server::answer(self, id),
            Event::Serve(id) => server::serve(self, id),
            Event::Ping(id, generation) if self.server.conns[id].generation == generation => server::ping(self, id),
            Event::Idle(id, generation) if self.server.conns[id].generation == generation => server::window(self, id),
            Event::Ping(..) | Event::Idle(..) => {}
            Event::Release(id) => server::release(self, id),
            Event::Arrive(id) => driver::arrive(self, id),
            Event::Late(id) => driver::late(self, id),
            Event::Timer(generation) => driver::timer(self, generation),
            Event::Fault(generation) => faults::draw(self, generation),
            Event::Unpause => {
                if core::mem::take(&mut self.client.is_paused) {
                    step(self, Input::Pause(false));
                    driver::read_on(self);
                }
            }
            Event::Online => {
                self.client.is_offline = false;
                actions::wake(self);
            }
            Event::Visible(visibility) if visibility == self.client.visibility => {
                self.client.is_hidden = false;
                actions::wake(self);
            }
            Event::Visible(_) => {}
            Event::Thaw => {
                if self.clock.now >= self.client.frozen_until && core::mem::take(&mut self.client.wakes) {
                    if self.rng.percent(50) {
                        actions::wake(self);
                    } else {
                        // Timers and bytes come first.
                        let ms = self.rng.range(1, 2_000);
                        self.client.visibility += 1;
                        self.clock.after(ms, Event::Visible(self.client.visibility));
                    }
                }
            }
            Event::Resume(life) | Event::NewToken(life) => {
                if life == self.client.life && self.rules.is_over() && !self.stays_over() {
                    actions::mend(self);
                    let is_token = matches!(event, Event::NewToken(_));
                    step(self, if is_token { Input::Token } else { Input::Resume });
                }
            }
            Event::Judge => self.judge(),
        }
    }

    fn write(&mut self) {
        if self.clock.now > self.writes_until {
            return;
        }
        if !self.writer.waits {
            let stream = self.client.stream;
            self.writer.write(&self.clock, &mut self.rng, &mut self.server.streams, stream);
            server::appended(self, stream);
        }
        let ms = self.writer.pause(&mut self.rng);
        self.clock.after(ms, Event::Write);
    }

    /// The session has failed.
    pub fn fail(&mut self, class: Class, what: String) {
        if self.broken.is_none() {
            trace!(self, "FAILED: {class:?}: {what}");
            self.broken = Some((class, what));
        }
    }

    /// Whether the application leaves a subscription that is over as it is.
    pub fn stays_over(&self) -> bool {
        self.faults.has_ended || (self.faults.is_final && self.rules.phase == Phase::Stopped)
    }

    pub fn faults_are_over(&mut self) {
        trace!(self, "no more faults");
        // What was to end it found no occasion.
        self.plan.is_recoverable |= !self.faults.has_ended;
        self.writes_until = self.clock.now + self.rng.pick(&[0, 0, 500, 3_000]);
        self.clock.at(self.faults.last_end + CATCH_UP_MS, Event::Judge);
    }

    /// After every step.
    pub fn settled(&mut self) {
        if self.rules.is_over() {
            if !self.has_reacted {
                self.has_reacted = true;
                self.check_received();
                actions::react(self);
            }
        } else {
            self.has_reacted = false;
        }
        let is_caught_up = self.faults.is_over && !self.lingers && self.clock.now > self.writes_until;
        if is_caught_up && self.plan.is_recoverable && self.broken.is_none() && self.has_caught_up() {
            self.is_done = true;
        }
    }

    /// What was received before the end was delivered.
    fn check_received(&mut self) {
        let end = if self.plan.is_v1 { Some(self.rules.received.lines) } else { self.rules.received.next };
        let is_other =
            self.oracle.view.is_fresh && self.oracle.view.life < self.server.streams[self.client.stream].current();
        let Some(end) = end.filter(|_| !is_other) else { return };
        let life = &self.server.streams[self.client.stream].lives[self.oracle.view.life];
        if let Some(missing) = self.oracle.missing(&self.server.streams, Some(end.min(life.tail()))) {
            self.fail(Class::Lost, format!("received and not delivered before the end: {missing}"));
        }
    }

    fn has_caught_up(&mut self) -> bool {
        let is_good = match self.rules.phase {
            Phase::Live { .. } | Phase::Ended(End::IdleTimeout) => true,
            // Between two windows. One that seemed to end a moment early, because its head was late, is taken for a cut.
            Phase::Asking { .. } | Phase::Waiting { .. } => self.rules.fails <= 1,
            _ => false,
        };
        is_good && self.oracle.missing(&self.server.streams, None).is_none()
    }

    fn judge(&mut self) {
        let due = self.faults.last_end + CATCH_UP_MS;
        if self.clock.now < due {
            return self.clock.at(due, Event::Judge);
        }
        // What was to end it may have been lost on the way, or the window was over first.
        self.plan.is_recoverable |= !self.rules.is_over() || self.rules.phase == Phase::Ended(End::IdleTimeout);
        if self.plan.is_recoverable && !self.has_caught_up() {
            let missing = self.oracle.missing(&self.server.streams, None);
            self.fail(Class::Stuck, format!("{:?}, not delivered: {missing:?}", self.rules.phase));
        }
        self.is_done = true;
    }

    fn finish(&mut self) {
        if self.broken.is_none() && self.client.core.status().gaps < self.oracle.gaps {
            self.fail(Class::WrongError, format!("{} gaps were reported, and are not in the status", self.oracle.gaps));
        }
        step(self, Input::Stop);
        driver::drop_core(self);
        let open = self.server.conns.iter().filter(|conn| conn.is_open).count();
        if open > 0 {
            self.fail(Class::Leaked, format!("{open} connections are open after the end"));
        }
    }

    // ---- what the application does ----

    /// The application wants another stream.
    pub fn change_key(&mut self) {
        let stream = (self.client.stream + 1) % 3;
        if stream == self.server.streams.len() {
            self.server.streams.push(Stream::new());
            let count = self.rng.pick(&[0, 3, 20]);
            self.writer.write_parts(&self.clock, &mut self.rng, &mut self.server.streams, stream, count);
        }
        self.writer.waits = false;
        self.client.stream = stream;
        self.client.cursor = None;
        let life = self.server.streams[stream].current();
        self.oracle.replace(stream, life, Some(0));
        self.begin(Start::Beginning);
    }

    /// The page is loaded again and goes on with what it kept.
    pub fn reload(&mut self) {
        let stream = self.client.stream;
        let start = match self.client.cursor.clone() {
            Some(cursor) => {
                self.oracle.go_on(&self.server.streams, cursor.parse().ok());
                Start::After(cursor)
            }
            None => {
                let first = actions::first_position(&self.plan.start);
                let life = self.server.streams[stream].current();
                self.oracle.replace(stream, life, first);
                self.plan.start.clone()
            }
        };
        self.begin(start);
    }

    fn begin(&mut self, start: Start) {
        driver::drop_core(self);
        if driver::is_mutant("old run's flush applied") {
            driver::flush_late(self);
        }
        let seed = self.rng.next();
        self.rules = Rules::new(start.clone());
        if let (Start::After(_), true) = (&start, self.plan.is_v1) {
            self.rules.received.lines = self.oracle.view.next.unwrap_or(0);
        }
        self.client.replace(subscription(&self.plan, start, seed));
        self.has_reacted = false;
        self.writer.is_seen = false;
        step(self, Input::Start);
    }
}

fn subscription(plan: &Plan, start: Start, seed: u64) -> Subscription {
    let config = Config {
        start,
        timeout_seconds: plan.timeout_seconds,
        follow: plan.follow,
        input: plan.is_input,
        deliver_interval_ms: plan.deliver_interval_ms,
        meta: plan.meta,
        seed,
        can_refresh: plan.credential != Credential::Text,
    };
    memory::begin();
    match memory::of_core(|| Subscription::new(config)) {
        Ok(core) => core,
        Err(error) => panic!("the configuration was refused: {error}"),
    }
}
