//! Any bytes, cut anywhere: the same events as uncut, none larger than what was sent, and no more held than the cap.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runstream::sse::{Decoder, TooLarge};
use runstream_fuzz::Cuts;

/// What came out, small enough to compare a hundred million times.
#[derive(Debug, Default, PartialEq, Eq)]
struct Digest {
    events: u64,
    hash: u64,
}

impl Digest {
    fn add(&mut self, field: &[u8]) {
        let mut hash = self.hash ^ field.len() as u64;
        for &byte in field {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        self.hash = hash;
    }
}

fn decode<'a>(
    decoder: &mut Decoder,
    pieces: impl Iterator<Item = &'a [u8]>,
    largest: usize,
) -> (Digest, Result<(), usize>) {
    let mut digest = Digest::default();
    let mut pushed = 0;
    for piece in pieces {
        decoder.push(piece);
        pushed += piece.len();
        loop {
            match decoder.next() {
                Ok(Some(event)) => {
                    assert!(event.data.len() <= largest && event.kind.len() <= largest, "larger than what was sent");
                    digest.events += 1;
                    digest.add(event.kind);
                    digest.add(event.data);
                    digest.add(event.last_event_id);
                }
                Ok(None) => break,
                Err(TooLarge) => return (digest, Err(pushed)),
            }
        }
    }
    digest.add(decoder.last_event_id());
    digest.add(&decoder.retry().unwrap_or(u64::MAX).to_le_bytes());
    (digest, Ok(()))
}

fuzz_target!(|input: &[u8]| {
    let (rest, cuts, body) = Cuts::split(input);

    let mut decoder = Decoder::default();
    let whole = decode(&mut decoder, std::iter::once(body), body.len());
    assert!(whole.1.is_ok(), "no input is over 16 MiB");
    decoder.reset();
    let split = decode(&mut decoder, cuts.of(body), body.len());
    assert_eq!(whole, split, "cutting it changed it");

    // A small cap holds back at most itself and one piece more, and says so only when that much was sent.
    let cap = usize::from(rest) * 2;
    let (_, outcome) = decode(&mut Decoder::new(cap), cuts.of(body), cap + cuts.largest(body));
    if let Err(pushed) = outcome {
        // The first of two data lines is there twice for a while.
        assert!(pushed * 2 > cap, "{pushed} bytes are not over a cap of {cap}");
    }
});
