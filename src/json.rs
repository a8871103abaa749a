//! Just enough JSON to take a batch apart: strict, iterative, and it copies only what it must.
//!
//! What it accepts is what `JSON.parse` accepts, so that slices of it can be joined into one text that parses.

use crate::work;
use core::num::NonZeroUsize;
use core::ops::Range;

/// A cursor over JSON text. Every method skips leading white space and returns `None` on anything malformed.
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    pos: usize,
}

/// The inside of a string literal, without its quotes.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub raw: &'a [u8],
}

impl Text<'_> {
    /// Whether the string, unescaped, equals `plain`.
    pub fn is(&self, plain: &[u8]) -> bool {
        if self.raw.iter().all(|&b| b != b'\\') {
            return self.raw == plain;
        }
        let mut out = Vec::new();
        unescape(self.raw, &mut out);
        out == plain
    }
}

/// Which of the 16 bytes a string may not hold as they are: quotes, backslashes and control characters. A bit for each.
#[cfg(target_feature = "simd128")]
fn special(block: core::arch::wasm32::v128) -> u16 {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_lt, u8x16_splat, v128_or};
    let quote_or_escape = v128_or(u8x16_eq(block, u8x16_splat(b'"')), u8x16_eq(block, u8x16_splat(b'\\')));
    u8x16_bitmask(v128_or(quote_or_escape, u8x16_lt(block, u8x16_splat(0x20))))
}

/// How many leading bytes need no attention inside a string.
fn plain_len(bytes: &[u8]) -> usize {
    let mut n = 0;
    #[cfg(target_feature = "simd128")]
    for block in bytes.chunks_exact(16) {
        // SAFETY: a block has the 16 bytes that are read, and no alignment is asked for.
        let special = special(unsafe { core::arch::wasm32::v128_load(block.as_ptr().cast()) });
        if special != 0 {
            return n + special.trailing_zeros() as usize;
        }
        n += 16;
    }
    while bytes.get(n).is_some_and(|&b| b >= 0x20 && b != b'"' && b != b'\\') {
        n += 1;
    }
    work::json(n);
    n
}

/// Behind the closing quote of the string that begins at `pos`, behind its opening quote. Never 0, so that an `Option` of it
/// is returned in a register: others go through memory in wasm.
#[inline(never)]
fn string_end(bytes: &[u8], mut pos: usize) -> Option<NonZeroUsize> {
    loop {
        pos += plain_len(&bytes[pos..]);
        match bytes.get(pos)? {
            b'"' => return NonZeroUsize::new(pos + 1),
            b'\\' => {
                work::json(2);
                pos += match bytes.get(pos + 1)? {
                    b'u' if bytes.get(pos + 2..pos + 6)?.iter().all(u8::is_ascii_hexdigit) => 6,
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
                    _ => return None,
                };
            }
            _ => return None,
        }
    }
}

/// `Vec::reserve`, of which only the growing is a call.
#[cfg(target_feature = "simd128")]
#[inline]
fn room(more: usize, out: &mut Vec<u8>) {
    if out.capacity() - out.len() < more {
        out.reserve(more);
    }
}

/// Appends the leading bytes that need no attention inside a string, and returns how many those are.
#[cfg(target_feature = "simd128")]
fn copy_plain(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    use core::arch::wasm32::{v128_load, v128_store};
    room(bytes.len() + 16, out);
    let mut n = 0;
    while n + 16 <= bytes.len() {
        // SAFETY: 16 bytes are there to be read and, since `n` at most were written, reserved to be written. The length
        // grows by what was written and is plain.
        let plain = unsafe {
            let block = v128_load(bytes.as_ptr().add(n).cast());
            v128_store(out.as_mut_ptr().add(out.len()).cast(), block);
            let plain = special(block).trailing_zeros() as usize;
            out.set_len(out.len() + plain);
            plain
        };
        n += plain;
        if plain < 16 {
            return n;
        }
    }
    let rest = plain_len(&bytes[n..]);
    put(&bytes[n..n + rest], out);
    n + rest
}

