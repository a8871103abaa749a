//! The process that writes. Every part carries the writer's serial number in its value, before any other digit.

use crate::clock::Clock;
use crate::log::{Entry, New, Stream};
use crate::rng::Rng;

/// Where the part with a serial is.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    pub stream: usize,
    pub life: usize,
    pub seq: u64,
}

pub struct Writer {
    /// By serial; 0 is nobody's.
    pub homes: Vec<Home>,
    /// Writes nothing: a replaced stream must not outgrow the reader's cursor before the reader had a chance to see it.
    pub waits: bool,
    /// The reader saw it, which is not to say that the application was told.
    pub is_seen: bool,
    /// Milliseconds between two writes, from and to, and how many parts at a time.
    pace: (u64, u64, u64),
    is_v1: bool,
    is_input: bool,
    last_id: (u64, u64),
    scratch: Vec<u8>,
}

const TEXTS: [&str; 14] = [
    "",
    "hello",
    " world, and then some more",
    "h\u{e9}llo \u{1F389}\u{1F3FD}",
    "\u{4f60}\u{597d}",
    "\u{2028}\u{2029}\u{feff}",
    "\\u0000\\n\\t\\\"\\\\",
    "\\ud83d",
    "data: [DONE]\\n\\n",
    "event: error",
    "[DONE]",
    "{\\\"seq_num\\\":}",
    "\\ud83c\\udf89 twice \u{1F389}",
    "\u{7f}\u{80}\u{fffd}",
];

impl Writer {
    pub fn new(rng: &mut Rng, is_v1: bool, is_input: bool) -> Self {
        let home = Home { stream: usize::MAX, life: 0, seq: 0 };
        let mut this = Self {
            homes: vec![home],
            waits: false,
            is_seen: false,
            pace: (0, 0, 1),
            is_v1,
            is_input,
            last_id: (0, 0),
            scratch: Vec::new(),
        };
        this.change_pace(rng);
        this
    }

    /// Bursts, a steady flow, or pauses.
    pub fn change_pace(&mut self, rng: &mut Rng) {
        self.pace =
            rng.pick(&[(5, 50, 2), (20, 200, 1), (100, 600, 3), (300, 1_500, 2), (1_000, 6_000, 4), (50, 4_000, 12)]);
    }

    /// Milliseconds until the next write.
    pub fn pause(&mut self, rng: &mut Rng) -> u64 {
        if rng.percent(6) {
            self.change_pace(rng);
        }
        // A log is long enough for any replay at some point; sessions are not about its length.
        let least = if self.homes.len() > 500 { 1_000 } else { 0 };
        least + rng.range(self.pace.0, self.pace.1)
    }

    /// Appends a few records to a stream.
    pub fn write(&mut self, clock: &Clock, rng: &mut Rng, streams: &mut [Stream], stream: usize) {
        let count = rng.range(1, self.pace.2);
        self.write_parts(clock, rng, streams, stream, count);
        if !self.is_v1 && rng.percent(4) {
            self.write_other(clock, rng, streams, stream);
        }
    }

    pub fn write_parts(&mut self, clock: &Clock, rng: &mut Rng, streams: &mut [Stream], stream: usize, count: u64) {
        if self.is_v1 {
            // A chunk becomes an entry; the lines in it share its id.
            let mut left = count;
            while left > 0 {
                let now = clock.now;
                self.last_id = if self.last_id.0 == now { (now, self.last_id.1 + 1) } else { (now, 0) };
                let lines = rng.range(1, left.min(4));
                for _ in 0..lines {
                    self.part(clock, rng, streams, stream, "");
                }
                left -= lines;
            }
        } else {
            for _ in 0..count {
                self.part(clock, rng, streams, stream, "");
            }
        }
    }

    /// A part as large as they get.
    pub fn write_large(&mut self, clock: &Clock, rng: &mut Rng, streams: &mut [Stream], stream: usize) {
        let unit = rng.pick(&["x", "\u{1F389}", "\\n", "\\ud83d"]);
        let size = rng.pick(&[20_000, 70_000, 70_000, 300_000, 1_000_000]);
        self.part(clock, rng, streams, stream, &unit.repeat(size / unit.len()));
    }

