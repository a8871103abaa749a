//! A v2 log, and a peer that serves it badly.

use crate::support::frames::*;
use crate::support::sim::{Sim, Socket, config};
use proptest::prelude::*;
use runstream::{Config, Start};
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub enum Entry {
    Part,
    PartWithoutId,
    Command,
    Control,
    Bad,
    /// The same part as some entries before, written again.
    Again(usize),
}

pub fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        8 => Just(Entry::Part),
        1 => Just(Entry::PartWithoutId),
        1 => Just(Entry::Command),
        1 => Just(Entry::Control),
        1 => Just(Entry::Bad),
        2 => (1usize..12).prop_map(Entry::Again),
    ]
}

pub struct Log(pub Vec<Entry>);

impl Log {
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// The entry that the one at `seq` repeats, or itself.
    pub fn origin(&self, seq: u64) -> u64 {
        match self.0[seq as usize] {
            Entry::Again(back) => match (seq as usize).checked_sub(back) {
                Some(at) if matches!(self.0[at], Entry::Part) => at as u64,
                _ => seq,
            },
            _ => seq,
        }
    }

    pub fn record(&self, seq: u64) -> String {
        match self.0[seq as usize] {
            Entry::Part => part(seq, seq),
            Entry::PartWithoutId => part_as(seq, None, seq),
            Entry::Command => fence(seq),
            Entry::Control => control(seq),
            Entry::Bad => bare(seq),
            Entry::Again(_) => {
                let origin = self.origin(seq);
                part_as(seq, Some(&format!("p{origin}")), origin)
            }
        }
    }

    /// What an application should see of these positions.
    pub fn shown(&self, positions: impl IntoIterator<Item = u64>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut out = Vec::new();
        for seq in positions {
            let is_shown = match self.0[seq as usize] {
                Entry::Part | Entry::Again(_) => seen.insert(self.origin(seq)),
                Entry::PartWithoutId => true,
                _ => false,
            };
            if is_shown {
                out.push(self.origin(seq).to_string());
            }
        }
        out
    }
}

#[derive(Clone, Debug)]
pub enum Op {
    /// The next records in one batch.
    Send(u64),
    /// The last records again.
    Repeat(u64),
    /// The next records, each in a batch, turned around.
    Reverse(u64),
    /// The next records do not arrive.
    Eat(u64),
    Ping,
    Wait(u64),
}

pub fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (1u64..8).prop_map(Op::Send),
        2 => (1u64..6).prop_map(Op::Repeat),
        2 => (2u64..5).prop_map(Op::Reverse),
        2 => (1u64..4).prop_map(Op::Eat),
        1 => Just(Op::Ping),
        2 => (1u64..400).prop_map(Op::Wait),
    ]
}

#[derive(Clone, Debug)]
pub enum Break {
    End,
    Reset,
    Error,
    EarlyDone,
    HalfABatch(prop::sample::Index),
    BadBatch,
    Stop,
    Unavailable,
    /// The page is loaded again: another subscription with the cursor of the last.
    OtherLife,
}

pub fn breakage() -> impl Strategy<Value = Break> {
    prop_oneof![
        Just(Break::End),
        Just(Break::Reset),
        Just(Break::Error),
        Just(Break::EarlyDone),
        any::<prop::sample::Index>().prop_map(Break::HalfABatch),
        Just(Break::BadBatch),
        Just(Break::Stop),
        Just(Break::Unavailable),
        Just(Break::OtherLife),
    ]
}

#[derive(Clone, Debug)]
pub struct Connection {
    /// The server ignores the cursor.
    pub from_zero: bool,
    pub ops: Vec<Op>,
    pub then: Break,
}

pub fn connection() -> impl Strategy<Value = Connection> {
    (prop::bool::weighted(0.2), prop::collection::vec(op(), 0..8), breakage())
        .prop_map(|(from_zero, ops, then)| Connection { from_zero, ops, then })
}

pub struct Peer {
    pub log: Log,
    pub sim: Sim,
    /// Positions that the network may not eat: it ate them already, or `None` if it may eat everything.
    spared: Option<BTreeSet<u64>>,
    bad_batches: u32,
    pub next: u64,
    pub start: u64,
    config: Config,
}

