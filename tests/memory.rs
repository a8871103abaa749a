//! Memory that stays bounded and work that stays linear: rows 17, 30 and 44.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(not(target_arch = "wasm32"))]

mod support;

use runstream::{Code, Config, StatusKind, Subscription};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use support::frames::*;
use support::sim::{Sim, config};

const MIB: usize = 1 << 20;

/// Counts what the current thread holds, so that tests beside this one do not matter.
struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get().wrapping_add(layout.size()));
        PEAK.set(PEAK.get().max(LIVE.get()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `work` and gives what it held at most beyond what was held before, in bytes.
fn peak(work: impl FnOnce()) -> usize {
    let before = LIVE.get();
    PEAK.set(before);
    work();
    PEAK.get() - before
}

/// Forgets what the simulation collects, so that only the subscription can grow.
fn forget(sim: &mut Sim) {
    sim.connects.drain(..sim.connects.len() - 1);
    sim.parts.clear();
    sim.notices.clear();
    sim.deliveries.clear();
    sim.statuses.drain(..sim.statuses.len().saturating_sub(1));
}

#[test]
fn row_17_ten_thousand_reconnects_leave_the_heap_as_it_was() {
    let mut sim = Sim::live(config());
    sim.send(batch(&[part_as(0, None, 0)]));
    let mut next = 1;
    forget(&mut sim);
    let mut rounds = |sim: &mut Sim, count: u64| {
        for round in 0..count {
            match round % 5 {
                0 => sim.end(),
                1 => sim.cut(),
                2 => sim.send(ERROR),
                3 => sim.send(DONE),
                _ => {
                    sim.end();
                    sim.connect_within(10_000);
                    sim.answer(503);
                }
            }
            sim.reconnect();
            sim.send(batch(&[part_as(next - 1, None, 0), part_as(next, None, 0)]));
            next += 1;
            assert_eq!(sim.parts.len(), 1);
            forget(sim);
        }
    };
    rounds(&mut sim, 100);
    let before = LIVE.get();
    rounds(&mut sim, 10_000);
    let grown = LIVE.get().saturating_sub(before);
    assert!(grown < 1_024, "{grown} bytes more after 10,000 reconnects");
}

#[test]
fn row_17_ten_thousand_failures_in_a_row_leave_the_heap_as_it_was() {
    let mut sim = Sim::new(config());
    let fail = |sim: &mut Sim, count: usize| {
        for _ in 0..count {
            sim.answer(500);
            sim.connect_within(10_000);
            forget(sim);
        }
    };
    fail(&mut sim, 100);
    let before = LIVE.get();
    fail(&mut sim, 10_000);
    let grown = LIVE.get().saturating_sub(before);
    assert!(grown < 1_024, "{grown} bytes more after 10,000 failures");
    assert_eq!(sim.status().retry_count, 10_100);
}

#[test]
fn row_44_parts_are_not_kept_and_what_is_remembered_against_doubles_is_about_a_megabyte() {
    let before = LIVE.get();
    let mut sim = Sim::live(config());
    let mut most = 0;
    for at in (0..140_000).step_by(1_000) {
        let frame = batch(&parts(at..at + 1_000));
        most = most.max(peak(|| sim.send(&frame)));
        assert_eq!(sim.parts.len(), 1_000, "distinct records are never taken for one another");
        forget(&mut sim);
    }
    let held = LIVE.get() - before;
    assert!(held < 2 * MIB, "{held} bytes are held after 140,000 parts");
    assert!(most < 4 * MIB, "{most} bytes at most for one batch of 1,000 parts");
    // The window moves along, and every part in it is still known.
    let again = |n: u64| {
        let origin = 140_000 - 1 - n * 60;
        part_as(140_000 + n, Some(&format!("p{origin}")), origin)
    };
    sim.send(batch(&(0..1_000).map(again).collect::<Vec<_>>()));
    assert_eq!((sim.parts.len(), sim.status().duplicates), (0, 1_000));
    drop(sim);
    assert_eq!(LIVE.get(), before);
}

#[test]
fn row_30_a_record_of_1_mib_in_10_byte_chunks_takes_linear_time() {
    // 6 MiB on the wire, because all of it is escaped. A decoder that looked at every byte again with every chunk
    // would have 2 * 10^12 bytes to look at: this test would not end within the hour. Nothing is timed.
    let body = r"\\u0041".repeat(MIB - 100);
    let frame = format!(
        "event: batch\ndata: {{\"records\":[{{\"seq_num\":0,\"timestamp\":1,\"body\":\"{{\\\"data\\\":\\\"{body}\\\"}}\"}}]}}\n\n"
    );
    assert!(frame.len() > 6 * MIB);
    let mut sub = Subscription::new(config()).expect("a good configuration");
    sub.start(0);
    sub.handle_response(
        0,
        1,
        runstream::Response { status: 200, is_event_stream: true, ..runstream::Response::default() },
    );
    let most = peak(|| {
        for chunk in frame.as_bytes().chunks(10) {
            sub.handle_bytes(0, 1, chunk);
        }
    });
    let delivery = sub.take_delivery(0).expect("the part");
    assert_eq!(delivery.count(), 1);
    assert!(delivery.text().len() > 6 * (MIB - 100));
    assert!(most < 48 * MIB, "{most} bytes were held for a frame of {}", frame.len());
}

#[test]
fn row_30_many_lines_of_data_in_small_chunks_take_linear_time() {
    let mut sim = Sim::live_v1(config());
    let body = format!("id: 1-0\ndata: [\n{}data: 0]\n\n", "data: 1,\n".repeat(200_000));
    for chunk in body.as_bytes().chunks(10) {
        sim.sub.handle_bytes(sim.now, 1, chunk);
    }
    sim.drive();
    assert_eq!(sim.parts.len(), 1);
}

/// Feeds so many bytes of a repeated pattern and gives what was held at most.
fn flood(pattern: &[u8], bytes: usize) -> (Sim, usize) {
    let mut sim = Sim::live(Config { timeout_seconds: 600, ..config() });
    let chunk = pattern.repeat(64 * 1024 / pattern.len());
    let attempt = sim.attempt();
    let most = peak(|| {
        for _ in 0..bytes / chunk.len() {
            sim.sub.handle_bytes(sim.now, attempt, &chunk);
        }
    });
    sim.drive();
    (sim, most)
}

#[test]
fn row_30_64_mb_without_a_newline_are_buffer_exceeded_and_bounded() {
    for pattern in [&b"x"[..], b"data: x", b":", b" "] {
        let (sim, most) = flood(pattern, 64_000_000);
        assert_eq!(sim.kind(), StatusKind::Failed, "{pattern:?}");
        let error = sim.status().error.expect("an error");
        assert_eq!((error.code, error.is_retryable()), (Code::BufferExceeded, false));
        assert!(most <= 49 * MIB, "{pattern:?}: {most} bytes were held");
    }
}

#[test]
fn row_30_64_mb_of_lines_without_a_blank_one_are_buffer_exceeded_and_bounded() {
    for pattern in [&b"data: x\n"[..], b"data\n", b"data: 0123456789012345678901234567890123456789012345678\n"] {
        let (sim, most) = flood(pattern, 64_000_000);
        assert_eq!(sim.status().error.map(|error| error.code), Some(Code::BufferExceeded), "{pattern:?}");
        assert!(most <= 65 * MIB, "{pattern:?}: {most} bytes were held");
    }
}

#[test]
fn row_30_comments_and_blank_lines_hold_nothing() {
    for pattern in [&b": ping\n\n"[..], b":\n", b"\n", b"\r\n", b"unknown: field\n"] {
        let (sim, most) = flood(pattern, 2 * MIB);
        assert_eq!((sim.kind(), sim.aborts), (StatusKind::Live, 0));
        assert!(most < 256 * 1024, "{pattern:?}: {most} bytes were held");
    }
}

#[test]
fn row_30_a_subscription_that_gave_up_can_go_on_from_the_cursor() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    for _ in 0..17 {
        if sim.kind() == StatusKind::Live {
            sim.send(vec![b'x'; MIB]);
        }
    }
    assert_eq!(sim.kind(), StatusKind::Failed);
    sim.resume();
    assert_eq!(sim.last_connect().last_event_id.as_deref(), Some("2"));
    sim.accept();
    sim.send(batch(&parts(3..4)));
    sim.assert_parts(0..4);
}

#[test]
fn row_23_what_is_held_behind_a_gap_is_bounded() {
    let mut sim = Sim::live(config());
    sim.send(batch(&parts(0..3)));
    let mut most = 0;
    for seq in 10..100 {
        if sim.connects.len() == 1 {
            let frame = batch(&[part(seq, "x".repeat(100_000))]);
            most = most.max(peak(|| sim.send(&frame)));
        }
    }
    assert_eq!(sim.connects.len(), 2, "the hold is full long before");
    assert!(most < 8 * MIB, "{most} bytes for a hold of 1 MiB");
}
