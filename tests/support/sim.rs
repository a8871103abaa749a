//! A subscription, a clock that jumps, and a peer that does what the test says. No I/O, no waiting.

use runstream::wire::Version;
use runstream::{Action, Config, Connect, Delivery, Response, Status, StatusKind, Subscription};
use serde_json::Value;

/// Tests do not begin at the beginning of time.
const BEGIN: u64 = 1_700_000_000_000;

/// What the driver has under way. It can do one thing at a time, and says so when told to do two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    Closed,
    Asking,
    Open,
}

pub struct Sim {
    pub sub: Subscription,
    pub now: u64,
    pub socket: Socket,
    /// Every request, with its time since the beginning.
    pub connects: Vec<(u64, Connect)>,
    pub aborts: usize,
    /// The metadata of all deliveries, one after the other.
    pub meta: Vec<Value>,
    /// Every value delivered, as JSON; `undefined` for what JSON cannot say.
    pub parts: Vec<String>,
    pub notices: Vec<Value>,
    /// When something was delivered.
    pub deliveries: Vec<u64>,
    pub statuses: Vec<Status>,
}

pub fn config() -> Config {
    Config { deliver_interval_ms: 0, ..Config::default() }
}

impl Sim {
    /// Not started.
    pub fn idle(config: Config) -> Self {
        Self {
            sub: Subscription::new(config).expect("a good configuration"),
            now: BEGIN,
            socket: Socket::Closed,
            connects: Vec::new(),
            aborts: 0,
            meta: Vec::new(),
            parts: Vec::new(),
            notices: Vec::new(),
            deliveries: Vec::new(),
            statuses: Vec::new(),
        }
    }

    /// Started; the first request is under way.
    pub fn new(config: Config) -> Self {
        let mut sim = Self::idle(config);
        sim.sub.start(sim.now);
        sim.drive();
        assert_eq!(sim.socket, Socket::Asking, "start asks at once");
        sim
    }

    /// Started and answered by a v2 server.
    pub fn live(config: Config) -> Self {
        let mut sim = Self::new(config);
        sim.accept();
        sim
    }

    /// Started and answered by a v1 server, which does not say so.
    pub fn live_v1(config: Config) -> Self {
        let mut sim = Self::new(config);
        sim.accept_unknown();
        sim
    }

    // ---- what the peer does ----

    pub fn attempt(&self) -> u32 {
        self.last_connect().attempt
    }

    pub fn answer_with(&mut self, response: Response) {
        assert_eq!(self.socket, Socket::Asking, "there is no request to answer");
        let has_body = response.status == 200;
        let attempt = self.attempt();
        self.socket = if has_body { Socket::Open } else { Socket::Closed };
        self.sub.handle_response(self.now, attempt, response);
        self.drive();
    }

    pub fn answer(&mut self, status: u16) {
        self.answer_with(Response { status, ..Response::default() });
    }

    pub fn answer_after(&mut self, status: u16, retry_after_ms: u64) {
        self.answer_with(Response { status, retry_after_ms: Some(retry_after_ms), ..Response::default() });
    }

    pub fn accept(&mut self) {
        self.accept_version(Some(Version::V2));
    }

    /// Without an `X-Stream-Version` header.
    pub fn accept_unknown(&mut self) {
        self.accept_version(None);
    }

    pub fn accept_version(&mut self, version: Option<Version>) {
        self.answer_with(Response { status: 200, version, is_event_stream: true, ..Response::default() });
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        assert_eq!(self.socket, Socket::Open, "there is no body to send");
        let attempt = self.attempt();
        self.sub.handle_bytes(self.now, attempt, bytes.as_ref());
        self.drive();
    }

    /// The body ends as if all were well.
    pub fn end(&mut self) {
        let attempt = self.attempt();
        self.socket = Socket::Closed;
        self.sub.handle_end(self.now, attempt);
        self.drive();
    }

    /// The socket is reset, or could not be opened.
    pub fn cut(&mut self) {
        let attempt = self.attempt();
        self.socket = Socket::Closed;
        self.sub.handle_disconnect(self.now, attempt, "reset");
        self.drive();
    }

    // ---- time ----

    /// Milliseconds since the beginning.
    pub fn elapsed(&self) -> u64 {
        self.now - BEGIN
    }

