//! Order and exactly-once: admits, holds or drops what the wire brings, and owns the cursor.
//!
//! v2 goes by position ([`Positions`]); v1 has none, so it counts the events behind an id ([`Ordinals`]).

use crate::delivery::Delivery;
use crate::json::Scanner;
use crate::mutant;
use crate::seen::{Seen, hash};
use crate::wire::{Batch, Kind, Record, cut, redis_id};

/// How long a gap may stay open before it is re-read, in milliseconds: longer than reordering on one connection lasts.
pub const GAP_MS: u64 = 250;
/// Records held behind a gap, at most. One full S2 batch.
const HOLD_RECORDS: usize = 1_000;
/// Bytes held behind a gap, at most. One full S2 batch.
const HOLD_BYTES: usize = 1024 * 1024;

/// How often it is read again at one position because a ping said that there is more. What was eaten on the way once may be
/// eaten again; a server whose pings are wrong must not be asked for ever.
const PING_REREADS: u8 = 3;

/// Where a subscription begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With the oldest record there is.
    #[default]
    Beginning,
    /// With what is written from now on.
    Latest,
    /// At a position, which may lie ahead.
    Index(u64),
    /// After a `lastEventId` from an earlier life.
    After(String),
}

/// What the connection must do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on reading.
    Continue,
    /// Read again from the cursor: records are missing, or the stream is another one.
    Reread,
}

/// The v2 sequencer.
pub struct Positions {
    /// The position expected next. Unknown only until `from: "latest"` has heard where the tail is.
    next: Option<u64>,
    /// Where the current connection asked to begin.
    asked: u64,
    /// A record was settled in this life.
    settled: bool,
    /// The application came with a `lastEventId`: it has shown what lies before.
    given: bool,
    /// `next` stands on something that was once read, so a tail before it means another stream.
    earned: bool,
    first_connection: bool,
    held: Batch,
    gap_since: Option<u64>,
    /// The gap that was read again already: its first position, and the first one after it.
    reread: Option<(u64, u64)>,
    /// Where a ping said that there is more, and how often it was read again there.
    pinged: (Option<u64>, u8),
    seen: Seen,
    /// Gaps accepted after a second reading, and trimmed heads.
    pub gaps: u64,
    /// Records dropped because they had been seen.
    pub duplicates: u64,
}

impl Positions {
    pub(crate) fn new(start: &Start) -> Self {
        let next = match start {
            Start::Beginning => Some(0),
            Start::Latest => None,
            Start::Index(n) => Some(*n),
            Start::After(id) => redis_id(id.as_bytes()).map(|(n, _)| n.saturating_add(1)),
        };
        Self {
            next,
            asked: 0,
            settled: false,
            given: matches!(start, Start::After(_)),
            earned: matches!(start, Start::After(_)),
            first_connection: false,
            held: Batch::default(),
            gap_since: None,
            reread: None,
            pinged: (None, 0),
            seen: Seen::default(),
            gaps: 0,
            duplicates: 0,
        }
    }

    /// The last contiguous settled position, if the next one is known and not the first.
    pub fn cursor(&self) -> Option<u64> {
        if let (true, Some(last)) = (mutant::is("held records in the cursor"), self.held.records.last()) {
            return Some(last.seq_num);
        }
        self.next.and_then(|next| next.checked_sub(1))
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.settled
    }

    pub(crate) fn wants_latest(&self) -> bool {
        self.next.is_none()
    }

    /// How far the reader is behind `tail`.
    pub(crate) fn lag(&self, tail: u64) -> Option<u64> {
        self.next.map(|next| tail.saturating_sub(next))
    }

    pub(crate) fn connected(&mut self, is_first: bool) {
        if mutant::is("dedup forgotten on reconnect") {
            self.seen = Seen::default();
        }
        self.first_connection = is_first;
        self.asked = self.next.unwrap_or(0);
        self.release_hold();
    }

    #[cold]
    fn release_hold(&mut self) {
        self.held = Batch::default();
        self.gap_since = None;
    }

    pub(crate) fn gap_deadline(&self) -> Option<u64> {
        self.gap_since.map(|since| since + GAP_MS)
    }

    /// The server pings when it has sent everything before `tail`. What is missing then was lost on the way.
    pub(crate) fn pinged(&mut self, tail: u64, now: u64, out: &mut Delivery) -> Flow {
        let flow = self.tail(tail, out);
        let is_ignored = mutant::is("promise of a ping ignored");
        let is_missing = self.next.is_some_and(|next| next < tail) && self.pinged != (self.next, PING_REREADS);
        if is_missing && !is_ignored {
            self.gap_since.get_or_insert(now);
        }
        flow
    }

