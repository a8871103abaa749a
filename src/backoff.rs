//! How long to wait before the next attempt.

use crate::random;

/// First delay, in milliseconds. Doubles with every failure in a row.
pub const BASE: u64 = 100;
/// Longest delay that is not the server's own wish.
pub const CAP: u64 = 5_000;
/// Longest `Retry-After` that is obeyed.
pub const RETRY_AFTER_CAP: u64 = 60_000;

/// Delays that double, with 50-100 % jitter from a seed, so that clients cut at once do not come back at once.
pub struct Backoff {
    state: u64,
}

impl Backoff {
    /// The same seed gives the same delays.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Delay before the attempt that follows `failures` failures in a row (1 or more), in milliseconds. `floor` is the
    /// stream's `retry` field, `retry_after` what the last answer asked for; both are minimums.
    pub fn delay(&mut self, failures: u32, floor: u64, retry_after: Option<u64>) -> u64 {
        let full = BASE.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(CAP);
        let jittered = full / 2 + random::next(&mut self.state) % (full / 2 + 1);
        jittered.max(floor.min(RETRY_AFTER_CAP)).max(retry_after.unwrap_or(0).min(RETRY_AFTER_CAP))
    }
}