/// Appends what needs no attention inside a string, and quotes, backslashes and slashes without their backslashes: JSON in a
/// string has a quote every few bytes. Stops before everything else, and 16 bytes before the end. Returns how far it went.
#[cfg(target_feature = "simd128")]
fn copy_blocks(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    use core::arch::wasm32::{v128_load, v128_store};
    room(bytes.len() + 16, out);
    let (mut from, mut to) = (0, out.len());
    while from + 17 <= bytes.len() {
        // SAFETY: there are 17 bytes to be read. At most as many were written as were read, and 16 more are reserved.
        unsafe {
            let block = v128_load(bytes.as_ptr().add(from).cast());
            let at = out.as_mut_ptr().add(to);
            v128_store(at.cast(), block);
            let plain = special(block).trailing_zeros() as usize;
            (from, to) = (from + plain, to + plain);
            if plain == 16 {
                continue;
            }
            let next = *bytes.get_unchecked(from + 1);
            if *bytes.get_unchecked(from) != b'\\' || !matches!(next, b'"' | b'\\' | b'/') {
                break;
            }
            *at.add(plain) = next;
            (from, to) = (from + 2, to + 1);
        }
    }
    // SAFETY: every byte before it was written.
    unsafe { out.set_len(to) };
    from
}

#[cfg(not(target_feature = "simd128"))]
fn copy_blocks(_: &[u8], _: &mut Vec<u8>) -> usize {
    0
}

#[cfg(not(target_feature = "simd128"))]
fn copy_plain(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let plain = plain_len(bytes);
    put(&bytes[..plain], out);
    plain
}