    fn part(&mut self, clock: &Clock, rng: &mut Rng, streams: &mut [Stream], stream: usize, more: &str) {
        use std::io::Write;
        let serial = self.homes.len() as u64;
        let life = streams[stream].current();
        self.homes.push(Home { stream, life, seq: streams[stream].life().tail() });
        let text = rng.pick(&TEXTS);
        let mut value = Vec::with_capacity(64 + more.len());
        let mut is_text = false;
        _ = match rng.below(8) {
            0 => write!(value, "{serial}"),
            1 => write!(value, "\"{serial} {text}{more}\""),
            2 => write!(value, "[{serial},null,true,{{\"a\":\"{text}{more}\"}}]"),
            3 => write!(value, "{{ \"deep\": [[[{{}}]]], \"n\" : {serial}, \"t\":\"{text}{more}\" }}"),
            4 if self.is_v1 => {
                is_text = true;
                write!(value, "plain text number {serial}, no JSON")
            }
            4 => write!(value, "\"{{\\\"n\\\":{serial}}}\""),
            _ => write!(value, "{{\"n\":{serial},\"t\":\"{text}{more}\"}}"),
        };
        if self.is_v1 {
            let new = New { entry: Entry::Part, serial, body: &value, is_text, ..New::default() };
            return streams[stream].life_mut().append_line(self.last_id, new);
        }
        let body = &mut self.scratch;
        body.clear();
        let id = part_id(rng);
        let at = match rng.below(12) {
            0 => {
                body.extend_from_slice(b"{\"extra\":{\"data\":null}, \"data\":");
                body.len()
            }
            _ => {
                body.extend_from_slice(b"{\"data\":");
                body.len()
            }
        };
        body.extend_from_slice(&value);
        let has_part_id = !rng.percent(12);
        if has_part_id {
            body.extend_from_slice(b",\"id\":\"");
            body.extend_from_slice(&id);
            body.push(b'"');
        }
        body.push(b'}');
        let new = New { entry: Entry::Part, serial, body, value: at..at + value.len(), has_part_id, ..New::default() };
        streams[stream].life_mut().append(clock.now, new);
    }

    /// A command or control record, or a body that is no part.
    pub fn write_other(&mut self, clock: &Clock, rng: &mut Rng, streams: &mut [Stream], stream: usize) {
        let serial = self.homes.len() as u64;
        let (mut body, mut headers) = (String::new(), String::new());
        let entry = match rng.below(7) {
            0 => {
                headers.push_str("[[\"\",\"fence\"]]");
                body.push_str("tok");
                Entry::Command
            }
            1 => {
                headers.push_str("[[\"\",\"trim\"]]");
                body.push_str("\0\0\0\0\0\0\0\u{2}");
                Entry::Command
            }
            2 | 3 => {
                headers = format!("[[\"trigger-control\",\"turn-complete\"],[\"n\",\"{serial}\"]]");
                Entry::Control
            }
            4 => Entry::Bad,
            5 => {
                body = format!("no JSON, number {serial}");
                Entry::Bad
            }
            _ => {
                body = format!("{{\"n\":\"{serial}\"}}");
                if self.is_input { Entry::Undefined } else { Entry::Bad }
            }
        };
        let serial = if headers.len() + body.len() > 0 && entry != Entry::Command { serial } else { 0 };
        if serial > 0 {
            let life = streams[stream].current();
            self.homes.push(Home { stream, life, seq: streams[stream].life().tail() });
        }
        let new = New { entry, serial, body: body.as_bytes(), headers: &headers, ..New::default() };
        streams[stream].life_mut().append(clock.now, new);
    }

    /// The writer lost an answer and writes again what it had written: the same bodies at new positions. Gives how many.
    pub fn retry(&mut self, clock: &Clock, rng: &mut Rng, streams: &mut [Stream], stream: usize) -> usize {
        let life = streams[stream].life_mut();
        let end = life.records.len();
        let from = end.saturating_sub(rng.range(1, 60) as usize);
        let to = (from + rng.range(1, 20) as usize).min(end);
        let again: Vec<usize> =
            (from..to).filter(|&at| life.records[at].entry == Entry::Part && life.records[at].has_part_id).collect();
        for &at in &again {
            let old = &life.records[at];
            let body = life.body(old).to_vec();
            let start = old.value.start - old.body.start;
            let value = start..start + old.value.len();
            let serial = old.serial;
            let new = New { entry: Entry::Part, serial, body: &body, value, has_part_id: true, ..New::default() };
            life.append(clock.now, new);
        }
        again.len()
    }
}

/// Seven characters; now and then from so few that two parts share one.
fn part_id(rng: &mut Rng) -> [u8; 7] {
    let alphabet: &[u8] =
        if rng.percent(25) { b"ab" } else { b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-0123456789" };
    core::array::from_fn(|_| rng.pick(alphabet))
}
