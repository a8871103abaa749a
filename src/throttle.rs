//! When to hand over what has arrived: at once after a quiet spell, then at most once an interval.

/// Spaces deliveries at least `interval` milliseconds apart.
pub struct Throttle {
    interval: u64,
    last: Option<u64>,
    pending: bool,
}

impl Throttle {
    /// `interval` 0 delivers after every read.
    pub fn new(interval: u64) -> Self {
        Self { interval, last: None, pending: false }
    }

    /// Something waits to be delivered.
    pub fn mark(&mut self) {
        self.pending = true;
    }

    /// When the next delivery is due, if anything waits.
    pub fn due(&self) -> Option<u64> {
        self.pending.then(|| self.last.map_or(0, |last| last + self.interval))
    }

    /// A delivery was made.
    pub fn delivered(&mut self, now: u64) {
        self.pending = false;
        self.last = Some(now);
    }
}
