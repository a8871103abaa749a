//! One record written in two ways: as servers write it, which the core reads in a hurry, and with its members in another
//! order, which it reads member by member. Runs on the host and, where the code is another, in wasm.

use runstream::wire::{Batch, Kind};
use serde_json::Value;

/// Bodies of `rounds` texts of every length and spelling, whole and damaged. Panics where the two readings differ, or where
/// `serde_json` reads something else.
pub fn check(rounds: u32) {
    let mut random = Random(1);
    for round in 0..rounds {
        let text: String = (0..random.below(round % 70 + 1)).map(|_| *random.pick(&PIECES)).collect();
        let id: String = (0..random.below(20)).map(|_| *random.pick(&["a", "_", "9", "é", "\\n", "\\\""])).collect();
        let whole = format!("{{\"data\":\"{text}\",\"id\":\"{id}\"}}");
        let mut body = serde_json::to_string(&whole).expect("a string").into_bytes();
        if round % 3 == 0 {
            let at = random.below(body.len() as u32) as usize;
            match random.below(3) {
                0 => _ = body.remove(at),
                1 => body.insert(at, *random.pick(&[b'"', b'\\', b'u', b'\n', 0x01, b'}', b','])),
                _ => body[at] = *random.pick(&[b'"', b'\\', b'/', b'1', 0x1f, 0xff]),
            }
        }
        let read = parts_of(&[b"\"seq_num\":7,\"timestamp\":1795400000000,\"body\":", &body]);
        let again = parts_of(&[b"\"timestamp\":1795400000000,\"body\":", &body, b",\"seq_num\":7"]);
        assert_eq!(read, again, "{}", String::from_utf8_lossy(&body));
        if let (Ok(Value::String(body)), Some((kind, data, _))) = (serde_json::from_slice(&body), &read) {
            if body.contains("\\ud") {
                continue; // half of a pair is what serde_json refuses
            }
            let value = serde_json::from_str::<Value>(&body).ok();
            let expected = value.as_ref().and_then(|envelope| envelope.get("data"));
            assert_eq!(*kind == Kind::Part, expected.is_some(), "{body}");
            assert_eq!(serde_json::from_slice(data).ok().as_ref(), expected, "{body}");
        }
    }
}

/// Positions of every number of digits, and one too large.
pub fn check_numbers() {
    let mut numbers: Vec<u64> = (0..64).flat_map(|bit| [1 << bit, (1 << bit) - 1]).collect();
    numbers.extend((0..20).map(|power| 10u64.pow(power)));
    numbers.push(u64::MAX);
    for n in numbers {
        assert_eq!(position(&n.to_string()), Some(n));
        assert_eq!(position(&format!("0{n}")), None);
    }
    for other in
        ["18446744073709551616", "99999999999999999999", "123456789012345678901", "-1", "1.5", "1e3", "", "12345678x"]
    {
        assert_eq!(position(other), None, "{other}");
    }
}

fn position(digits: &str) -> Option<u64> {
    let mut batch = Batch::default();
    let text = format!("{{\"records\":[{{\"seq_num\":{digits},\"timestamp\":1,\"body\":\"{{}}\"}}]}}");
    batch.parse(text.as_bytes(), false).ok().map(|()| batch.records[0].seq_num)
}

/// Kind, value and id of the record made of these pieces, if the batch can be read.
fn parts_of(members: &[&[u8]]) -> Option<(Kind, Vec<u8>, Vec<u8>)> {
    let mut batch = Batch::default();
    let text = [b"{\"records\":[{", &members.concat()[..], b"}]}"].concat();
    batch.parse(&text, false).ok()?;
    let record = &batch.records[0];
    let slice = |range: &core::ops::Range<usize>| batch.text[range.clone()].to_vec();
    Some((record.kind, slice(&record.data), slice(&record.id)))
}

/// Of a text as JSON spells it.
const PIECES: [&str; 16] = [
    "a",
    "token ",
    "é",
    "日本",
    "🎉",
    "\\n",
    "\\\"",
    "\\\\",
    "\\/",
    "\\u00e9",
    "\\u001f",
    "\\ud83c\\udf89",
    "\u{7f}",
    "\u{2028}",
    "sixteen letters.",
    "\\t\\r\\b\\f",
];

struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(end)) as u32
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u32) as usize]
    }
}
