//! Wrong versions of the core and of its driver: the oracle must notice every one of them.

use crate::range::{Failure, Range};

const MUTANTS: &[&str] = &[
    "always gives up",
    "clean end taken as the end",
    "[DONE] always an end",
    "event: error ignored",
    "event id as the cursor",
    "half an event kept",
    "malformed batch dropped",
    "late input accepted",
    "dedup forgotten on reconnect",
    "dedup by id alone",
    "dedup window forgotten",
    "replayed records shown",
    "gap accepted silently",
    "gap not read again",
    "wider gap taken for the same",
    "promise of a ping ignored",
    "held records in the cursor",
    "reset not noticed",
    "history shown to latest",
    "v1 resumed behind the open id",
    "v1 open id shown again",
    "retries reset by headers",
    "Retry-After ignored",
    "wake ignored",
    "old token kept",
    "stall never noticed",
    "stall timer not fed",
    "silence counted while paused",
    "sleep taken for silence",
    "a blip shown as an error",
    "stop loses what was received",
    "old run's flush applied",
    "abort not performed",
];

/// Runs each until a session fails, and prints what noticed it. False if one got through.
pub fn run(range: &Range) -> bool {
    let width = MUTANTS.iter().map(|name| name.len()).max().unwrap_or(0);
    println!("{:width$}  {:>8}  {:>9}  noticed as", "mutant", "sessions", "seed");
    // Panics are findings here, and not worth a word.
    std::panic::set_hook(Box::new(|_| {}));
    let mut survivors = Vec::new();
    for &name in MUTANTS {
        // One thread: which session is the first to fail must not depend on the weather.
        let sum = Range { jobs: 1, ..*range }.sum(|| runstream::choose_mutant(name), 1, |_, _| {});
        match sum.failures.first() {
            Some(Failure { seed, class, what }) => {
                let what: String = what.chars().take(110).collect();
                println!("{name:width$}  {:>8}  {seed:>9}  {class:?}: {what}", sum.sessions);
            }
            None => {
                println!("{name:width$}  {:>8}  {:>9}  NOT NOTICED", sum.sessions, "");
                survivors.push(name);
            }
        }
    }
    println!(
        "{{\"mutants\":{},\"caught\":{},\"survived\":{survivors:?}}}",
        MUTANTS.len(),
        MUTANTS.len() - survivors.len()
    );
    survivors.is_empty()
}