    /// Lets time pass, waking whenever the subscription asked to be woken.
    pub fn advance(&mut self, ms: u64) {
        let target = self.now + ms;
        let mut in_place = 0;
        while let Some(due) = self.sub.poll_timeout().filter(|&due| due <= target) {
            in_place = if due > self.now { 0 } else { in_place + 1 };
            assert!(in_place < 20, "a busy loop: poll_timeout stays at {due}, now is {}", self.now);
            self.now = self.now.max(due);
            self.sub.handle_timeout(self.now);
            self.drive();
        }
        self.now = target;
    }

    /// The machine slept: nobody woke the subscription until now.
    pub fn sleep(&mut self, ms: u64) {
        self.now += ms;
        self.sub.handle_timeout(self.now);
        self.drive();
    }

    /// Lets time pass until the next request, which must come within `ms`.
    #[track_caller]
    pub fn connect_within(&mut self, ms: u64) -> Connect {
        let until = self.now + ms;
        while self.socket != Socket::Asking {
            let due = self.sub.poll_timeout().filter(|&due| due <= until);
            let due = due.unwrap_or_else(|| panic!("no request within {ms} ms: {:?}", self.sub.status()));
            self.advance(due.saturating_sub(self.now));
        }
        self.last_connect().clone()
    }

    /// The next request is answered by a v2 server. Gives its cursor.
    #[track_caller]
    pub fn reconnect(&mut self) -> Option<String> {
        let connect = self.connect_within(10_000);
        self.accept();
        connect.last_event_id
    }

    pub fn wake(&mut self) {
        self.sub.wake(self.now);
        self.drive();
    }

    pub fn stop(&mut self) {
        self.sub.stop();
        self.drive();
    }

    pub fn resume(&mut self) {
        self.sub.resume(self.now);
        self.drive();
    }

    pub fn new_token(&mut self) {
        self.sub.token_changed(self.now);
        self.drive();
    }

    // ---- what came out ----

    pub fn status(&self) -> Status {
        self.sub.status()
    }

    pub fn kind(&self) -> StatusKind {
        self.sub.status().kind
    }

    pub fn last_connect(&self) -> &Connect {
        &self.connects.last().expect("a request").1
    }

    /// The cursors of all requests.
    pub fn cursors(&self) -> Vec<Option<&str>> {
        self.connects.iter().map(|(_, connect)| connect.last_event_id.as_deref()).collect()
    }

    /// The notices of one type.
    pub fn noticed(&self, kind: &str) -> Vec<&Value> {
        self.notices.iter().filter(|notice| notice["type"] == kind).collect()
    }

    /// Asserts that the parts are exactly the positions of a range, as [`parts`](super::frames::parts) makes them.
    #[track_caller]
    pub fn assert_parts(&self, range: impl IntoIterator<Item = u64>) {
        let expected: Vec<String> = range.into_iter().map(|n| n.to_string()).collect();
        assert_eq!(self.parts, expected);
    }

    /// Does what the subscription asks for, as a driver would.
    pub fn drive(&mut self) {
        while let Some(action) = self.sub.poll_action() {
            match action {
                Action::Abort => {
                    self.aborts += 1;
                    self.socket = Socket::Closed;
                }
                Action::Connect(connect) => {
                    assert_eq!(self.socket, Socket::Closed, "two requests at once");
                    let last = self.connects.last().map_or(0, |(_, connect)| connect.attempt);
                    assert!(connect.attempt > last, "attempt {} after {last}", connect.attempt);
                    self.socket = Socket::Asking;
                    self.connects.push((self.elapsed(), connect));
                }
            }
        }
        while let Some(delivery) = self.sub.take_delivery(self.now) {
            self.take(&delivery);
        }
        self.statuses.extend(self.sub.take_status());
        if let Some(status) = self.statuses.last() {
            assert_eq!(status.kind, self.sub.status().kind, "a status that changed was not reported");
        }
    }

    fn take(&mut self, delivery: &Delivery) {
        let array = |text: &[u8]| -> Vec<Value> {
            let text = String::from_utf8_lossy(text);
            if text.is_empty() { Vec::new() } else { serde_json::from_str(&text).expect("an array") }
        };
        let values = array(delivery.text());
        assert_eq!(values.len(), delivery.count() as usize);
        self.meta.extend(array(delivery.meta()));
        let before = self.parts.len();
        self.parts.extend(values.iter().map(Value::to_string));
        for &index in delivery.undefined() {
            let part = &mut self.parts[before + index as usize];
            assert_eq!(part, "null");
            *part = "undefined".into();
        }
        self.notices.extend(array(delivery.notices()));
        self.deliveries.push(self.elapsed());
    }
}
