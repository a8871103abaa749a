//! A writer, a clock that jumps, and a server that does what the test says.

use runstream::wire::Version;
use runstream::writer::{Action, Answer, Config, Writer};
use runstream::{Code, Error};
use serde_json::Value;

/// Tests do not begin at the beginning of time.
const BEGIN: u64 = 1_700_000_000_000;

pub struct Desk {
    pub writer: Writer,
    pub now: u64,
    /// Every request, with its time since the beginning.
    pub requests: Vec<(u64, Action)>,
    /// The number of the request under way.
    pub under_way: Option<u32>,
    /// The lines of the last v1 request, and whether its body has ended.
    pub lines: Vec<String>,
    pub ended: bool,
    pub aborts: usize,
}

pub fn config() -> Config {
    Config { seed: 7, can_refresh: false }
}

pub fn created(version: Version, linger_ms: u64) -> Answer {
    Answer { status: 202, version: Some(version), linger_ms: Some(linger_ms), ..Answer::default() }
}

pub fn stored(end: u64) -> Answer {
    Answer { status: 200, end: Some(end), ..Answer::default() }
}

pub fn status(status: u16) -> Answer {
    Answer { status, ..Answer::default() }
}

/// S2's refusals.
pub fn coded(status: u16, code: &str) -> Answer {
    Answer { status, code: code.into(), detail: format!("{{\"code\":\"{code}\"}}"), ..Answer::default() }
}

impl Desk {
    /// Started: the creation is under way.
    pub fn new(config: Config) -> Self {
        let mut desk = Self {
            writer: Writer::new(config),
            now: BEGIN,
            requests: Vec::new(),
            under_way: None,
            lines: Vec::new(),
            ended: false,
            aborts: 0,
        };
        desk.writer.start(desk.now);
        desk.drive();
        assert!(matches!(desk.last(), Action::Create { refresh_token: false, .. }), "start asks for the stream");
        desk
    }

    /// Created on v2, with a linger of 100 ms.
    pub fn v2() -> Self {
        let mut desk = Self::new(config());
        desk.answer(created(Version::V2, 100));
        desk
    }

    pub fn v1() -> Self {
        let mut desk = Self::new(config());
        desk.answer(created(Version::V1, 100));
        desk
    }

    // ---- what the application does ----

    pub fn push(&mut self, json: &str) -> Result<(), Error> {
        let result = self.writer.push(self.now, json.as_bytes());
        self.drive();
        result
    }

    /// Pushes numbers.
    pub fn numbers(&mut self, range: impl IntoIterator<Item = u64>) {
        for n in range {
            self.push(&n.to_string()).expect("a number is not too large");
        }
    }

    pub fn close(&mut self) {
        self.writer.close(self.now);
        self.drive();
    }

    pub fn flush(&mut self) {
        self.writer.flush(self.now);
        self.drive();
    }

    // ---- what the server does ----

    #[track_caller]
    pub fn answer(&mut self, answer: Answer) {
        let attempt = self.under_way.take().expect("a request to answer");
        self.writer.handle_answer(self.now, attempt, &answer);
        self.drive();
    }

    #[track_caller]
    pub fn lose(&mut self) {
        let attempt = self.under_way.take().expect("a request to lose");
        self.writer.handle_lost(self.now, attempt, "reset");
        self.drive();
    }

    // ---- time ----

    pub fn elapsed(&self) -> u64 {
        self.now - BEGIN
    }

    /// Lets time pass, waking whenever the writer asked to be woken.
    pub fn advance(&mut self, ms: u64) {
        let target = self.now + ms;
        let mut in_place = 0;
        while let Some(due) = self.writer.poll_timeout().filter(|&due| due <= target) {
            in_place = if due > self.now { 0 } else { in_place + 1 };
            assert!(in_place < 20, "a busy loop: poll_timeout stays at {due}, now is {}", self.now);
            self.now = self.now.max(due);
            self.writer.handle_timeout(self.now);
            self.drive();
        }
        self.now = target;
    }

    /// Lets time pass until the next request, which must come within `ms`.
    #[track_caller]
    pub fn request_within(&mut self, ms: u64) -> Action {
        let until = self.now + ms;
        while self.under_way.is_none() {
            let due = self.writer.poll_timeout().filter(|&due| due <= until);
            let due = due.unwrap_or_else(|| panic!("no request within {ms} ms: {:?}", self.writer.outcome()));
            self.advance(due.saturating_sub(self.now));
        }
        self.last().clone()
    }

    // ---- what came out ----

    pub fn last(&self) -> &Action {
        &self.requests.last().expect("a request").1
    }

    /// The append under way, as what its records hold.
    #[track_caller]
    pub fn append(&self) -> Vec<Value> {
        assert!(self.under_way.is_some(), "nothing is under way");
        records(self.last())
    }

    /// How many appends were made.
    pub fn appends(&self) -> usize {
        self.requests.iter().filter(|(_, action)| matches!(action, Action::Append { .. })).count()
    }

    pub fn error(&self) -> Option<(Code, String)> {
        self.writer.outcome()?.err().map(|error| (error.code, error.message.clone()))
    }

    #[track_caller]
    pub fn assert_stored(&self) {
        assert_eq!(self.writer.outcome(), Some(Ok(())));
        assert_eq!(self.under_way, None);
    }

    /// Does what the writer asks for, as a driver would.
    pub fn drive(&mut self) {
        while let Some(action) = self.writer.poll_action() {
            match &action {
                Action::Abort => {
                    self.aborts += 1;
                    self.under_way = None;
                }
                Action::Line(line) => {
                    assert!(!self.ended && self.under_way.is_some(), "a line without a request");
                    let line = String::from_utf8(line.clone()).expect("text");
                    self.lines.push(line.strip_suffix('\n').expect("a line").to_owned());
                }
                Action::End => self.ended = true,
                Action::Create { attempt, .. }
                | Action::Append { attempt, .. }
                | Action::Probe { attempt }
                | Action::Open { attempt, .. } => {
                    assert_eq!(self.under_way, None, "two requests at once");
                    self.under_way = Some(*attempt);
                    self.lines.clear();
                    self.ended = false;
                    self.requests.push((self.elapsed(), action));
                }
            }
        }
    }
}

/// The bodies of an append's records.
pub fn bodies(action: &Action) -> Vec<String> {
    let Action::Append { body, .. } = action else { panic!("not an append: {action:?}") };
    let request: Value = serde_json::from_slice(body).expect("JSON");
    assert_eq!(request.as_object().expect("an object").len(), 1, "nothing but the records");
    let records = request["records"].as_array().expect("records");
    records.iter().map(|record| record["body"].as_str().expect("a body").to_owned()).collect()
}

/// The bodies of an append's records, parsed.
pub fn records(action: &Action) -> Vec<Value> {
    bodies(action).iter().map(|body| serde_json::from_str(body).expect("a body of JSON")).collect()
}

/// What the records hold.
pub fn data(records: &[Value]) -> Vec<&Value> {
    records.iter().map(|record| &record["data"]).collect()
}