impl<'a> Scanner<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, pos: 0 }
    }

    pub fn pos(&self) -> usize {
        self.pos
    }

    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        while let Some(b) = self.bytes.get(self.pos) {
            work::json(1);
            if !matches!(b, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*b);
            }
            self.pos += 1;
        }
        None
    }

    /// Consumes `byte` if it comes next.
    pub fn eat(&mut self, byte: u8) -> bool {
        let hit = self.peek() == Some(byte);
        self.pos += usize::from(hit);
        hit
    }

    /// Steps over `text` if it comes next, byte for byte: what servers always write need not be taken apart.
    #[inline(always)]
    pub fn skip<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        const { assert!(N >= 8 && N <= 16) };
        let Some(bytes) = self.bytes.get(self.pos..self.pos + N) else { return false };
        work::json(N);
        // Two words that overlap, and not memcmp, which goes byte by byte in wasm.
        let word = |bytes: &[u8], at| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let hit = word(bytes, 0) == word(text, 0) && word(bytes, N - 8) == word(text, N - 8);
        self.pos += if hit { N } else { 0 };
        hit
    }

    /// Enters an object or an array. `false` when it is empty, and entered and left.
    #[inline(never)]
    pub fn open(&mut self, bracket: u8) -> Option<bool> {
        // Each bracket closes two code points behind where it opens.
        self.eat(bracket).then(|| !self.eat(bracket + 2))
    }

    /// After a member or an element: `false` when it was the last.
    #[inline(never)]
    pub fn more(&mut self, bracket: u8) -> Option<bool> {
        if self.eat(b',') {
            return Some(true);
        }
        self.eat(bracket + 2).then_some(false)
    }

    /// A member's key; its value comes next.
    #[inline(never)]
    pub fn key(&mut self) -> Option<Text<'a>> {
        let key = self.string()?;
        self.eat(b':').then_some(key)
    }

    pub fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    pub fn string(&mut self) -> Option<Text<'a>> {
        if !self.eat(b'"') {
            return None;
        }
        let start = self.pos;
        self.pos = string_end(self.bytes, start)?.get();
        Some(Text { raw: &self.bytes[start..self.pos - 1] })
    }

    /// A string, appended to `out` as [`unescape`] has it: in one pass, because bodies are most of what there is.
    pub fn string_into(&mut self, out: &mut Vec<u8>) -> Option<()> {
        if !self.eat(b'"') {
            return None;
        }
        loop {
            self.pos += copy_blocks(&self.bytes[self.pos..], out);
            self.pos += copy_plain(&self.bytes[self.pos..], out);
            match self.bytes.get(self.pos)? {
                b'"' => {
                    self.pos += 1;
                    return Some(());
                }
                b'\\' => self.pos += escape(&self.bytes[self.pos..], out)?,
                _ => return None,
            }
        }
    }

    /// A string that holds `{"data":"…","id":"…"}`, the envelope of a text as writers write it: appended to `out`, checked
    /// and taken apart in one pass. Returns where the two values are in `out`. With `None` nothing has happened: whatever
    /// is written in another way goes by [`string_into`](Self::string_into).
    pub fn enveloped_text(&mut self, out: &mut Vec<u8>) -> Option<[Range<usize>; 2]> {
        let (start, out_len) = (self.pos, out.len());
        let found = self.try_enveloped_text(out);
        if found.is_none() {
            self.pos = start;
            out.truncate(out_len);
        }
        found
    }

    fn try_enveloped_text(&mut self, out: &mut Vec<u8>) -> Option<[Range<usize>; 2]> {
        if !self.skip(br#""{\"data\":\""#) {
            return None;
        }
        put(br#"{"data":""#, out);
        let data_at = out.len() - 1;
        loop {
            self.pos += copy_plain(&self.bytes[self.pos..], out);
            let rest = &self.bytes[self.pos..];
            // An escape of the body: of the quote that ends the text, or of the backslash of an escape of the text.
            if rest.starts_with(br#"\""#) {
                break;
            }
            let (escape, len) = match *rest.strip_prefix(br"\\")? {
                [b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(u8::is_ascii_hexdigit) => (&rest[1..7], 7),
                [b'n' | b'r' | b't' | b'b' | b'f' | b'/', ..] => (&rest[1..3], 3),
                [b'\\', b'"' | b'\\', ..] => (&rest[2..4], 4),
                _ => return None,
            };
            work::json(len);
            put(escape, out);
            self.pos += len;
        }
        let data = data_at..out.len() + 1;
        if !self.skip(br#"\",\"id\":\""#) {
            return None;
        }
        put(br#"","id":""#, out);
        let id_at = out.len() - 1;
        self.pos += copy_plain(&self.bytes[self.pos..], out);
        let id = id_at..out.len() + 1;
        if id.len() == 2 || !self.bytes[self.pos..].starts_with(br#"\"}""#) {
            return None;
        }
        self.pos += 4;
        put(br#""}"#, out);
        Some([data, id])
    }

    /// A non-negative whole number.
    #[inline(never)]
    pub fn unsigned(&mut self) -> Option<u64> {
        self.peek()?;
        let start = self.pos;
        let mut n = 0u64;
        loop {
            let (digits, value) = leading_digits(&self.bytes[self.pos..]);
            // What cannot overflow is not checked: in wasm that is a multiplication of 128 bits.
            n = if self.pos - start <= 8 {
                n * POWERS[digits] + value
            } else {
                n.checked_mul(POWERS[digits])?.checked_add(value)?
            };
            self.pos += digits;
            if digits < 8 {
                break;
            }
        }
        work::json(self.pos - start);
        let has_leading_zero = self.pos > start + 1 && self.bytes[start] == b'0';
        (self.pos > start && !has_leading_zero).then_some(n)
    }

    /// The whole text as one number, with nothing around it.
    pub fn all_digits(&mut self) -> Option<u64> {
        let n = self.unsigned()?;
        (self.pos == self.bytes.len() && self.bytes[0].is_ascii_digit()).then_some(n)
    }

    fn number(&mut self) -> Option<()> {
        let digits = |s: &mut Self| {
            let start = s.pos;
            while s.bytes.get(s.pos).is_some_and(u8::is_ascii_digit) {
                s.pos += 1;
            }
            work::json(s.pos - start);
            (s.pos > start).then_some(())
        };
        if self.bytes.get(self.pos) == Some(&b'-') {
            self.pos += 1;
        }
        match self.bytes.get(self.pos)? {
            b'0' => self.pos += 1,
            _ => digits(self)?,
        }
        if self.bytes.get(self.pos) == Some(&b'.') {
            self.pos += 1;
            digits(self)?;
        }
        if matches!(self.bytes.get(self.pos), Some(b'e' | b'E')) {
            self.pos += 1;
            if matches!(self.bytes.get(self.pos), Some(b'+' | b'-')) {
                self.pos += 1;
            }
            digits(self)?;
        }
        Some(())
    }

    fn literal(&mut self, word: &[u8]) -> Option<()> {
        let end = self.pos + word.len();
        (self.bytes.get(self.pos..end)? == word).then(|| self.pos = end)
    }

    /// Checks one value of any kind and returns its text.
    pub fn value(&mut self) -> Option<&'a [u8]> {
        let first = self.peek()?;
        let start = self.pos;
        match first {
            b'{' | b'[' => self.nested()?,
            _ => self.scalar(first)?,
        }
        Some(&self.bytes[start..self.pos])
    }

    /// A string whose opening quote is next.
    fn skip_string(&mut self) -> Option<()> {
        self.pos = string_end(self.bytes, self.pos + 1)?.get();
        Some(())
    }

    fn scalar(&mut self, first: u8) -> Option<()> {
        match first {
            b'"' => self.skip_string(),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.number(),
        }
    }

    /// An object or an array. Iterative, because depth comes from the network.
    fn nested(&mut self) -> Option<()> {
        let mut open = Brackets::default();
        let mut in_object = false;
        loop {
            if in_object {
                if self.peek()? != b'"' {
                    return None;
                }
                self.skip_string()?;
                if !self.eat(b':') {
                    return None;
                }
            }
            match self.peek()? {
                b'"' => self.skip_string()?,
                bracket @ (b'{' | b'[') => {
                    self.pos += 1;
                    // Each bracket closes two code points behind where it opens.
                    if !self.eat(bracket + 2) {
                        in_object = bracket == b'{';
                        open.push(in_object);
                        continue;
                    }
                }
                first => self.scalar(first)?,
            }
            // Here a value has ended.
            loop {
                let Some(is_object) = open.last() else { return Some(()) };
                let next = self.peek()?;
                self.pos += 1;
                if next == b',' {
                    in_object = is_object;
                    break;
                }
                if next != if is_object { b'}' } else { b']' } {
                    return None;
                }
                open.pop();
            }
        }
    }
}

/// The brackets that are open, a bit each: 1 for an object.
#[derive(Default)]
struct Brackets {
    bits: u64,
    depth: usize,
    /// The outer ones, in groups of 64. On the heap, and only if there are so many.
    outer: Vec<u64>,
}

impl Brackets {
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.bits);
        }
        self.bits = self.bits << 1 | u64::from(is_object);
        self.depth += 1;
    }

    fn last(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.bits & 1 == 1)
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.bits >>= 1;
        if self.depth.is_multiple_of(64) {
            self.bits = self.outer.pop().unwrap_or(0);
        }
    }
}

