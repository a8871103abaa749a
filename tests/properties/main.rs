//! Whatever the network does, the log arrives once and in order; and nothing that comes makes the core panic or spin.

#![cfg(not(target_arch = "wasm32"))]

#[path = "../support/mod.rs"]
mod support;

mod anything;
mod peer;
mod v1;

use peer::{Break, Connection, Entry, Log, Op, Peer, connection, entry};
use proptest::prelude::*;
use runstream::StatusKind;
use std::collections::BTreeSet;
use support::frames::*;
use support::sim::{Sim, config};
use support::{cases, pieces};

fn is_other_life(connection: &Connection) -> bool {
    matches!(connection.then, Break::OtherLife)
}

proptest! {
    #![proptest_config(cases(400))]

    /// Reordering, replays, cuts and records eaten on the way: as long as no record is eaten twice, nothing is lost.
    #[test]
    fn row_22_23_a_log_arrives_once_and_in_order(
        log in prop::collection::vec(entry(), 1..60), start in prop_oneof![3 => Just(0u64), 1 => 0u64..20],
        connections in prop::collection::vec(connection(), 0..8)
    ) {
        let mut peer = Peer::new(log, start, true);
        // What was written twice is not recognised in another life.
        for (n, connection) in connections.iter().filter(|connection| !is_other_life(connection)).enumerate() {
            peer.open(connection.from_zero);
            if n == 0 {
                // The first record of all decides whether the head was trimmed, so it comes as it should.
                while peer.next <= peer.start && peer.next < peer.log.len() {
                    peer.perform(&Op::Send(1));
                }
            }
            connection.ops.iter().for_each(|op| peer.perform(op));
            peer.interrupt(&connection.then);
        }
        peer.finish();
        let expected = peer.log.shown(peer.start..peer.log.len());
        prop_assert_eq!(&peer.sim.parts, &expected);
        prop_assert_eq!((peer.sim.status().gaps, peer.sim.noticed("gap").len(), peer.sim.noticed("reset").len()), (0, 0, 0));
        prop_assert_eq!((peer.sim.kind(), peer.sim.status().last_error), (StatusKind::Live, None));
        let reported = peer.sim.noticed("control").len() + peer.sim.noticed("bad-record").len();
        let wanted = peer.log.0[peer.start as usize..].iter().filter(|entry| matches!(entry, Entry::Control | Entry::Bad)).count();
        prop_assert_eq!(reported, wanted, "notices come once, like parts");
    }

    /// Records that are eaten again and again are lost, but every one of them is in a gap that was reported.
    #[test]
    fn row_23_what_does_not_arrive_is_reported(
        log in prop::collection::vec(entry(), 1..60), start in prop_oneof![3 => Just(0u64), 1 => 0u64..20],
        connections in prop::collection::vec(connection(), 0..10)
    ) {
        let mut peer = Peer::new(log, start, false);
        for connection in connections.iter().filter(|connection| !is_other_life(connection)) {
            peer.open(connection.from_zero);
            connection.ops.iter().for_each(|op| peer.perform(op));
            peer.interrupt(&connection.then);
        }
        peer.finish();
        let mut lost = BTreeSet::new();
        for notice in peer.sim.noticed("gap") {
            let (from, to) = (notice["from"].as_u64().expect("from"), notice["to"].as_u64().expect("to"));
            prop_assert!(from < to && from >= peer.start && to <= peer.log.len());
            for seq in from..to {
                prop_assert!(lost.insert(seq), "{seq} is reported twice");
            }
        }
        let arrived = (peer.start..peer.log.len()).filter(|seq| !lost.contains(seq));
        prop_assert_eq!(&peer.sim.parts, &peer.log.shown(arrived));
    }

    /// The cursor that the application keeps goes on exactly where the last life ended.
    #[test]
    fn row_35b_other_lives_go_on_from_the_cursor(
        len in 1usize..60, connections in prop::collection::vec(connection(), 0..8)
    ) {
        let mut peer = Peer::new(vec![Entry::Part; len], 0, false);
        for connection in &connections {
            peer.open(connection.from_zero);
            for op in connection.ops.iter().filter(|op| !matches!(op, Op::Eat(_) | Op::Reverse(_))) {
                peer.perform(op);
            }
            peer.interrupt(&connection.then);
        }
        peer.finish();
        peer.sim.assert_parts(0..len as u64);
    }

    /// Where the network cuts the bytes makes no difference to what is delivered.
    #[test]
    fn row_29_any_split_gives_the_same_parts(
        log in prop::collection::vec(entry(), 1..30), sizes in prop::collection::vec(0usize..70, 1..20), line_end in 0usize..3
    ) {
        let log = Log(log);
        let frames: Vec<String> = (0..log.len()).map(|seq| batch(&[log.record(seq)])).collect();
        let body = frames.concat().replace('\n', ["\n", "\r", "\r\n"][line_end]);
        let mut whole = Sim::live(config());
        whole.send(&body);
        let mut split = Sim::live(config());
        pieces(body.as_bytes(), &sizes).into_iter().for_each(|piece| split.send(piece));
        prop_assert_eq!(&split.parts, &whole.parts);
        prop_assert_eq!(&whole.parts, &log.shown(0..log.len()));
        prop_assert_eq!(split.sub.cursor(), whole.sub.cursor());
    }
}
