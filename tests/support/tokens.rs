//! Equality of JSON texts, for what `serde_json::Value` cannot hold: lone surrogates, any depth, any number.

/// One token. Strings are compared by their UTF-16 units, which is what JavaScript sees; numbers by their text.
#[derive(Debug, PartialEq, Eq)]
pub enum Token {
    Mark(char),
    String(Vec<u16>),
    Word(String),
}

/// The tokens of a valid JSON text. Bytes that are not UTF-8 become U+FFFD, as in the browser.
pub fn tokens(text: &[u8]) -> Vec<Token> {
    let text = String::from_utf8_lossy(text);
    let mut chars = text.chars().peekable();
    let mut out = Vec::new();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            '[' | ']' | '{' | '}' | ',' | ':' => out.push(Token::Mark(c)),
            '"' => {
                let mut units = Vec::new();
                loop {
                    match chars.next().expect("the end of a string") {
                        '"' => break,
                        '\\' => units.push(escape(&mut chars)),
                        c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
                    }
                }
                out.push(Token::String(units));
            }
            c => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
                    word.push(c);
                }
                out.push(Token::Word(word));
            }
        }
    }
    out
}

fn escape(chars: &mut impl Iterator<Item = char>) -> u16 {
    match chars.next().expect("an escape") {
        'u' => {
            let hex: String = chars.take(4).collect();
            u16::from_str_radix(&hex, 16).expect("four hex digits")
        }
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        c => c as u16,
    }
}

/// Panics with both texts if they are not the same JSON.
#[track_caller]
pub fn assert_same(actual: &[u8], expected: &[u8], what: &str) {
    let show = |text: &[u8]| String::from_utf8_lossy(&text[..text.len().min(400)]).into_owned();
    assert!(tokens(actual) == tokens(expected), "{what}\n  actual: {}\nexpected: {}", show(actual), show(expected));
}
