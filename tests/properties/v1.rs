//! v1: several events per id, cuts anywhere, replays, other lives.

use crate::peer::{Break, breakage};
use crate::support::cases;
use crate::support::frames::v1;
use crate::support::sim::{Sim, config};
use proptest::prelude::*;
use runstream::wire::Version;
use runstream::{Config, Start};

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn row_26b_a_v1_log_arrives_once_and_in_order(
        per_id in prop::collection::vec(1usize..6, 1..15),
        connections in prop::collection::vec((prop::bool::weighted(0.2), 0usize..30, breakage()), 0..8),
        is_named in any::<bool>()
    ) {
        let events: Vec<((u64, u64), String)> = per_id
            .iter()
            .enumerate()
            .flat_map(|(n, &count)| std::iter::repeat_n((1_000 + n as u64 / 2, n as u64 % 2), count))
            .enumerate()
            // Equal contents, so that only ordinals tell them apart.
            .map(|(n, id)| (id, v1(&format!("{}-{}", id.0, id.1), n / 3)))
            .collect();
        let version = is_named.then_some(Version::V1);
        let id_of = |text: &str| text.split_once('-').map(|(ms, seq)| (ms.parse::<u64>().expect("ms"), seq.parse::<u64>().expect("seq")));
        let mut sim = Sim::new(config());
        let mut kept = None;
        let connect = |sim: &mut Sim| {
            let cursor = sim.connect_within(10_000).last_event_id;
            sim.accept_version(version);
            let cursor = cursor.map(|cursor| id_of(&cursor).expect("a Redis id"));
            events.iter().position(|(id, _)| Some(*id) > cursor).unwrap_or(events.len())
        };
        for (from_zero, count, then) in &connections {
            let from = connect(&mut sim);
            let from = if *from_zero { 0 } else { from };
            let until = (from + count).min(events.len());
            events[from..until].iter().for_each(|(_, event)| sim.send(event));
            match then {
                Break::Reset => sim.cut(),
                Break::HalfABatch(at) => {
                    if let Some((_, event)) = events.get(until) {
                        sim.send(&event[..at.index(event.len() - 1)]);
                    }
                    sim.end();
                }
                Break::Stop => {
                    sim.stop();
                    sim.resume();
                }
                Break::OtherLife => {
                    kept = sim.sub.cursor().or(kept);
                    sim.stop();
                    let start = kept.clone().map_or(Start::Beginning, Start::After);
                    let other = Sim::new(Config { start, ..config() });
                    sim = Sim { parts: sim.parts, ..other };
                }
                _ => sim.end(),
            }
        }
        let from = connect(&mut sim);
        events[from..].iter().for_each(|(_, event)| sim.send(event));
        let expected: Vec<String> = (0..events.len()).map(|n| (n / 3).to_string()).collect();
        prop_assert_eq!(&sim.parts, &expected);
    }
}
