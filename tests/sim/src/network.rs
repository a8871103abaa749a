//! A connection: bytes on their way, cut into chunks anywhere, late, in order, until somebody cuts it.

use crate::clock::{Clock, Event};
use crate::rng::Rng;
use runstream::{Connect, Response};
use std::collections::VecDeque;

/// What the client's side of the socket gets.
pub enum Packet {
    Head(Response),
    Bytes(Vec<u8>),
    End,
    Reset,
}

/// What an event means, for who writes down what the client was told. It belongs to the byte it ends with.
#[derive(Clone, Debug)]
pub enum Mark {
    /// The positions, and the tail if the reader is live.
    Batch(Vec<u64>, Option<u64>),
    Unreadable,
    Ping(u64),
    Error,
    Done,
    /// A v1 event, by its place in the log.
    Part(u64),
    /// `retry:`, in milliseconds.
    Retry(u64),
    /// More of one event than a decoder may hold.
    TooLarge,
}

#[derive(Clone)]
pub struct Frame {
    pub bytes: Vec<u8>,
    pub mark: Option<Mark>,
}

/// What a proxy does to frames with records.
#[derive(Default)]
pub enum Hold {
    #[default]
    No,
    /// Keeps the first until the second has gone.
    Swap(Frame),
    /// Keeps them until told otherwise.
    Stall(Vec<Frame>),
}

#[derive(Clone, Copy)]
enum Cutting {
    Whole,
    Few,
    /// A few bytes at a time.
    Tiny,
    /// A few bytes at a time, and slowly, until the given time.
    Drip(u64),
}

pub struct Conn {
    // The client's side.
    pub attempt: u32,
    pub client_life: u32,
    pub ask: Connect,
    pub token: u32,
    /// The client has not closed it, and has not been told that it is over.
    pub is_open: bool,
    pub inbox: VecDeque<(u64, Packet)>,
    pub marks: VecDeque<(u64, Mark)>,
    pub handed: u64,
    /// Where the last event that was handed over whole ended.
    pub marked: u64,
    // The way between.
    pending: Vec<u8>,
    sent: u64,
    clear_at: u64,
    latency: (u64, u64),
    cutting: Cutting,
    /// Nothing that is sent arrives.
    pub is_mute: bool,
    pub hold: Hold,
    // The server's side.
    pub is_served: bool,
    pub is_scheduled: bool,
    pub stream: usize,
    pub life: usize,
    /// The next record to send.
    pub next: u64,
    pub is_live: bool,
    pub last_data: u64,
    pub last_sent: u64,
    pub generation: u32,
    /// Records and bytes sent, as S2 counts them in its event ids.
    pub counted: (u64, u64),
    pub batch_max: usize,
}

impl Conn {
    pub fn new(rng: &mut Rng, clock: &Clock, stream: usize, ask: Connect) -> Self {
        let cutting = match rng.below(10) {
            0 => Cutting::Tiny,
            1..5 => Cutting::Whole,
            _ => Cutting::Few,
        };
        Self {
            attempt: ask.attempt,
            client_life: 0,
            ask,
            token: 0,
            is_open: true,
            inbox: VecDeque::new(),
            marks: VecDeque::new(),
            handed: 0,
            marked: 0,
            pending: Vec::new(),
            sent: 0,
            clear_at: clock.now,
            latency: rng.pick(&[(0, 2), (1, 20), (20, 80), (5, 300)]),
            cutting,
            is_mute: false,
            hold: Hold::No,
            is_served: false,
            is_scheduled: false,
            stream,
            life: 0,
            next: 0,
            is_live: false,
            last_data: clock.now,
            last_sent: clock.now,
            generation: 0,
            counted: (0, 0),
            batch_max: if rng.percent(50) { 1_000 } else { rng.range(1, 20) as usize },
        }
    }

    pub fn drip_until(&mut self, time: u64) {
        self.cutting = Cutting::Drip(time);
    }

    /// Adds to what the next `flush` sends.
    pub fn push(&mut self, frame: Frame) {
        if self.is_mute {
            return;
        }
        self.pending.extend_from_slice(&frame.bytes);
        if let Some(mark) = frame.mark {
            self.marks.push_back((self.sent + self.pending.len() as u64, mark));
        }
    }

    /// Bytes that carry no whole event.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        if !self.is_mute {
            self.pending.extend_from_slice(bytes);
        }
    }

    pub fn flush(&mut self, clock: &mut Clock, rng: &mut Rng, id: usize) {
        let bytes = core::mem::take(&mut self.pending);
        let mut rest = &bytes[..];
        self.sent += bytes.len() as u64;
        while !rest.is_empty() {
            let most = rest.len();
            let dripping = matches!(self.cutting, Cutting::Drip(until) if self.clear_at.max(clock.now) < until);
            let size = match self.cutting {
                Cutting::Whole => most,
                Cutting::Tiny if most < 600 => rng.range(1, 16) as usize,
                Cutting::Drip(_) if dripping => rng.range(1, 3 + bytes.len() as u64 / 40) as usize,
                _ => rng.range(1, most as u64) as usize,
            };
            let (chunk, after) = rest.split_at(size.min(most));
            rest = after;
            let gap = if dripping { rng.range(20, 250) } else { 0 };
            self.send_after(clock, rng, id, gap, Packet::Bytes(chunk.to_vec()));
        }
    }

    /// In one piece, however large.
    pub fn flush_whole(&mut self, clock: &mut Clock, rng: &mut Rng, id: usize) {
        let bytes = core::mem::take(&mut self.pending);
        self.sent += bytes.len() as u64;
        self.send(clock, rng, id, Packet::Bytes(bytes));
    }

    /// Nothing gets through before `ms` have passed.
    pub fn delay(&mut self, clock: &Clock, ms: u64) {
        self.clear_at = self.clear_at.max(clock.now) + ms;
    }

    pub fn send(&mut self, clock: &mut Clock, rng: &mut Rng, id: usize, packet: Packet) {
        self.send_after(clock, rng, id, 0, packet);
    }

    pub fn send_after(&mut self, clock: &mut Clock, rng: &mut Rng, id: usize, ms: u64, packet: Packet) {
        if self.is_mute {
            return;
        }
        let latency = rng.range(self.latency.0, self.latency.1);
        self.clear_at = (self.clear_at + ms).max(clock.now + latency);
        self.inbox.push_back((self.clear_at, packet));
        clock.at(self.clear_at, Event::Arrive(id));
    }

    /// The server's side, or something between, ends it. What was sent before still arrives.
    pub fn cut(&mut self, clock: &mut Clock, rng: &mut Rng, id: usize, packet: Packet) {
        self.flush(clock, rng, id);
        self.send(clock, rng, id, packet);
        self.stop_serving();
    }

    pub fn stop_serving(&mut self) {
        self.is_served = false;
        self.generation += 1;
        self.hold = Hold::No;
    }

    /// The client's side is gone: closed by it, or told that it is over.
    pub fn close(&mut self) {
        self.is_open = false;
        self.stop_serving();
    }

    pub fn latency(&self, rng: &mut Rng) -> u64 {
        rng.range(self.latency.0, self.latency.1)
    }
}
