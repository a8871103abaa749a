//! What the core was handed, by position: from it follows where the next request must begin.

use crate::log::Record;
use runstream::Start;

pub struct Received {
    /// The first position that the core was not handed. `None` until `from: "latest"` was told where that is.
    pub next: Option<u64>,
    /// The same before the last bytes: a connection may have been given up in the midst of them.
    pub before: Option<u64>,
    /// Positions beyond a gap, which count for this connection alone.
    pub ahead: Vec<u64>,
    /// Since when there is a gap.
    pub gap_since: u64,
    /// A ping said that everything before this had been sent.
    pub promised: u64,
    /// Where it was last read again because of that, which is done three times at most.
    pub reread_at: Option<u64>,
    /// Where the connection was asked to begin.
    pub asked: u64,
    /// A record was handed over since the subscription began, or since the last reset.
    pub is_settled: bool,
    /// `next` stands on something that was once read.
    pub is_earned: bool,
    /// It came with a cursor.
    pub had_cursor: bool,
    is_first_connection: bool,
    /// Gaps that were taken for what they are: trimmed heads, and those that were accepted.
    pub gaps: u64,
    /// v1: lines, and the ids that are known complete and not.
    pub lines: u64,
    complete: Option<(u64, u64)>,
    open: Option<(u64, u64)>,
}

impl Received {
    pub fn new(start: &Start) -> Self {
        let id = |text: &str| {
            let mut fields = text.split('-').map(|field| field.parse().unwrap_or(0));
            (fields.next().unwrap_or(0), fields.next().unwrap_or(0))
        };
        let (next, given) = match start {
            Start::Beginning => (Some(0), None),
            Start::Latest => (None, None),
            Start::Index(n) => (Some(*n), None),
            Start::After(text) => (Some(id(text).0 + 1), Some(text)),
        };
        let mut fields = given.iter().flat_map(|text| text.split('~')).map(id);
        let (complete, _, open) = (fields.next(), fields.next(), fields.next());
        Self {
            next,
            before: next,
            ahead: Vec::new(),
            gap_since: 0,
            promised: 0,
            reread_at: None,
            asked: 0,
            is_settled: false,
            is_earned: given.is_some(),
            had_cursor: given.is_some(),
            is_first_connection: false,
            gaps: 0,
            lines: 0,
            complete,
            open,
        }
    }

    pub fn connected(&mut self, is_first: bool) {
        self.is_first_connection = is_first;
        self.asked = self.next.unwrap_or(0);
        self.ahead.clear();
        self.promised = 0;
    }

    /// Whether something is missing.
    pub fn has_gap(&self) -> bool {
        !self.ahead.is_empty() || Some(self.promised) > self.next
    }

    /// Everything before `tail` had been sent.
    pub fn pinged(&mut self, now: u64, tail: u64) {
        if !self.has_gap() {
            self.gap_since = now;
        }
        self.promised = tail;
    }

    /// Whether a gap now would be taken for a trimmed head.
    pub fn would_trust_gap(&self) -> bool {
        !self.is_settled && self.is_first_connection
    }

    /// `latest` begins.
    pub fn begin(&mut self, at: u64) {
        self.next = Some(at);
        self.before = Some(at);
        self.is_earned = true;
        self.is_first_connection = false;
    }

    /// Whether `tail` shows that the stream is another one. Gives where to go on in it, and whether by another request.
    pub fn replaced(&mut self, tail: u64) -> Option<(u64, bool)> {
        if !self.is_earned || self.next.is_none_or(|next| tail >= next) || self.asked <= tail {
            return None;
        }
        let at_tail = self.had_cursor && !self.is_settled;
        let next = if at_tail { tail } else { 0 };
        (self.next, self.before) = (Some(next), Some(next));
        self.is_settled = false;
        self.ahead.clear();
        Some((next, !at_tail))
    }

    pub fn admit(&mut self, now: u64, position: u64) {
        let Some(next) = self.next else { return };
        if position < next || self.ahead.contains(&position) {
            return;
        }
        if position > next && !self.would_trust_gap() {
            if !self.has_gap() {
                self.gap_since = now;
            }
            return self.ahead.push(position);
        }
        self.gaps += u64::from(position > next);
        self.is_settled = true;
        self.is_earned = true;
        self.next = Some(position + 1);
        let first = self.ahead.len();
        self.drain();
        if self.ahead.len() < first {
            self.gap_since = now;
        }
        if self.ahead.is_empty() {
            self.promised = 0;
        }
    }

    /// The gap was accepted. False if there is none.
    pub fn accept(&mut self) -> bool {
        self.gaps += 1;
        let Some(first) = self.ahead.iter().min().copied() else { return false };
        self.next = self.next.max(Some(first));
        self.before = self.before.max(Some(first));
        self.drain();
        true
    }

    fn drain(&mut self) {
        while let Some(at) = self.ahead.iter().position(|&position| Some(position) <= self.next) {
            let position = self.ahead.swap_remove(at);
            self.next = self.next.max(Some(position + 1));
        }
    }

    pub fn admit_line(&mut self, index: u64, record: &Record) {
        if index < self.lines {
            return;
        }
        self.lines = index + 1;
        self.is_settled = true;
        if self.open != Some(record.id) {
            self.complete = self.open.or(self.complete);
            self.open = Some(record.id);
        }
    }

    /// What a v1 request carries: the last id that is known complete.
    pub fn complete(&self) -> Option<String> {
        self.complete.map(|(ms, seq)| format!("{ms}-{seq}"))
    }

    /// A request begins at `at`, which was found right.
    pub fn requested(&mut self, at: Option<u64>) {
        if self.ahead.is_empty() && self.has_gap() {
            self.reread_at = self.next;
        }
        self.next = self.next.max(at);
        self.before = self.next;
        self.ahead.clear();
    }
}
