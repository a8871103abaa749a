//! When to hand over what has arrived: at once after a quiet spell, then at most once an interval, or when it is much.

/// So many bytes wait for no interval. Text that is not Latin-1 and larger gets pages of its own from Chromium each time, and decoding it
/// takes a third longer.
const MUCH: usize = 64 * 1024;

/// Spaces deliveries of less than [`MUCH`] at least `interval` milliseconds apart.
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

    /// So many bytes wait to be delivered.
    pub fn mark(&mut self, bytes: usize) {
        self.pending = true;
        if bytes >= MUCH {
            self.last = None;
        }
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
