//! Against another parser of the same standard, `sse-parse`: event for event, in the same push.
//!
//! Known differences, and why they are none:
//! - A `retry` beyond 64 bits: this crate takes the largest number there is, the other ignores the field. The standard
//!   knows no limit; whoever waits that long will not tell one from the other.
//! - Invalid UTF-8: this crate hands out the bytes, the other U+FFFD. Compared as U+FFFD.
//! - An event without a name: empty here, `message` there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runstream::sse::Decoder;
use runstream_fuzz::Cuts;
use sse_parse::SseParser;

fuzz_target!(|input: &[u8]| {
    let (_, cuts, body) = Cuts::split(input);
    let mut ours = Decoder::default();
    let mut theirs = SseParser::new();
    for piece in cuts.of(body) {
        ours.push(piece);
        theirs.feed(piece);
        loop {
            let event = ours.next().expect("no input is over 16 MiB");
            let other = theirs.next_event();
            let (Some(event), Some(other)) = (event, &other) else {
                assert!(event.is_none() && other.is_none(), "only one has an event: {event:?}, {other:?}");
                break;
            };
            let kind = if event.kind.is_empty() { b"message" } else { event.kind };
            assert_eq!(String::from_utf8_lossy(kind), other.event, "the name");
            assert_eq!(String::from_utf8_lossy(event.data), other.data, "the data");
            assert_eq!(String::from_utf8_lossy(event.last_event_id), other.id, "the last event id");
        }
        assert_eq!(String::from_utf8_lossy(ours.last_event_id()), theirs.last_event_id(), "the id in force");
        if ours.retry() != Some(u64::MAX) {
            assert_eq!(ours.retry().map(u128::from), theirs.retry().map(|retry| retry.as_millis()), "the retry");
        }
    }
});