const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// How many of the first eight bytes are leading digits, and the number they are: in pairs, in fours, all of them.
fn leading_digits(bytes: &[u8]) -> (usize, u64) {
    let mut word = [0; 8];
    match bytes.first_chunk() {
        Some(eight) => word = *eight,
        None => word[..bytes.len()].copy_from_slice(bytes),
    }
    let n = u64::from_le_bytes(word) ^ 0x3030_3030_3030_3030;
    // A byte over 9 is one over 0x7F with 0x76 more, or was one before. A carry only reaches the bytes behind it.
    let others = (n | n.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080;
    let digits = (others.trailing_zeros() / 8) as usize;
    if digits == 0 {
        return (0, 0);
    }
    // To the end of the word, with zeros before.
    let n = n << (64 - 8 * digits);
    let pairs = (n * 10 + (n >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    (digits, (fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF)
}

/// Appends the unescaped string to `out`. `raw` must come from [`Scanner::string`].
pub(crate) fn unescape(raw: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    loop {
        at += copy_plain(&raw[at..], out);
        match escape(&raw[at..], out) {
            Some(len) => at += len,
            None => return,
        }
    }
}

/// Appends what the escape at the beginning of `rest` stands for, and returns its length. `None` if it is none.
///
/// A lone surrogate escape has no UTF-8 form. It is kept as the escape it was, which inside JSON text means the same.
fn escape(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    work::json(2);
    out.push(match *rest.get(1)? {
        plain @ (b'"' | b'\\' | b'/') => plain,
        b'b' => 0x08,
        b'f' => 0x0C,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return unicode(rest, out),
        _ => return None,
    });
    Some(2)
}

#[inline(never)]
fn unicode(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let unit = hex4(rest)?;
    let low = rest.get(6..).filter(|low| low.starts_with(b"\\u")).and_then(hex4);
    let (code, len) = match (unit, low) {
        (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => (0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), 12),
        _ => (unit, 6),
    };
    // Behind an open backslash the escape would lose its own, so there it is what a decoder makes of it.
    let is_open = || out.iter().rev().take_while(|&&b| b == b'\\').count() % 2 == 1;
    match char::from_u32(code) {
        None if !is_open() => put(&rest[..len], out),
        c => put(c.unwrap_or('\u{FFFD}').encode_utf8(&mut [0; 4]).as_bytes(), out),
    }
    Some(len)
}

/// The four hex digits behind `\u`.
fn hex4(escape: &[u8]) -> Option<u32> {
    work::json(4);
    escape.get(2..6)?.iter().try_fold(0, |n, &d| Some(n * 16 + (d as char).to_digit(16)?))
}

/// Appends `bytes`. One copy of what every append compiles to, for all those that are not large.
#[inline(never)]
pub(crate) fn put(bytes: &[u8], out: &mut Vec<u8>) {
    #[cfg(target_feature = "simd128")]
    if bytes.len() <= 32 {
        return put_short(bytes, out);
    }
    out.extend_from_slice(bytes);
}

/// Copies at most 32 bytes, from both ends to where they meet. `memory.copy` leaves the wasm for it, which costs more.
#[cfg(target_feature = "simd128")]
fn put_short(bytes: &[u8], out: &mut Vec<u8>) {
    let len = bytes.len();
    room(32, out);
    // SAFETY: each copy reads within `bytes`, whose length was looked at, and writes within the 32 bytes reserved.
    unsafe {
        let (from, to) = (bytes.as_ptr(), out.as_mut_ptr().add(out.len()));
        macro_rules! ends {
            ($word:ty) => {{
                let last = len - size_of::<$word>();
                let (head, tail) =
                    (from.cast::<$word>().read_unaligned(), from.add(last).cast::<$word>().read_unaligned());
                to.cast::<$word>().write_unaligned(head);
                to.add(last).cast::<$word>().write_unaligned(tail);
            }};
        }
        match len {
            0 => {}
            1 => *to = *from,
            2..4 => ends!(u16),
            4..8 => ends!(u32),
            8..16 => ends!(u64),
            _ => ends!(core::arch::wasm32::v128),
        }
        out.set_len(out.len() + len);
    }
}

/// Appends `text` as a JSON string literal.
#[inline(never)]
pub(crate) fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &b in text {
        match b {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', b]),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend([b >> 4, b & 15].map(|d| b"0123456789abcdef"[d as usize]));
            }
            _ => out.push(b),
        }
    }
    out.push(b'"');
}

/// Appends `n` in decimal. Formatting machinery would cost more than the rest of this file.
#[inline(never)]
pub(crate) fn decimal(mut n: u64, out: &mut Vec<u8>) {
    let at = out.len();
    loop {
        out.push(b'0' + (n % 10) as u8);
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out[at..].reverse();
}
