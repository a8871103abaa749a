//! Servers that fail by seed: what they stored, and what they said of it.

use crate::desk::{bodies, coded, created, status, stored};
use runstream::wire::Version;
use runstream::writer::{Action, Answer, Config, Writer};

/// splitmix64, of its own: tests share no code with what they test.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

enum Event {
    /// The records are stored.
    Land(Vec<String>),
    Answer(u32, Answer),
    /// An acknowledgement, whose position is known when it is given.
    Acknowledge(u32),
    Lost(u32),
    Push,
}

/// A writer of `count` parts, and a server that stores what it is sent now and then.
pub struct Session {
    pub writer: Writer,
    pub log: Vec<String>,
    pub faults: u64,
    pub count: u64,
    dice: Dice,
    now: u64,
    pushed: u64,
    /// With the time and the number that orders those of one time.
    events: Vec<(u64, u64, Event)>,
    next: u64,
    /// Faults in a row, bounded so that no session makes no progress for a minute.
    streak: u32,
}

impl Session {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let count = 1 + dice.below(150);
        Self {
            writer: Writer::new(Config { seed, can_refresh: false }),
            log: Vec::new(),
            faults: 0,
            count,
            dice,
            now: 1_000,
            pushed: 0,
            events: Vec::new(),
            next: 0,
            streak: 0,
        }
    }

    /// Runs to the end of everything, what lands late included.
    pub fn run(&mut self) {
        self.writer.start(self.now);
        self.at(0, Event::Push);
        for turn in 0.. {
            assert!(turn < 100_000, "the session does not end");
            while let Some(action) = self.writer.poll_action() {
                self.perform(&action);
            }
            let event = self.events.iter().enumerate().min_by_key(|(_, event)| (event.0, event.1)).map(|(n, _)| n);
            let event_at = event.map(|n| self.events[n].0);
            match (event_at, self.writer.poll_timeout()) {
                (None, None) => return,
                (at, Some(due)) if at.is_none_or(|at| due < at) => {
                    self.now = self.now.max(due);
                    self.writer.handle_timeout(self.now);
                }
                _ => {
                    let (at, _, event) = self.events.swap_remove(event.unwrap_or_default());
                    self.now = self.now.max(at);
                    self.happen(event);
                }
            }
        }
    }

    fn at(&mut self, delay: u64, event: Event) {
        self.next += 1;
        self.events.push((self.now + delay, self.next, event));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Land(records) => self.log.extend(records),
            Event::Answer(attempt, answer) => self.writer.handle_answer(self.now, attempt, &answer),
            Event::Acknowledge(attempt) => {
                let end = self.log.len() as u64;
                self.writer.handle_answer(self.now, attempt, &stored(end));
            }
            Event::Lost(attempt) => self.writer.handle_lost(self.now, attempt, "reset"),
            Event::Push if self.pushed == self.count => self.writer.close(self.now),
            Event::Push => {
                // Equal values must stay apart, so most are.
                let burst = 1 + self.dice.below(40).min(self.count - self.pushed - 1);
                for _ in 0..burst {
                    let value = self.value(self.pushed);
                    self.writer.push(self.now, value.as_bytes()).expect("a small part");
                    self.pushed += 1;
                }
                let pause = self.dice.below(300);
                self.at(pause, Event::Push);
            }
        }
    }

    /// The `n`th part.
    pub fn value(&self, n: u64) -> String {
        if n.is_multiple_of(3) { n.to_string() } else { "\"same\"".into() }
    }

    fn perform(&mut self, action: &Action) {
        let soon = 1 + self.dice.below(80);
        let is_fault = self.streak < 3 && self.dice.below(3) == 0;
        self.streak = match action {
            _ if is_fault => self.streak + 1,
            Action::Append { .. } => 0,
            _ => self.streak,
        };
        self.faults += u64::from(is_fault);
        match action {
            Action::Create { attempt, .. } if is_fault => match self.dice.below(3) {
                0 => self.at(soon, Event::Lost(*attempt)),
                1 => self.at(soon, Event::Answer(*attempt, status(500))),
                // No answer at all.
                _ => {}
            },
            Action::Create { attempt, .. } => self.at(soon, Event::Answer(*attempt, created(Version::V2, 50))),
            Action::Append { attempt, .. } if is_fault => self.fault(*attempt, bodies(action), soon),
            Action::Append { attempt, .. } => {
                self.at(soon, Event::Land(bodies(action)));
                self.at(soon + 5, Event::Acknowledge(*attempt));
            }
            Action::Abort => {}
            other => panic!("not asked of S2: {other:?}"),
        }
    }

    fn fault(&mut self, attempt: u32, records: Vec<String>, soon: u64) {
        match self.dice.below(10) {
            0 => self.at(soon, Event::Lost(attempt)),
            1 => {
                self.at(soon, Event::Land(records));
                self.at(soon + 1, Event::Lost(attempt));
            }
            2 => self.at(soon, Event::Answer(attempt, status(503))),
            3 => {
                self.at(soon, Event::Land(records));
                self.at(soon + 1, Event::Answer(attempt, status(500)));
            }
            4 => {
                let retry_after_ms = Some(self.dice.below(3_000));
                self.at(soon, Event::Answer(attempt, Answer { retry_after_ms, ..status(429) }));
            }
            5 => self.at(soon, Event::Answer(attempt, coded(409, "stream_deletion_pending"))),
            6 => self.at(soon, Event::Answer(attempt, coded(404, "stream_not_found"))),
            // Lands long after the answer was given up, and after other batches.
            7 => {
                let late = self.dice.below(60_000);
                self.at(late, Event::Land(records));
                self.at(soon, Event::Lost(attempt));
            }
            // Stored, and silent; or stored only when nobody waits for it any more.
            8 => self.at(soon, Event::Land(records)),
            _ => self.at(21_000, Event::Land(records)),
        }
    }
}
