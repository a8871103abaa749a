//! The simulated time: a queue of what happens when. What is due at the same millisecond happens in the order in which
//! it was planned.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// When sessions begin.
pub const BEGIN: u64 = 1_700_000_000_000;

/// What can happen. Numbers name connections; a generation tells a timer that was cancelled from the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// The writer appends.
    Write,
    /// A request reaches the server.
    Request(usize),
    /// The server looks whether there is something to send.
    Serve(usize),
    /// It is time for a sign of life.
    Ping(usize, u32),
    /// The read window may be over.
    Idle(usize, u32),
    /// What a proxy held back goes on.
    Release(usize),
    /// Something waits in the client's socket.
    Arrive(usize),
    /// Something of a connection that is over reaches the core all the same.
    Late(usize),
    /// The driver's timer.
    Timer(u32),
    /// The next fault is drawn.
    Fault(u32),
    /// The application takes parts again.
    Unpause,
    /// The network is back.
    Online,
    /// The tab is visible again.
    Visible(u32),
    /// The machine or the page wakes.
    Thaw,
    /// The application resumes what is over.
    Resume(u32),
    /// The application has a new token.
    NewToken(u32),
    /// The time for catching up is over.
    Judge,
}

impl Event {
    /// Whether it happens on the client's machine, which may be asleep.
    pub fn is_client(self) -> bool {
        use Event::*;
        matches!(
            self,
            Arrive(_) | Late(_) | Timer(_) | Unpause | Online | Visible(_) | Resume(_) | NewToken(_) | Fault(_)
        )
    }
}

pub struct Clock {
    pub now: u64,
    planned: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Event)>>,
}

impl Clock {
    pub fn new() -> Self {
        Self { now: BEGIN, planned: 0, queue: BinaryHeap::new() }
    }

    pub fn at(&mut self, time: u64, event: Event) {
        self.planned += 1;
        self.queue.push(Reverse((time.max(self.now), self.planned, event)));
    }

    pub fn after(&mut self, ms: u64, event: Event) {
        self.at(self.now + ms, event);
    }

    /// Moves on to what happens next.
    pub fn next(&mut self) -> Option<Event> {
        let Reverse((time, _, event)) = self.queue.pop()?;
        self.now = time;
        Some(event)
    }
}
