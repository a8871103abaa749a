//! The JSON scanner against `serde_json`: both must accept the same texts, because the slices one lets through are
//! joined into a text that `JSON.parse` must read.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(not(target_arch = "wasm32"))]

mod support;

use proptest::prelude::*;
use runstream::wire::{Batch, is_json};
use serde_json::Value;
use support::{cases, spelling};

/// Whether `JSON.parse` accepts the text, by way of `serde_json`. `None` where the two are known to differ.
fn parses(text: &[u8]) -> Option<bool> {
    // Bytes that are not UTF-8 reach JSON.parse as U+FFFD.
    let mut text = String::from_utf8_lossy(text).into_owned();
    // serde_json refuses lone surrogates. Other hex digits in their place change nothing of the grammar.
    let escapes: Vec<usize> = text.match_indices("\\u").map(|(at, _)| at).collect();
    for at in escapes {
        let hex = text.get(at + 2..at + 6).unwrap_or_default();
        if hex.len() == 4 && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            text.replace_range(at + 2..at + 6, "0041");
        }
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(_) => Some(true),
        Err(error) => {
            let message = error.to_string();
            // Infinity and no limit for JSON.parse.
            let differs = message.contains("out of range") || message.contains("recursion limit");
            (!differs).then_some(false)
        }
    }
}

