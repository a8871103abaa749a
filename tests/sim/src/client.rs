//! The machine and the page: the core it runs, its clock, its token, and what can happen to it.

use crate::clock::Clock;
use runstream::{Response, Subscription};

pub struct Client {
    pub core: Subscription,
    /// Counts subscriptions: a new one for another key, and after a reload.
    pub life: u32,
    pub stream: usize,
    /// The connection of the current attempt.
    pub socket: Option<usize>,
    /// The request of the current attempt has not left, because nobody reads.
    pub unsent: bool,
    pub timer: Option<u64>,
    pub timer_generation: u32,
    pub is_paused: bool,
    pub is_hidden: bool,
    pub is_offline: bool,
    /// Until when nothing happens on this machine.
    pub frozen_until: u64,
    /// What its clock shows beyond the real time, in milliseconds.
    pub skew: i64,
    /// What it last showed to the core, and how much more than the wall clock that was.
    last_now: (u64, u64),
    /// What the application was given with the last delivery.
    pub cursor: Option<String>,
    pub token: u32,
    /// The token says of itself that it is not good any more.
    pub is_expired: bool,
    /// Counts the times the tab was hidden.
    pub visibility: u32,
    /// The page is told when the machine wakes.
    pub wakes: bool,
    /// The bytes of the largest event, or of the largest chunk if that is more.
    pub largest: usize,
    /// When a timer fired for nothing.
    pub vain: Vec<u64>,
    pub connects: Vec<u64>,
}

/// How the application gives tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// One text.
    Text,
    /// One text, and a function that makes a new one.
    Refresh,
    /// A function that is asked every time.
    Function,
}

#[derive(Debug)]
pub enum Input {
    Start,
    Head(usize, Response),
    Bytes(usize, Vec<u8>),
    End,
    Reset,
    Timer,
    Wake,
    Token,
    Stop,
    Resume,
    Pause(bool),
    /// Something of the attempt with this number, which is over.
    Late(u32, Late),
}

#[derive(Debug)]
pub enum Late {
    Head,
    Bytes(Vec<u8>),
    End,
    Reset,
}

impl Client {
    pub fn new(core: Subscription, token: u32) -> Self {
        Self {
            core,
            life: 1,
            stream: 0,
            socket: None,
            unsent: false,
            timer: None,
            timer_generation: 0,
            is_paused: false,
            is_hidden: false,
            is_offline: false,
            frozen_until: 0,
            skew: 0,
            last_now: (0, 0),
            cursor: None,
            token,
            is_expired: false,
            visibility: 0,
            wakes: false,
            largest: 0,
            vain: Vec::new(),
            connects: Vec::new(),
        }
    }

    /// The wall clock, going on when it is set back, as `src/wasm/time.rs` has it.
    pub fn now(&mut self, clock: &Clock) -> u64 {
        let date = clock.now.saturating_add_signed(self.skew);
        let (last, ahead) = self.last_now;
        let ahead = ahead.max(last.saturating_sub(date));
        self.last_now = (date + ahead, ahead);
        date + ahead
    }

    /// Whether its clock was set back since somebody last looked, and will not have caught up by `time`.
    pub fn is_behind(&self, time: u64) -> bool {
        let (last, ahead) = self.last_now;
        time.saturating_add_signed(self.skew) + ahead < last
    }

    /// What the clock showed when somebody last looked.
    pub fn last_now(&self) -> u64 {
        self.last_now.0
    }

    /// Another subscription takes this one's place. Whatever the old one had under way is gone.
    pub fn replace(&mut self, core: Subscription) {
        self.core = core;
        self.life += 1;
        self.timer = None;
        self.is_paused = false;
        self.unsent = false;
    }
}
