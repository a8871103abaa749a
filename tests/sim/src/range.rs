//! Sessions by the thousand, over the cores, and the line that sums them up.

use crate::faults::KINDS;
use crate::session::{self, Class, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// How often to say how far it is, in sessions.
const PROGRESS: u64 = 100_000;
const BLOCK: u64 = 16;

#[derive(Clone, Copy)]
pub struct Range {
    pub sessions: u64,
    pub seed: u64,
    pub faults: u32,
    pub jobs: u64,
}

pub struct Failure {
    pub seed: u64,
    pub class: Class,
    pub what: String,
}

#[derive(Default)]
pub struct Sum {
    pub sessions: u64,
    pub recoverable: u64,
    pub faults: u64,
    pub fewest: Option<u32>,
    pub fired: Vec<u64>,
    pub failures: Vec<Failure>,
}

/// A session that cannot take the simulator down with it.
pub fn session(seed: u64, faults: u32, is_traced: bool) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| session::run(seed, faults, is_traced))).unwrap_or_else(|cause| {
        let what = cause.downcast_ref::<String>().cloned().or(cause.downcast_ref::<&str>().map(ToString::to_string));
        Outcome::panicked(what.unwrap_or_default())
    })
}

impl Range {
    /// Runs all of them and prints what came of it. False if anything was wrong.
    pub fn run(&self) -> bool {
        let start = Instant::now();
        let sum = self.sum(
            || {},
            usize::MAX,
            |done, failure| {
                if let Some(Failure { seed, class, what }) = failure {
                    eprintln!("seed {seed}: {class:?}: {what}");
                } else if done.is_multiple_of(PROGRESS) && done < self.sessions {
                    eprintln!("{done} of {} sessions", self.sessions);
                }
            },
        );
        let seconds = start.elapsed().as_secs_f64();
        if let Some(first) = sum.failures.first() {
            println!("\nseed {}:\n{}", first.seed, session(first.seed, self.faults, true).trace);
            println!("npm run sim -- --trace {} --faults {}", first.seed, self.faults);
        }
        for ((_, name, ..), fired) in KINDS.iter().zip(&sum.fired) {
            println!("{fired:>10}  {name}");
        }
        println!("fewest faults in a session: {}", sum.fewest.unwrap_or(0));
        println!("{}", sum.line(seconds));
        sum.failures.is_empty()
    }

    /// Runs them on all threads, each after `prepare`, until `enough` have failed. `tell` hears how many are done, and
    /// of every failure.
    pub fn sum(&self, prepare: impl Fn() + Sync, enough: usize, tell: impl Fn(u64, Option<&Failure>) + Sync) -> Sum {
        let (next, done, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let work = || {
            prepare();
            let mut sum = Sum { fired: vec![0; KINDS.len()], ..Sum::default() };
            loop {
                let from = next.fetch_add(BLOCK, Ordering::Relaxed);
                for seed in (from..(from + BLOCK).min(self.sessions)).map(|at| self.seed + at) {
                    if failed.load(Ordering::Relaxed) >= enough as u64 {
                        return sum;
                    }
                    sum.add(seed, session(seed, self.faults, false));
                    let failure = sum.failures.last().filter(|failure| failure.seed == seed);
                    failed.fetch_add(u64::from(failure.is_some()), Ordering::Relaxed);
                    tell(done.fetch_add(1, Ordering::Relaxed) + 1, failure);
                }
                if from >= self.sessions {
                    return sum;
                }
            }
        };
        let mut total = Sum { fired: vec![0; KINDS.len()], ..Sum::default() };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.jobs).map(|_| scope.spawn(work)).collect();
            for thread in threads {
                total.merge(thread.join().expect("a thread that catches every panic"));
            }
        });
        total.failures.sort_by_key(|failure| failure.seed);
        total
    }

    /// One session, told.
    pub fn trace(&self) -> bool {
        let outcome = session(self.seed, self.faults, true);
        print!("{}", outcome.trace);
        match outcome.broken {
            Some((class, what)) => println!("seed {}: {class:?}: {what}", self.seed),
            None => println!("seed {}: good, {} faults", self.seed, outcome.faults),
        }
        true
    }

    /// Whether a seed means the same session every time.
    pub fn check_determinism(&self) -> bool {
        for seed in self.seed..self.seed + self.sessions {
            let (one, two) = (session(seed, self.faults, true).trace, session(seed, self.faults, true).trace);
            if one != two {
                let at = one.lines().zip(two.lines()).position(|(one, two)| one != two);
                println!("seed {seed}: two runs differ, at line {at:?}");
                return false;
            }
        }
        println!("{} sessions, each the same twice, byte for byte", self.sessions);
        true
    }
}

impl Sum {
    fn add(&mut self, seed: u64, outcome: Outcome) {
        self.sessions += 1;
        self.recoverable += u64::from(outcome.is_recoverable);
        self.faults += u64::from(outcome.faults);
        self.fired.iter_mut().zip(outcome.fired).for_each(|(sum, fired)| *sum += u64::from(fired));
        match outcome.broken {
            Some((class, what)) => self.failures.push(Failure { seed, class, what }),
            None => self.fewest = Some(self.fewest.map_or(outcome.faults, |fewest| fewest.min(outcome.faults))),
        }
    }

    fn merge(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.recoverable += other.recoverable;
        self.faults += other.faults;
        self.fired.iter_mut().zip(other.fired).for_each(|(sum, fired)| *sum += fired);
        self.fewest = self.fewest.into_iter().chain(other.fewest).min();
        self.failures.extend(other.failures);
    }

    fn line(&self, seconds: f64) -> String {
        let count = |class: Class| self.failures.iter().filter(|failure| failure.class == class).count();
        format!(
            "{{\"sessions\":{},\"recoverable\":{},\"faults\":{},\"lost\":{},\"doubled\":{},\"reordered\":{},\"stuck\":{},\
             \"wrong_error\":{},\"leaked\":{},\"kinds\":{},\"seconds\":{seconds:.1}}}",
            self.sessions,
            self.recoverable,
            self.faults,
            count(Class::Lost),
            count(Class::Doubled),
            count(Class::Reordered),
            count(Class::Stuck),
            count(Class::WrongError),
            count(Class::Leaked),
            self.fired.iter().filter(|fired| **fired > 0).count(),
        )
    }
}
