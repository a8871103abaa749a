//! What the application must have been given: the server's log, in order, each part once. Parts are known by the serial
//! number that their writer put into the value; ids, hashes and positions of what is delivered are never looked at.

use crate::log::{Entry, Life, Record, Stream};
use crate::session::Class;
use crate::writer::Home;
use runstream::Delivery;
use serde_json::Value;
use serde_json::value::RawValue;

pub type Verdict = Result<(), (Class, String)>;

pub struct Oracle {
    pub view: View,
    /// By serial: the subscription that delivered it last.
    delivered: Vec<u32>,
    /// Where the reader must go on after the `reset` that is due.
    pub reset_to: Option<(usize, u64)>,
    /// Notices of gaps to this subscription.
    pub gaps: u64,
    is_v1: bool,
}

/// How far one subscription has got.
pub struct View {
    pub client_life: u32,
    pub stream: usize,
    /// Which of the stream's lives it reads.
    pub life: usize,
    /// The next record that it must be given. `None` until `from: "latest"` was told where that is.
    pub next: Option<u64>,
    /// Nothing was delivered, and it did not come with a cursor.
    pub is_fresh: bool,
}

/// What a delivery holds, in order.
#[derive(Clone, Copy, Debug)]
enum Item<'a> {
    Part(&'a str),
    Undefined,
    Control(u64),
    Bad(u64),
    Gap(u64, u64),
    Reset,
}

impl Oracle {
    pub fn new(is_v1: bool, next: Option<u64>) -> Self {
        let view = View { client_life: 1, stream: 0, life: 0, next, is_fresh: true };
        Self { view, delivered: Vec::new(), reset_to: None, gaps: 0, is_v1 }
    }

    /// Another subscription, to another stream or from the beginning.
    pub fn replace(&mut self, stream: usize, life: usize, next: Option<u64>) {
        let client_life = self.view.client_life + 1;
        (self.reset_to, self.gaps) = (None, 0);
        self.view = View { client_life, stream, life, next, is_fresh: true };
    }

    /// Another subscription that goes on where the last one was, with the cursor that one gave (if it is a position).
    pub fn go_on(&mut self, streams: &[Stream], cursor: Option<u64>) {
        let records = &streams[self.view.stream].lives[self.view.life].records;
        while let (Some(next), Some(cursor)) = (self.view.next, cursor)
            && next <= cursor
            && records.get(next as usize).is_some_and(|record| self.may_skip(record))
        {
            self.view.next = Some(next + 1);
        }
        (self.reset_to, self.gaps) = (None, 0);
        self.view.client_life += 1;
        self.view.is_fresh = false;
    }

    /// Takes what the application was given.
    pub fn deliver(&mut self, streams: &[Stream], homes: &[Home], delivery: &Delivery, with_meta: bool) -> Verdict {
        let (parts, notices, meta) = (read(delivery.text())?, read(delivery.notices())?, read(delivery.meta())?);
        if parts.len() != delivery.count() as usize || meta.len() != if with_meta { parts.len() * 4 } else { 0 } {
            return Err((Class::WrongError, format!("{} parts, {} said", parts.len(), delivery.count())));
        }
        let notices: Vec<Value> = notices.iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect();
        let mut notices = notices.iter().peekable();
        for (at, part) in parts.iter().enumerate() {
            while let Some(notice) = notices.next_if(|notice| notice["at"].as_u64() <= Some(at as u64)) {
                self.take(streams, homes, item(notice)?)?;
            }
            let is_undefined = delivery.undefined().contains(&(at as u32));
            self.take(streams, homes, if is_undefined { Item::Undefined } else { Item::Part(part.get()) })?;
        }
        notices.try_for_each(|notice| self.take(streams, homes, item(notice)?))
    }

    fn take(&mut self, streams: &[Stream], homes: &[Home], item: Item<'_>) -> Verdict {
        match item {
            Item::Gap(from, to) => return self.gap(streams, from, to),
            Item::Reset => {
                let Some((life, next)) = self.reset_to.take() else {
                    return Err((Class::WrongError, "a reset, and the stream is the same".into()));
                };
                (self.view.life, self.view.next) = (life, Some(next));
                self.view.is_fresh = true;
                return Ok(());
            }
            _ => {}
        }
        let stream = &streams[self.view.stream];
        loop {
            let life = &stream.lives[self.view.life];
            let Some(next) = self.view.next else {
                return Err((Class::Reordered, format!("{item:?} before anybody said where the tail is")));
            };
            let record = life.records.get(next as usize);
            if let Some(record) = record
                && matches(life, record, item)
                && !self.may_skip(record)
            {
                self.view.next = Some(next + 1);
                self.view.is_fresh = false;
                self.mark(record.serial);
                return Ok(());
            }
            if record.is_some_and(|record| self.may_skip(record)) {
                self.view.next = Some(next + 1);
            } else if self.view.is_fresh && self.view.life < stream.current() {
                // Replaced before anything was read: nothing tells the reader, and it has nothing to forget.
                self.view.life += 1;
            } else {
                return Err(self.blame(homes, life, next, item));
            }
        }
    }

    fn mark(&mut self, serial: u64) {
        let serial = serial as usize;
        if self.delivered.len() <= serial {
            self.delivered.resize(serial + 64, 0);
        }
        self.delivered[serial] = self.view.client_life;
    }

    fn was_delivered(&self, serial: u64) -> bool {
        serial > 0 && self.delivered.get(serial as usize) == Some(&self.view.client_life)
    }