    /// The server said where the stream ends.
    pub(crate) fn tail(&mut self, tail: u64, out: &mut Delivery) -> Flow {
        let Some(next) = self.next else {
            self.next = Some(tail);
            self.earned = true;
            self.first_connection = false;
            return Flow::Continue;
        };
        if !self.earned || tail >= next || self.asked <= tail || mutant::is("reset not noticed") {
            return Flow::Continue;
        }
        // Records that were read are not there any more: the stream was replaced. Who came with a lastEventId of
        // another life has shown its parts already and goes on with what is new.
        let resume_at_tail = self.given && !self.settled;
        self.release_hold();
        (self.reread, self.pinged) = (None, (None, 0));
        self.seen = Seen::default();
        self.settled = false;
        self.next = Some(if resume_at_tail { tail } else { 0 });
        out.reset();
        if resume_at_tail { Flow::Continue } else { Flow::Reread }
    }

    /// Takes a batch in.
    pub(crate) fn admit(&mut self, batch: &Batch, now: u64, out: &mut Delivery) -> Flow {
        if let Some(tail) = batch.tail {
            if self.next.is_none() {
                // Live already: all of it was written after the request.
                let first = batch.records.first().map_or(tail, |record| record.seq_num);
                _ = self.tail(first, out);
            } else if self.tail(tail, out) == Flow::Reread {
                return Flow::Reread;
            }
        }
        for record in &batch.records {
            if self.next.is_none() && mutant::is("history shown to latest") {
                out.record(record, &batch.text);
            }
            let Some(next) = self.next else { continue };
            if record.seq_num < next {
                if mutant::is("replayed records shown") {
                    out.record(record, &batch.text);
                }
                self.duplicates += u64::from(self.settled);
            } else if record.seq_num == next {
                self.settle(record, &batch.text, out);
                self.drain_hold(now, out);
            } else if self.first_connection && !self.settled {
                self.accept_gap(next, record.seq_num, out);
                self.settle(record, &batch.text, out);
            } else if self.hold(record, batch, now) == Flow::Reread && self.gap_timeout(now, out) == Flow::Reread {
                return Flow::Reread;
            }
        }
        Flow::Continue
    }

    fn settle(&mut self, record: &Record, text: &[u8], out: &mut Delivery) {
        self.next = record.seq_num.checked_add(1);
        self.settled = true;
        self.earned = true;
        let is_part = matches!(record.kind, Kind::Part | Kind::Undefined);
        let key = if mutant::is("dedup by id alone") { &record.id } else { &record.body };
        if is_part && !record.id.is_empty() && !self.seen.insert(hash(&text[key.clone()])) {
            self.duplicates += 1;
        } else {
            out.record(record, text);
        }
    }

    #[cold]
    fn accept_gap(&mut self, from: u64, to: u64, out: &mut Delivery) {
        if !mutant::is("gap accepted silently") {
            self.gaps += 1;
            out.gap(from, to);
        }
        self.next = Some(to);
    }

    /// Keeps a record that is ahead. `Reread` when no more can be kept.
    #[cold]
    fn hold(&mut self, record: &Record, batch: &Batch, now: u64) -> Flow {
        self.gap_since.get_or_insert(now);
        let at = self.held.records.partition_point(|held| held.seq_num < record.seq_num);
        if self.held.records.get(at).is_some_and(|held| held.seq_num == record.seq_num) {
            self.duplicates += 1;
            return Flow::Continue;
        }
        self.held.push_copy(record, &batch.text);
        self.held.records[at..].rotate_right(1);
        let full = self.held.records.len() >= HOLD_RECORDS || self.held.text.len() >= HOLD_BYTES;
        if full { Flow::Reread } else { Flow::Continue }
    }

    /// Settles what is held and now due.
    fn drain_hold(&mut self, now: u64, out: &mut Delivery) {
        if self.held.records.is_empty() {
            self.gap_since = None;
            return;
        }
        let mut held = core::mem::take(&mut self.held);
        let ready = held
            .records
            .iter()
            .enumerate()
            .take_while(|(i, record)| Some(record.seq_num) == self.next.map(|next| next + *i as u64))
            .count();
        for record in held.records.drain(..ready) {
            self.settle(&record, &held.text, out);
        }
        if held.records.is_empty() {
            self.gap_since = None;
        } else {
            if ready > 0 {
                self.gap_since = Some(now);
            }
            self.held = held;
        }
    }

