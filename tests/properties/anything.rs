//! Any input in any order.

use crate::support::cases;
use crate::support::frames::*;
use proptest::prelude::*;
use runstream::wire::Version;
use runstream::{Config, Response, Start, Subscription};

#[derive(Clone, Debug)]
enum Input {
    Start,
    Respond(u16, Option<bool>, bool, Option<u64>),
    Bytes(Vec<u8>),
    End,
    Disconnect,
    Timeout,
    Wake,
    Token,
    Pause(bool),
    Stop,
    Resume,
    Take,
    /// Time passes; a little of it may also be taken back.
    Pass(i64),
    /// Come back exactly when asked to.
    Due,
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let big = prop_oneof![0u64..20, Just(u64::MAX - 1), Just(u64::MAX), any::<u64>()];
    let frames = prop_oneof![
        (0u64..30, 0u64..5).prop_map(|(from, len)| batch(&parts(from..from + len))),
        (big.clone(), big.clone()).prop_map(|(a, b)| {
            let record = |seq| format!("{{\"seq_num\":{seq},\"timestamp\":{seq},\"body\":\"{{\\\"data\\\":1}}\"}}");
            live_batch(&[record(a), record(b)], a)
        }),
        big.clone().prop_map(ping),
        Just(DONE.to_owned()),
        Just(ERROR.to_owned()),
        Just("event: batch\ndata: {\n\n".to_owned()),
        Just("event: ping\ndata: {\n\n".to_owned()),
        (0u64..5, 0u64..3, big.clone()).prop_map(|(ms, seq, n)| v1(&format!("{ms}-{seq}"), n)),
        (big.clone(), big.clone()).prop_map(|(ms, seq)| v1(&format!("{ms}-{seq}"), 0)),
        big.prop_map(|retry| format!("retry: {retry}\n\n")),
        "(data|event|id|retry)?:? ?(batch|ping|error|[0-9-]{0,4}|\\[DONE\\])?(\n|\r|\r\n){0,2}",
    ];
    prop_oneof![
        6 => frames.prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    let status = prop::sample::select(
        &[0u16, 100, 200, 200, 200, 200, 204, 301, 400, 401, 403, 404, 408, 429, 500, 503, 999][..],
    );
    let retry_after = prop::option::of(prop_oneof![0u64..10_000, Just(u64::MAX)]);
    prop_oneof![
        1 => Just(Input::Start),
        6 => (status, any::<Option<bool>>(), prop::bool::weighted(0.9), retry_after)
            .prop_map(|(status, v1, stream, retry)| Input::Respond(status, v1, stream, retry)),
        12 => bytes().prop_map(Input::Bytes),
        2 => Just(Input::End),
        1 => Just(Input::Disconnect),
        2 => Just(Input::Timeout),
        1 => Just(Input::Wake),
        1 => Just(Input::Token),
        1 => any::<bool>().prop_map(Input::Pause),
        1 => Just(Input::Stop),
        2 => Just(Input::Resume),
        2 => Just(Input::Take),
        4 => (-5_000i64..100_000).prop_map(Input::Pass),
        8 => Just(Input::Due),
    ]
}

fn any_config() -> impl Strategy<Value = Config> {
    let start = prop_oneof![
        Just(Start::Beginning),
        Just(Start::Latest),
        prop_oneof![0u64..20, Just(u64::MAX)].prop_map(Start::Index),
        prop_oneof!["[0-9]{1,2}", "[0-9]-[0-9]", "[0-9]-[0-9]~[0-9]~[0-9]-[0-9]", "18446744073709551615"]
            .prop_map(Start::After),
    ];
    (start, 1u32..601, any::<bool>(), any::<bool>(), 0u64..200, any::<bool>(), any::<u64>(), any::<bool>()).prop_map(
        |(start, timeout_seconds, follow, input, deliver_interval_ms, meta, seed, can_refresh)| Config {
            start,
            timeout_seconds,
            follow,
            input,
            deliver_interval_ms,
            meta,
            seed,
            can_refresh,
        },
    )
}

/// Drains everything; what is delivered must be whole.
fn drain(sub: &mut Subscription, now: u64, attempt: &mut u32) {
    while let Some(action) = sub.poll_action() {
        if let runstream::Action::Connect(connect) = action {
            assert!(connect.attempt > *attempt);
            *attempt = connect.attempt;
        }
    }
    while let Some(delivery) = sub.take_delivery(now) {
        assert!(!delivery.is_empty());
        for text in [delivery.text(), delivery.meta(), delivery.notices()] {
            assert!(text.is_empty() || runstream::wire::is_json(text), "{}", String::from_utf8_lossy(text));
        }
    }
    sub.take_status();
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn nothing_that_comes_makes_it_panic_or_spin(
        config in any_config(), inputs in prop::collection::vec((input(), prop::bool::weighted(0.1)), 1..60)
    ) {
        let Ok(mut sub) = Subscription::new(config) else { return Ok(()) };
        let (mut now, mut attempt) = (1_700_000_000_000_u64, 0);
        sub.start(now);
        drain(&mut sub, now, &mut attempt);
        for (input, is_stale) in inputs {
            let from = if is_stale { attempt.wrapping_sub(1) } else { attempt };
            match input {
                Input::Start => sub.start(now),
                Input::Respond(status, v1, is_event_stream, retry_after_ms) => {
                    let version = v1.map(|v1| if v1 { Version::V1 } else { Version::V2 });
                    sub.handle_response(now, from, Response { status, version, is_event_stream, retry_after_ms, ..Response::default() });
                }
                Input::Bytes(bytes) => sub.handle_bytes(now, from, &bytes),
                Input::End => sub.handle_end(now, from),
                Input::Disconnect => sub.handle_disconnect(now, from, "x"),
                Input::Timeout => sub.handle_timeout(now),
                Input::Wake => sub.wake(now),
                Input::Token => sub.token_changed(now),
                Input::Pause(paused) => sub.set_paused(now, paused),
                Input::Stop => sub.stop(),
                Input::Resume => sub.resume(now),
                Input::Take => _ = sub.take_delivery(now),
                Input::Pass(ms) => now = now.saturating_add_signed(ms),
                Input::Due => now = sub.poll_timeout().map_or(now, |due| due.max(now)),
            }
            drain(&mut sub, now, &mut attempt);
            // Whoever comes back when asked to must not be asked to come back at once for ever.
            let mut turns = 0;
            while let Some(due) = sub.poll_timeout().filter(|&due| due <= now) {
                turns += 1;
                prop_assert!(turns < 10, "poll_timeout stays at {}, now is {}", due, now);
                sub.handle_timeout(now);
                drain(&mut sub, now, &mut attempt);
            }
            prop_assert!(sub.poll_timeout().is_none_or(|due| due - now <= 700_000), "asked to come back in {:?}", sub.poll_timeout());
            // Whoever comes back too early changes nothing.
            let (before, due) = (sub.status(), sub.poll_timeout());
            sub.handle_timeout(now);
            prop_assert!(sub.poll_action().is_none());
            prop_assert_eq!((sub.status(), sub.poll_timeout()), (before, due));
        }
    }
}
