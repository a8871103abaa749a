//! The fault simulator: seeded sessions of the real core on a simulated clock, against simulated servers.
//! `npm run sim` says how to use it when it is not understood.

mod actions;
mod client;
mod clock;
mod driver;
mod faults;
mod frames;
mod log;
mod memory;
#[cfg(feature = "mutants")]
mod mutants;
mod network;
mod oracle;
mod range;
mod received;
mod rng;
mod rules;
mod server;
mod session;
mod trace;
mod verdict;
mod writer;

use range::Range;
use std::process::ExitCode;

const USAGE: &str = "npm run sim -- [--sessions N] [--seed S] [--faults K] [--jobs J]
            runs N sessions (default: 1000) with the seeds from S (1), of K faults each (20), on J threads (all cores)
        -- --trace SEED [--faults K]       one session, and what happened in it
        -- --check-determinism [--sessions N] [--seed S]   each session twice: are the traces the same?
        -- --mutants [--sessions N] [--seed S]             wrong versions of the core: is each noticed?";

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let is_good = match options.mode {
        Mode::Run => options.range.run(),
        Mode::Trace => options.range.trace(),
        Mode::Determinism => options.range.check_determinism(),
        #[cfg(feature = "mutants")]
        Mode::Mutants => mutants::run(&options.range),
        #[cfg(not(feature = "mutants"))]
        Mode::Mutants => {
            eprintln!("built without the feature `mutants`");
            false
        }
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Clone, Copy)]
enum Mode {
    Run,
    Trace,
    Determinism,
    Mutants,
}

struct Options {
    mode: Mode,
    range: Range,
}

fn options() -> Option<Options> {
    let jobs = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let mut options = Options { mode: Mode::Run, range: Range { sessions: 1_000, seed: 1, faults: 20, jobs } };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next()?.parse::<u64>().ok();
        match arg.as_str() {
            "--sessions" => options.range.sessions = number()?,
            "--seed" => options.range.seed = number()?,
            "--faults" => options.range.faults = u32::try_from(number()?).ok()?,
            "--jobs" => options.range.jobs = number()?.max(1),
            "--trace" => (options.mode, options.range.seed) = (Mode::Trace, number()?),
            "--check-determinism" => options.mode = Mode::Determinism,
            "--mutants" => options.mode = Mode::Mutants,
            _ => return None,
        }
    }
    Some(options)
}
