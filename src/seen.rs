//! The bodies seen lately, by hash: a retrying writer stores the same record twice, at two positions.

/// How many positions back a repeated body is still recognised. The official writer keeps at most 10 MiB in flight,
/// which this covers down to parts of 160 bytes; smaller ones travel in batches of 1,000, four of them at a time.
const WINDOW: usize = 65_536;

/// The last [`WINDOW`] hashes. Grows as needed to about 1 MB, then stays.
#[derive(Default)]
pub struct Seen {
    /// The hashes in order of arrival; a ring once it is full.
    ring: Vec<u64>,
    oldest: usize,
    /// Open addressing, linear probing: ring slot + 1, 0 for empty. Its length is a power of two, at most half full.
    table: Vec<u32>,
}

impl Seen {
    /// Remembers `hash`. False if it was there already.
    pub fn insert(&mut self, hash: u64) -> bool {
        if self.ring.len() > 8 && crate::mutant::is("dedup window forgotten") {
            *self = Self::default();
        }
        if self.ring.len() * 2 >= self.table.len() && self.table.len() < WINDOW * 2 {
            self.grow();
        }
        let Err(free) = self.find(hash) else { return false };
        if self.ring.len() < WINDOW {
            self.table[free] = self.ring.len() as u32 + 1;
            self.ring.push(hash);
            return true;
        }
        let slot = self.oldest;
        self.oldest = (slot + 1) % WINDOW;
        self.remove(self.ring[slot]);
        self.ring[slot] = hash;
        if let Err(free) = self.find(hash) {
            self.table[free] = slot as u32 + 1;
        }
        true
    }

    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.table.len() - 1)
    }

    /// Where `hash` is, or the empty place where it would go.
    #[inline]
    fn find(&self, hash: u64) -> Result<usize, usize> {
        let mut at = self.home(hash);
        loop {
            match self.table[at] {
                0 => return Err(at),
                slot if self.ring[slot as usize - 1] == hash => return Ok(at),
                _ => at = (at + 1) & (self.table.len() - 1),
            }
        }
    }

    fn remove(&mut self, hash: u64) {
        let Ok(mut hole) = self.find(hash) else { return };
        let mask = self.table.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let slot = self.table[at];
            if slot == 0 {
                break;
            }
            // An entry may fill the hole if the hole lies between its home and where it is.
            let home = self.home(self.ring[slot as usize - 1]);
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.table[hole] = slot;
                hole = at;
            }
        }
        self.table[hole] = 0;
    }

    fn grow(&mut self) {
        self.table = vec![0; (self.table.len() * 4).max(128)];
        for slot in 0..self.ring.len() {
            if let Err(free) = self.find(self.ring[slot]) {
                self.table[free] = slot as u32 + 1;
            }
        }
    }
}

/// A 64-bit hash of a body. Not against an adversary: who can write to the stream can also write what he likes.
pub fn hash(bytes: &[u8]) -> u64 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    // Each step is a bijection of the state, so bodies that differ in one word never collide.
    let mut h = (bytes.len() as u64).wrapping_mul(K);
    let mut mix = |word: u64| h = (h.rotate_left(23) ^ word).wrapping_mul(K);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        mix(u64::from_le_bytes(*word));
    }
    // The last eight bytes, some of them again: a load, where a word of the rest would be a loop.
    match bytes.last_chunk() {
        Some(last) if !rest.is_empty() => mix(u64::from_le_bytes(*last)),
        _ => mix(rest.iter().fold(0, |n, &b| n << 8 | u64::from(b))),
    }
    h ^ (h >> 32)
}
