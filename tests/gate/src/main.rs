//! Reads one corpus as a page would, and prints what that took in numbers that no clock has a part in:
//! `runstream-gate FILE v1|v2 BYTES_A_READ`. Under callgrind, the function `measured` is what counts.

mod memory;

use runstream::wire::Version;
use runstream::{Action, Config, Response, Subscription};
use std::process::ExitCode;

#[derive(Default)]
struct Outcome {
    reads: u64,
    records: u64,
    flushes: u64,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, version, read] = args.as_slice() else {
        eprintln!("runstream-gate FILE v1|v2 BYTES_A_READ");
        return ExitCode::FAILURE;
    };
    let (Ok(bytes), Ok(read @ 1..)) = (std::fs::read(file), read.parse()) else {
        eprintln!("{file} cannot be read, or {read} is no number of bytes");
        return ExitCode::FAILURE;
    };
    let version = if version == "v1" { Version::V1 } else { Version::V2 };
    let mut outcome = Outcome::default();
    let allocated = memory::count(|| measured(&bytes, version, read, &mut outcome));
    let Outcome { reads, records, flushes } = outcome;
    let (sse, json) = scanned();
    println!(
        "{{\"bytes\":{},\"reads\":{reads},\"records\":{records},\"flushes\":{flushes},\"allocations\":{},\"allocated\":{},\
         \"sse\":{sse},\"json\":{json}}}",
        bytes.len(),
        allocated.times,
        allocated.bytes,
    );
    ExitCode::SUCCESS
}

/// Not mangled and not inlined, because callgrind is told to begin and to end with this name.
#[unsafe(no_mangle)]
#[inline(never)]
fn measured(bytes: &[u8], version: Version, read: usize, outcome: &mut Outcome) {
    let config = Config { deliver_interval_ms: 0, ..Config::default() };
    let Ok(mut core) = Subscription::new(config) else { return };
    core.start(0);
    let mut attempt = 0;
    while let Some(action) = core.poll_action() {
        if let Action::Connect(connect) = action {
            attempt = connect.attempt;
        }
    }
    let version = Some(version);
    core.handle_response(0, attempt, Response { status: 200, version, is_event_stream: true, ..Response::default() });
    // What the driver of the boundary does with each read.
    for (now, chunk) in bytes.chunks(read).enumerate() {
        let now = now as u64;
        core.handle_bytes(now, attempt, chunk);
        outcome.reads += 1;
        while core.poll_action().is_some() {}
        if let Some(delivery) = core.take_delivery(now) {
            outcome.flushes += 1;
            outcome.records += u64::from(delivery.count());
            std::hint::black_box((delivery.text(), delivery.meta(), delivery.notices(), core.cursor()));
        }
        std::hint::black_box((core.take_status(), core.poll_timeout()));
    }
}

#[cfg(feature = "counted")]
fn scanned() -> (u64, u64) {
    runstream::scanned()
}

#[cfg(not(feature = "counted"))]
fn scanned() -> (u64, u64) {
    (0, 0)
}
