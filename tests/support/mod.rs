//! What the tests of the core share. Nothing here reads the core's code: it only calls what is public.
#![allow(dead_code, reason = "every test binary uses another part")]

pub mod decoded;
pub mod frames;
pub mod sim;
pub mod spelling;
pub mod tokens;

use proptest::test_runner::{Config, RngSeed};

/// Properties run the same cases every time, so that a red build is red again. `PROPTEST_RNG_SEED` and
/// `PROPTEST_CASES` look further.
pub fn cases(n: u32) -> Config {
    let given = Config::default();
    let rng_seed = if given.rng_seed == RngSeed::Random { RngSeed::Fixed(20_260_923) } else { given.rng_seed };
    let cases = if given.cases == 256 { n } else { given.cases };
    Config { cases, rng_seed, failure_persistence: None, ..given }
}

/// Cuts `bytes` into pieces of the given sizes, over and over; what is left is the last piece.
pub fn pieces<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut out = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() || sizes.iter().all(|&size| size == 0) {
            break;
        }
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        out.push(piece);
        rest = after;
    }
    out.push(rest);
    out
}

/// Where to cut in two: everywhere, or for long inputs near both ends and now and then between.
pub fn cuts(len: usize) -> impl Iterator<Item = usize> {
    (0..=len).filter(move |&at| len <= 2_000 || at <= 300 || len - at <= 300 || at % 997 == 0)
}

/// Base64, for the fixtures that are not text.
pub fn base64(text: &str) -> Vec<u8> {
    let six = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = text.bytes().filter(|&c| c != b'=').map(|c| u32::from(six(c))).collect();
    let mut out = Vec::new();
    for four in digits.chunks(4) {
        let bits = four.iter().fold(0, |n, d| n << 6 | d) << (6 * (4 - four.len()));
        out.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    out
}

/// The body of a captured HTTP/1.1 answer: without its head and its chunk sizes, as far as it was captured.
pub fn body(capture: &[u8]) -> Vec<u8> {
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what);
    let head = find(capture, b"\r\n\r\n").expect("a head");
    let mut rest = &capture[head + 4..];
    let mut out = Vec::new();
    while let Some(end) = find(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).expect("a chunk size");
        let size = usize::from_str_radix(size, 16).expect("a chunk size in hex");
        let data = &rest[end + 2..];
        out.extend_from_slice(&data[..size.min(data.len())]);
        if size == 0 || data.len() <= size {
            break;
        }
        rest = &data[size + 2..];
    }
    out
}
