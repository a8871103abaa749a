//! Part ids: seven characters, as the official writer's.

use crate::random;

/// How many characters an id has.
pub const LEN: usize = 7;
/// Half of an id's 42 bits.
const HALF: u32 = 21;
const MASK: u64 = (1 << HALF) - 1;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/// The ids of one writer: no two alike in 2^42 parts, where seven random characters would repeat after some two million,
/// and nobody can tell the next one without the seed. A reader drops a part that repeats the body, the id included, of
/// one that it has lately seen, so equal values stay apart by their ids alone.
pub struct PartIds {
    keys: [u64; 4],
    next: u64,
}

impl PartIds {
    /// The same seed gives the same ids: every writer needs a seed of its own.
    pub fn new(mut seed: u64) -> Self {
        Self { keys: [(); 4].map(|()| random::next(&mut seed)), next: 0 }
    }

    /// The next id.
    pub fn take(&mut self) -> [u8; LEN] {
        // A Feistel network: a permutation of the counter, whatever its rounds do.
        let (mut left, mut right) = (self.next >> HALF & MASK, self.next & MASK);
        for key in self.keys {
            (left, right) = (right, left ^ (random::mix(right ^ key) & MASK));
        }
        self.next += 1;
        let mut bits = left << HALF | right;
        [(); LEN].map(|()| {
            let digit = ALPHABET[(bits & 63) as usize];
            bits >>= 6;
            digit
        })
    }
}