impl Peer {
    pub fn new(log: Vec<Entry>, start: u64, eats_once: bool) -> Self {
        let log = Log(log);
        let start = start.min(log.len());
        let config = Config { start: if start == 0 { Start::Beginning } else { Start::Index(start) }, ..config() };
        let sim = Sim::new(config.clone());
        Self { log, sim, spared: eats_once.then(BTreeSet::new), bad_batches: 0, next: 0, start, config }
    }

    pub fn is_open(&self) -> bool {
        self.sim.socket == Socket::Open
    }

    pub fn open(&mut self, from_zero: bool) {
        let connect = self.sim.connect_within(10_000);
        let cursor = connect.last_event_id.map(|id| id.parse::<u64>().expect("a position"));
        let asked = cursor.map_or(0, |cursor| cursor + 1).min(self.log.len());
        self.next = if from_zero { 0 } else { asked };
        self.sim.accept();
    }

    pub fn take(&mut self, count: u64) -> Vec<u64> {
        let until = (self.next + count).min(self.log.len());
        let taken = (self.next..until).collect();
        self.next = until;
        taken
    }

    pub fn send(&mut self, positions: &[u64]) {
        let records: Vec<String> = positions.iter().map(|&seq| self.log.record(seq)).collect();
        if self.is_open() && !records.is_empty() {
            self.sim.send(batch(&records));
        }
    }

    pub fn perform(&mut self, op: &Op) {
        match *op {
            Op::Send(count) => {
                let positions = self.take(count);
                self.send(&positions);
            }
            Op::Repeat(count) => {
                let positions: Vec<u64> = (self.next.saturating_sub(count)..self.next).collect();
                self.send(&positions);
            }
            Op::Reverse(count) => {
                for seq in self.take(count).into_iter().rev() {
                    self.send(&[seq]);
                }
            }
            Op::Eat(count) => {
                for seq in self.take(count) {
                    if self.spared.as_mut().is_some_and(|spared| !spared.insert(seq)) {
                        self.send(&[seq]);
                    }
                }
            }
            Op::Ping if self.is_open() => self.sim.send(ping(self.log.len())),
            Op::Ping => {}
            Op::Wait(ms) => self.sim.advance(ms),
        }
    }

    pub fn interrupt(&mut self, then: &Break) {
        if !self.is_open() {
            return;
        }
        match then {
            Break::End => self.sim.end(),
            Break::Reset => self.sim.cut(),
            Break::Error => self.sim.send(ERROR),
            Break::EarlyDone => self.sim.send(DONE),
            Break::HalfABatch(at) => {
                let until = (self.next + 3).min(self.log.len());
                let frame = batch(&(self.next..until).map(|seq| self.log.record(seq)).collect::<Vec<_>>());
                self.sim.send(&frame[..at.index(frame.len() - 1)]);
                self.sim.end();
            }
            // The third one would be the end of it.
            Break::BadBatch if self.bad_batches < 2 => {
                self.bad_batches += 1;
                self.sim.send("event: batch\ndata: {\"records\":[{\"seq_num\"\n\n");
            }
            Break::BadBatch => self.sim.end(),
            Break::Stop => {
                self.sim.stop();
                self.sim.resume();
            }
            Break::Unavailable => {
                self.sim.end();
                self.sim.connect_within(10_000);
                self.sim.answer(503);
            }
            Break::OtherLife => {
                // Before its first record a life has no cursor to give; the application still has the last one.
                if let Some(cursor) = self.sim.sub.cursor() {
                    self.config.start = Start::After(cursor);
                }
                self.sim.stop();
                let other = Sim::new(self.config.clone());
                let before = std::mem::replace(&mut self.sim, other);
                self.sim.parts = before.parts;
                self.sim.notices = before.notices;
            }
        }
    }

    /// Serves what is left as it should be.
    pub fn finish(&mut self) {
        for _ in 0..50 {
            if !self.is_open() {
                self.open(false);
            }
            while self.is_open() && self.next < self.log.len() {
                self.perform(&Op::Send(7));
            }
            self.sim.advance(300);
            self.perform(&Op::Ping);
            if self.is_open() {
                return;
            }
        }
        panic!("it never comes to rest: {:?}", self.sim.status());
    }
}