/// A JSON text with its own spelling: white space, escapes, number forms, doubled keys.
fn json_text() -> impl Strategy<Value = String> {
    let space = "[ \t\r\n]{0,2}";
    let string = prop::collection::vec(
        prop_oneof![
            "[ -!#-\\[\\]-~]{1,3}",
            r#"\\["\\/bfnrt]"#,
            r"\\u[0-9a-fA-F]{4}",
            r"\\ud[89ab][0-9a-f]{2}",
            "[é€😀\u{2028}\u{7f}]",
        ],
        0..4,
    )
    .prop_map(|parts| format!("\"{}\"", parts.concat()));
    let number = r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
    let scalar = prop_oneof!["true|false|null", number, string.clone()];
    let leaf = (space, scalar, space).prop_map(|(a, scalar, b)| [a, scalar, b].concat());
    leaf.prop_recursive(5, 40, 4, move |inner| {
        let member = (space, string.clone(), space, inner.clone()).prop_map(|(a, k, b, v)| format!("{a}{k}{b}:{v}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(","))),
            space.prop_map(|space| format!("[{space}]")),
            space.prop_map(|space| format!("{{{space}}}")),
        ]
    })
}

/// One careless edit.
#[derive(Clone, Debug)]
enum Edit {
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index),
    Replace(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Swap(prop::sample::Index),
    Double(prop::sample::Index, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<prop::sample::Index>;
    let telling = prop::sample::select(
        &[
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "0", "01", "-", "+", ".", "e", "E+", "1", " ", "\n", "\t",
            "\r", "\0", "\x1f", "\x0c", "\x0b", "/", "'", "t", "null", "nul", "NaN", "\u{feff}", "\u{a0}", "\\ud800",
        ][..],
    );
    prop_oneof![
        3 => (at(), telling.prop_map(|text| text.as_bytes().to_vec())).prop_map(|(i, text)| Edit::Insert(i, text)),
        1 => (at(), any::<u8>()).prop_map(|(i, b)| Edit::Insert(i, vec![b])),
        3 => at().prop_map(Edit::Remove),
        1 => (at(), any::<u8>()).prop_map(|(i, b)| Edit::Replace(i, b)),
        1 => at().prop_map(Edit::Cut),
        1 => at().prop_map(Edit::Swap),
        1 => (at(), 1usize..6).prop_map(|(i, n)| Edit::Double(i, n)),
    ]
}

fn apply(text: &mut Vec<u8>, edits: &[Edit]) {
    for edit in edits {
        if text.is_empty() {
            return;
        }
        match edit {
            Edit::Insert(at, bytes) => {
                let at = at.index(text.len() + 1);
                text.splice(at..at, bytes.iter().copied());
            }
            Edit::Remove(at) => _ = text.remove(at.index(text.len())),
            Edit::Replace(at, byte) => {
                let at = at.index(text.len());
                text[at] = *byte;
            }
            Edit::Cut(at) => text.truncate(at.index(text.len())),
            Edit::Swap(at) => {
                let at = at.index(text.len());
                let other = (at + 1) % text.len();
                text.swap(at, other);
            }
            Edit::Double(at, len) => {
                let at = at.index(text.len());
                let again = text[at..(at + len).min(text.len())].to_vec();
                text.splice(at..at, again);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(1_500))]

    #[test]
    fn what_is_json_is_accepted(text in json_text()) {
        prop_assert!(parses(text.as_bytes()) != Some(false), "the strategy is wrong");
        prop_assert!(is_json(text.as_bytes()));
    }

    #[test]
    fn mutated_json_is_accepted_by_both_or_by_neither(text in json_text(), edits in prop::collection::vec(edit(), 1..4)) {
        let mut text = text.into_bytes();
        apply(&mut text, &edits);
        if let Some(expected) = parses(&text) {
            prop_assert_eq!(is_json(&text), expected, "{}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn text_made_of_telling_pieces_is_accepted_by_both_or_by_neither(
        text in r#"([\[\]{},:" ]|"a"|-?0|1|\.5|e[+-]?|true|null|\\u00|\\"|\\){0,12}"#
    ) {
        if let Some(expected) = parses(text.as_bytes()) {
            prop_assert_eq!(is_json(text.as_bytes()), expected);
        }
    }

    #[test]
    fn arbitrary_bytes_are_accepted_by_both_or_by_neither(text in prop::collection::vec(any::<u8>(), 0..12)) {
        if let Some(expected) = parses(&text) {
            prop_assert_eq!(is_json(&text), expected);
        }
    }

    #[test]
    fn a_mutated_batch_that_is_read_is_json(
        body in json_text(), tail in "(,\"tail\":\\{\"seq_num\":[0-9]{1,2},\"timestamp\":0\\})?",
        edits in prop::collection::vec(edit(), 0..4)
    ) {
        let body = serde_json::to_string(&body).expect("a string");
        let mut text = format!("{{\"records\":[{{\"seq_num\":12,\"timestamp\":7,\"body\":{body}}}]{tail}}}").into_bytes();
        apply(&mut text, &edits);
        let mut batch = Batch::default();
        let is_read = batch.parse(&text, false).is_ok();
        if let Some(expected) = parses(&text) {
            prop_assert!(expected || !is_read, "{}", String::from_utf8_lossy(&text));
            prop_assert!(!is_read || is_json(&text));
        }
        if is_read {
            // What would be joined into one text must be JSON by itself.
            for record in &batch.records {
                let data = &batch.text[record.data.clone()];
                prop_assert!(data.is_empty() || is_json(data), "{}", String::from_utf8_lossy(data));
            }
        }
    }
}

#[test]
fn a_record_is_the_same_however_it_is_written() {
    spelling::check(30_000);
}

#[test]
fn positions_are_exact() {
    spelling::check_numbers();
}

#[test]
fn depth_has_no_limit() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    assert!(is_json(deep.as_bytes()));
    assert!(!is_json(&deep.as_bytes()[1..]));
    assert!(!is_json(&deep.as_bytes()[..deep.len() - 1]));
}

#[test]
fn numbers_have_no_limit() {
    assert!(is_json(b"1e99999") && is_json(b"-1E-99999"));
    assert!(is_json("9".repeat(10_000).as_bytes()));
}

#[test]
fn long_strings_end_where_they_end() {
    // Around every length of a block that a scanner might look at whole.
    for len in 0..70 {
        let plain = "a".repeat(len);
        for (inside, valid) in
            [("", true), ("\\\"", true), ("\\", false), ("\n", false), ("\u{e9}", true), ("\\u0g00", false)]
        {
            for text in
                [format!("\"{plain}{inside}\""), format!("\"{inside}{plain}\""), format!("\"{plain}{inside}{plain}\"")]
            {
                let expected = parses(text.as_bytes()).expect("comparable");
                assert!(valid || !expected || inside == "\\");
                assert_eq!(is_json(text.as_bytes()), expected, "{text}");
            }
        }
    }
}