    /// The gap has been open for too long.
    pub(crate) fn gap_timeout(&mut self, now: u64, out: &mut Delivery) -> Flow {
        let Some(next) = self.next else {
            self.gap_since = None;
            return Flow::Continue;
        };
        match self.held.records.first().map(|record| record.seq_num) {
            // The same gap: it began here, and reached as far. A wider one may hide what the first reading had.
            Some(first)
                if mutant::is("gap not read again")
                    || self.reread.is_some_and(|(from, to)| {
                        from == next && (first <= to || mutant::is("wider gap taken for the same"))
                    }) =>
            {
                self.accept_gap(next, first, out);
                self.drain_hold(now, out);
                return Flow::Continue;
            }
            Some(first) => self.reread = Some((next, first)),
            None if self.pinged == (Some(next), PING_REREADS) => {
                self.gap_since = None;
                return Flow::Continue;
            }
            None if self.pinged.0 == Some(next) => self.pinged.1 += 1,
            None => self.pinged = (Some(next), 1),
        }
        self.release_hold();
        Flow::Reread
    }
}

/// The v1 sequencer. Several events can carry one id, and a reader that resumes behind that id loses the rest of them;
/// so the cursor stays at the last id that is known complete, and counts what came after it.
pub struct Ordinals {
    /// The last id that a different one followed.
    complete: Option<(u64, u64)>,
    /// The id after it, of which `count` events are settled.
    open: Option<(u64, u64)>,
    count: u64,
    /// Events of `open` seen on this connection.
    ordinal: u64,
    /// Parts still to skip for a start index.
    skip: u64,
    settled: bool,
    /// Events dropped because they had been seen.
    pub duplicates: u64,
}

impl Ordinals {
    pub(crate) fn new(start: &Start) -> Self {
        let mut this =
            Self { complete: None, open: None, count: 0, ordinal: 0, skip: 0, settled: false, duplicates: 0 };
        match start {
            Start::Index(n) => this.skip = *n,
            Start::After(id) => {
                if let Some((complete, since)) = parse_cursor(id.as_bytes()) {
                    this.complete = Some(complete);
                    (this.count, this.open) = since.map_or((0, None), |(count, open)| (count, Some(open)));
                }
            }
            _ => {}
        }
        this
    }

    pub(crate) fn connected(&mut self) {
        self.ordinal = 0;
    }

    /// What goes into `Last-Event-ID`.
    pub(crate) fn resume_id(&self, out: &mut Vec<u8>) {
        let id = if mutant::is("v1 resumed behind the open id") { self.open } else { self.complete };
        if let Some(id) = id {
            write_id(id, out);
        }
    }

    /// What the application may keep: `<complete>~<count>~<open>`, the events after an id included.
    pub(crate) fn cursor(&self, out: &mut Vec<u8>) {
        let Some(open) = self.open.filter(|_| self.settled) else { return };
        write_id(self.complete.unwrap_or((0, 0)), out);
        out.push(b'~');
        crate::json::decimal(self.count, out);
        out.push(b'~');
        write_id(open, out);
    }

    /// Takes an event in.
    pub(crate) fn admit(&mut self, id: &[u8], data: &[u8], out: &mut Delivery) {
        let parsed = redis_id(id);
        if let Some(id) = parsed {
            if Some(id) <= self.complete || (Some(id) < self.open) {
                self.duplicates += 1;
                return;
            }
            if Some(id) == self.open {
                self.ordinal += 1;
                if self.ordinal <= self.count && !mutant::is("v1 open id shown again") {
                    self.duplicates += 1;
                    return;
                }
            } else {
                self.complete = self.open.or(self.complete);
                self.open = Some(id);
                self.ordinal = 1;
            }
            self.count = self.ordinal;
            self.settled = true;
        }
        if self.skip > 0 {
            self.skip -= 1;
        } else {
            out.v1(id, parsed.map_or(0, |(ms, _)| ms), data);
        }
    }
}

type Id = (u64, u64);

/// A cursor of an earlier life: an id, and how many events of which id were read since.
#[cold]
pub(crate) fn parse_cursor(cursor: &[u8]) -> Option<(Id, Option<(u64, Id)>)> {
    let (complete, rest) = cut(cursor, b'~');
    let complete_id = redis_id(complete)?;
    if complete.len() == cursor.len() {
        return Some((complete_id, None));
    }
    let (count, open) = cut(rest, b'~');
    Some((complete_id, Some((Scanner::new(count).all_digits()?, redis_id(open)?))))
}

#[cold]
fn write_id((ms, seq): (u64, u64), out: &mut Vec<u8>) {
    crate::json::decimal(ms, out);
    out.push(b'-');
    crate::json::decimal(seq, out);
}