    /// Whether the application is not told of `record`: it is S2's own, or a copy that the writer made of a part that
    /// was delivered. What is gone on v1 leaves no trace.
    fn may_skip(&self, record: &Record) -> bool {
        match record.entry {
            Entry::Command => true,
            Entry::Part => (record.has_part_id && self.was_delivered(record.serial)) || (self.is_v1 && record.is_gone),
            _ => false,
        }
    }

    fn gap(&mut self, streams: &[Stream], from: u64, to: u64) -> Verdict {
        self.gaps += 1;
        let life = &streams[self.view.stream].lives[self.view.life];
        let mut next = self.view.next.unwrap_or(from);
        while next < from && life.records.get(next as usize).is_some_and(|record| self.may_skip(record)) {
            next += 1;
        }
        if next != from || to <= from || to > life.tail() {
            return Err((Class::WrongError, format!("a gap from {from} to {to}, and the next record is {next}")));
        }
        if let Some(at) = (from..to).find(|&at| !life.records[at as usize].is_gone) {
            return Err((Class::Lost, format!("a gap from {from} to {to}, and the server still has {at}")));
        }
        self.view.next = Some(to);
        self.view.is_fresh = false;
        Ok(())
    }

    fn blame(&self, homes: &[Home], life: &Life, next: u64, item: Item<'_>) -> (Class, String) {
        let expected = life.records.get(next as usize).map(|record| (record.entry, record.serial));
        let what = format!("{item:?}; the next record is {next}, {expected:?}");
        let serial = match item {
            Item::Part(raw) => serial(raw),
            Item::Control(serial) | Item::Bad(serial) => serial,
            _ => 0,
        };
        let home = homes.get(serial as usize).copied();
        if self.was_delivered(serial) {
            (Class::Doubled, format!("again: {what}"))
        } else if home.is_some_and(|home| home.stream != self.view.stream) {
            (Class::Reordered, format!("of another stream: {what}"))
        } else if home.is_some_and(|home| serial > 0 && home.life == self.view.life && home.seq > next) {
            (Class::Lost, format!("left out: {what}"))
        } else {
            (Class::Reordered, what)
        }
    }

    /// Whether a cursor that was given with the last delivery covers all that was delivered and no more.
    pub fn covers(&mut self, streams: &[Stream], cursor: u64) -> Verdict {
        let end = cursor + 1;
        if self.view.next.is_some_and(|next| next > end) {
            return Err((Class::Doubled, format!("the cursor {cursor} lies before what was delivered")));
        }
        let life = &streams[self.view.stream].lives[self.view.life];
        match self.missing(streams, Some(end.min(life.tail()))) {
            Some(missing) => Err((Class::Lost, format!("the cursor {cursor} lies behind {missing}, not delivered"))),
            None => Ok(()),
        }
    }

    /// What is still to be delivered, if anything.
    pub fn missing(&mut self, streams: &[Stream], up_to: Option<u64>) -> Option<String> {
        let stream = &streams[self.view.stream];
        let Some(mut next) = self.view.next else {
            return up_to.is_none().then(|| "not told where the tail is".into());
        };
        let mut life = self.view.life;
        if self.view.is_fresh && up_to.is_none() && self.reset_to.is_none() && life < stream.current() {
            life = stream.current();
        }
        let end = up_to.unwrap_or(stream.lives[life].tail());
        while next < end && self.may_skip(&stream.lives[life].records[next as usize]) {
            next += 1;
        }
        if up_to.is_none() && life != stream.current() {
            return Some(format!("a reset to life {}", stream.current()));
        }
        (next < end).then(|| format!("{next} to {end}"))
    }
}

fn read(json: &[u8]) -> Result<Vec<&RawValue>, (Class, String)> {
    if json.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_slice(json).map_err(|error| (Class::WrongError, format!("a delivery that is no JSON: {error}")))
}

fn item(notice: &Value) -> Result<Item<'static>, (Class, String)> {
    let position = |key: &str| notice[key].as_u64().unwrap_or(u64::MAX);
    Ok(match notice["type"].as_str() {
        Some("gap") => Item::Gap(position("from"), position("to")),
        Some("reset") => Item::Reset,
        Some("control") => Item::Control(serial(&notice["headers"].to_string())),
        Some("bad-record") => Item::Bad(serial(notice["body"].as_str().unwrap_or(""))),
        _ => return Err((Class::WrongError, format!("a notice that is none: {notice}"))),
    })
}

/// The first number in a text: the writer saw to it that it is the serial.
fn serial(raw: &str) -> u64 {
    let digits = raw.bytes().skip_while(|byte| !byte.is_ascii_digit()).take_while(u8::is_ascii_digit);
    digits.fold(0, |n, digit| n.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
}

fn matches(life: &Life, record: &Record, item: Item<'_>) -> bool {
    match (record.entry, item) {
        (Entry::Part, Item::Part(raw)) if record.is_text => {
            let text = serde_json::from_str::<String>(raw);
            serial(raw) == record.serial && text.is_ok_and(|text| text.as_bytes() == life.value(record))
        }
        (Entry::Part, Item::Part(raw)) => serial(raw) == record.serial && raw.as_bytes() == life.value(record),
        (Entry::Undefined, Item::Undefined) => true,
        (Entry::Control, Item::Control(serial)) | (Entry::Bad, Item::Bad(serial)) => serial == record.serial,
        _ => false,
    }
}
