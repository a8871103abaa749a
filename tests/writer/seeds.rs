//! Whatever a server does to a writer, a reader sees every part once and in order.

use crate::desk::{created, status, stored};
use crate::s2::{Dice, Session};
use crate::support::frames::{batch, record};
use crate::support::sim::{Sim, config};
use runstream::wire::Version;
use runstream::writer::{Action, Config, Writer};

/// `WRITER_SEEDS` looks further.
fn seeds() -> std::ops::Range<u64> {
    0..std::env::var("WRITER_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000)
}

/// What our own reader makes of a log.
fn read(log: &[String]) -> Sim {
    let mut sim = Sim::live(config());
    for (first, bodies) in log.chunks(100).enumerate() {
        let first = first as u64 * 100;
        let records: Vec<String> = (first..).zip(bodies).map(|(seq, body)| record(seq, body)).collect();
        sim.send(batch(&records));
    }
    sim
}

#[test]
fn row_55_a_reader_sees_every_part_once_and_in_order() {
    let (mut faults, mut repeated) = (0, 0);
    for seed in seeds() {
        let mut session = Session::new(seed);
        session.run();
        assert_eq!(session.writer.outcome(), Some(Ok(())), "seed {seed}");
        assert_eq!(session.writer.acknowledged(), session.count, "seed {seed}");
        let expected: Vec<String> = (0..session.count).map(|n| session.value(n)).collect();
        let reader = read(&session.log);
        assert_eq!(reader.parts, expected, "seed {seed}");
        faults += session.faults;
        repeated += reader.sub.status().duplicates;
    }
    println!("{} sessions, {faults} faults, {repeated} records stored more than once", seeds().end);
    assert!(faults > seeds().end && repeated > seeds().end, "the sessions are too easy to prove anything");
}

/// A v1 server that takes whole lines until the connection is lost, and counts them.
#[test]
fn row_55_a_v1_server_that_counts_right_has_every_line_once_and_in_order() {
    let mut resumed = 0;
    for seed in seeds() {
        let mut dice = Dice(seed);
        let mut writer = Writer::new(Config { seed, can_refresh: false });
        let count = 1 + dice.below(60);
        let mut log: Vec<String> = Vec::new();
        let (mut now, mut pushed, mut streak) = (1_000, 0, 0);
        let (mut under_way, mut left, mut ended) = (0, 0, false);
        writer.start(now);
        while writer.outcome().is_none() {
            while let Some(action) = writer.poll_action() {
                let is_fault = streak < 3 && dice.below(3) == 0;
                let mut fails = || {
                    streak = if is_fault { streak + 1 } else { 0 };
                    is_fault
                };
                match action {
                    Action::Create { attempt, .. } => writer.handle_answer(now, attempt, &created(Version::V1, 0)),
                    Action::Probe { attempt } if fails() => writer.handle_answer(now, attempt, &status(500)),
                    Action::Probe { attempt } => writer.handle_answer(now, attempt, &stored(log.len() as u64)),
                    Action::Open { attempt, from } => {
                        assert_eq!(from, log.len() as u64, "seed {seed}: not behind the last line");
                        resumed += u64::from(from > 0);
                        // How many lines it takes before it is lost.
                        left = if fails() { dice.below(5) } else { u64::MAX };
                        (under_way, ended) = (attempt, false);
                    }
                    Action::Line(line) if left > 0 => {
                        left -= 1;
                        log.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                    }
                    Action::Line(_) | Action::Abort => {}
                    Action::End => ended = true,
                    Action::Append { .. } => panic!("not on v1"),
                }
            }
            now += 1 + dice.below(50);
            if left == 0 && under_way > 0 {
                writer.handle_lost(now, core::mem::take(&mut under_way), "reset");
            } else if ended && under_way > 0 {
                writer.handle_answer(now, core::mem::take(&mut under_way), &status(200));
            } else if pushed < count {
                writer.push(now, pushed.to_string().as_bytes()).expect("a small part");
                pushed += 1;
                if dice.below(10) == 0 {
                    writer.flush(now);
                }
            } else {
                writer.close(now);
            }
            if let Some(due) = writer.poll_timeout().filter(|&due| due < now + 5_000) {
                now = now.max(due);
                writer.handle_timeout(now);
            }
        }
        assert_eq!(writer.outcome(), Some(Ok(())), "seed {seed}");
        assert_eq!(log, (0..count).map(|n| n.to_string()).collect::<Vec<_>>(), "seed {seed}");
    }
    assert!(resumed > seeds().end, "the sessions are too easy to prove anything");
}
