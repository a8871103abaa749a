//! What a network and its proxies do to the frames of a connection.

use crate::clock::Event;
use crate::faults::{Kind, cut};
use crate::network::{Frame, Hold, Mark, Packet};
use crate::session::Session;
use runstream::sse::MAX_EVENT_BYTES;

/// Does it to `frame`: `None` if it cannot, else what goes on now, if anything.
pub fn disturb(s: &mut Session, id: usize, kind: Kind, frame: &Frame) -> Option<Option<Frame>> {
    let now = s.clock.now;
    match kind {
        Kind::Reset | Kind::EofInEvent => {
            let len = frame.bytes.len() as u64;
            let at = s.rng.range(u64::from(kind == Kind::EofInEvent), len - 1) as usize;
            s.server.conns[id].push_bytes(&frame.bytes[..at]);
            cut(s, id, if kind == Kind::Reset { Packet::Reset } else { Packet::End });
            Some(None)
        }
        Kind::Eof => after(s, id, frame, None),
        Kind::EarlyDone => {
            let done = Frame { bytes: b"data: [DONE]\n\n".to_vec(), mark: Some(Mark::Done) };
            after(s, id, frame, Some(done))
        }
        Kind::ErrorEvent => {
            let bytes = b"event: error\ndata: {\"code\":\"internal\",\"message\":\"streamer failed\"}\n\n".to_vec();
            let error = Frame { bytes, mark: Some(Mark::Error) };
            if s.rng.percent(50) {
                return after(s, id, frame, Some(error));
            }
            // A proxy that does not close its side.
            let conn = &mut s.server.conns[id];
            conn.push(frame.clone());
            conn.push(error);
            conn.stop_serving();
            Some(None)
        }
        Kind::Stall => {
            let conn = &mut s.server.conns[id];
            conn.flush(&mut s.clock, &mut s.rng, id);
            conn.is_mute = true;
            Some(None)
        }
        Kind::StallWithPings => {
            let ms = s.rng.range(1_000, 30_000);
            let conn = &mut s.server.conns[id];
            if !matches!(conn.hold, Hold::No) {
                return None;
            }
            conn.hold = Hold::Stall(Vec::new());
            s.faults.touch(now + ms);
            s.clock.after(ms, Event::Release(id));
            Some(if matches!(frame.mark, Some(Mark::Batch(..))) { hold(s, id, frame) } else { Some(frame.clone()) })
        }
        Kind::Drip => {
            let until = now + s.rng.range(1_000, 10_000);
            s.server.conns[id].drip_until(until);
            s.faults.touch(until);
            Some(Some(frame.clone()))
        }
        Kind::RetryField => {
            let ms = s.rng.range(0, 2_000);
            // It counts from the end of its line, also when the event does not end.
            let retry = Frame { bytes: format!("retry: {ms}\n").into_bytes(), mark: Some(Mark::Retry(ms)) };
            s.server.conns[id].push(retry);
            s.server.conns[id].push(Frame { bytes: b"\n".to_vec(), mark: None });
            Some(Some(frame.clone()))
        }
        Kind::TooLarge => {
            too_large(s, id);
            Some(None)
        }
        Kind::Duplicate => {
            s.server.conns[id].push(frame.clone());
            Some(Some(frame.clone()))
        }
        Kind::Swallow if may_hurt(s, id, frame) => Some(None),
        Kind::Reorder => reorder(s, id, frame),
        Kind::Corrupt => {
            let mut bytes = frame.bytes.clone();
            let data = bytes.windows(6).position(|window| window == b"data: ")? + 6;
            let at = s.rng.range(data as u64, bytes.len() as u64 - 2) as usize;
            // No JSON has such a byte anywhere. A byte that leaves it JSON cannot be noticed by anybody.
            bytes[at] = 1 + s.rng.below(8) as u8;
            // What the broken frame ends with is missing; the next event would become part of this one.
            if at >= frame.bytes.len() - 2 {
                bytes.truncate(at + 1);
                bytes.extend_from_slice(b"\n\n");
            }
            Some(Some(Frame { bytes, mark: Some(Mark::Unreadable) }))
        }
        Kind::Malformed => {
            let bytes = malformed(s, frame)?;
            Some(Some(Frame { bytes, mark: Some(Mark::Unreadable) }))
        }
        Kind::Poison => {
            let (Some(Mark::Batch(positions, _)), true) = (&frame.mark, !s.writer.waits) else { return None };
            let first = *positions.first()?;
            if s.rules.received.next.is_none_or(|next| first < next) {
                return None;
            }
            let life = s.server.streams[s.server.conns[id].stream].life_mut();
            life.records[first as usize].is_poisoned = true;
            let bytes = malformed(s, frame)?;
            Some(Some(Frame { bytes, mark: Some(Mark::Unreadable) }))
        }
        _ => None,
    }
}

/// The frame, then perhaps another, then the end.
fn after(s: &mut Session, id: usize, frame: &Frame, more: Option<Frame>) -> Option<Option<Frame>> {
    let conn = &mut s.server.conns[id];
    conn.push(frame.clone());
    more.into_iter().for_each(|more| conn.push(more));
    cut(s, id, Packet::End);
    Some(None)
}

/// Whether a proxy may lose these records, or bring them too late: each once, which includes that they were read again
/// because a ping promised them, and never where a gap is a trimmed head.
fn may_hurt(s: &mut Session, id: usize, frame: &Frame) -> bool {
    let Some(Mark::Batch(positions, _)) = &frame.mark else { return false };
    let conn = &s.server.conns[id];
    let life = s.server.streams[conn.stream].life_mut();
    let is_hurt = positions.iter().any(|&at| life.records[at as usize].is_hurt);
    let is_promised = s.rules.received.reread_at.is_some_and(|at| positions.contains(&at));
    if is_hurt || is_promised || !s.rules.received.is_settled {
        return false;
    }
    positions.iter().for_each(|&at| life.records[at as usize].is_hurt = true);
    true
}

fn hold(s: &mut Session, id: usize, frame: &Frame) -> Option<Frame> {
    if let Hold::Stall(frames) = &mut s.server.conns[id].hold {
        frames.push(frame.clone());
    }
    None
}

/// Within a batch, or two batches.
fn reorder(s: &mut Session, id: usize, frame: &Frame) -> Option<Option<Frame>> {
    let Some(Mark::Batch(positions, tail)) = &frame.mark else { return None };
    if !matches!(s.server.conns[id].hold, Hold::No) || !may_hurt(s, id, frame) {
        return None;
    }
    if positions.len() > 1 && s.rng.percent(60) {
        let mut positions = positions.clone();
        for i in (1..positions.len()).rev() {
            positions.swap(i, s.rng.below(i as u64 + 1) as usize);
        }
        let life = s.server.streams[s.server.conns[id].stream].life();
        let mut bytes = b"event: batch\nid: 0,0,0\ndata: {\"records\":[".to_vec();
        for (i, &at) in positions.iter().enumerate() {
            bytes.extend_from_slice(if i > 0 { b"," } else { b"" });
            bytes.extend_from_slice(life.wire(&life.records[at as usize]));
        }
        bytes.push(b']');
        if let Some(tail) = tail {
            bytes.extend_from_slice(format!(",\"tail\":{{\"seq_num\":{tail}}}").as_bytes());
        }
        bytes.extend_from_slice(b"}\n\n");
        return Some(Some(Frame { bytes, mark: Some(Mark::Batch(positions, *tail)) }));
    }
    s.server.conns[id].hold = Hold::Swap(frame.clone());
    let ms = s.rng.range(10, 600);
    s.clock.after(ms, Event::Release(id));
    Some(None)
}

fn malformed(s: &mut Session, frame: &Frame) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(&frame.bytes).into_owned();
    Some(
        match s.rng.below(6) {
            0 => text.replacen("{\"records\":[", "{\"records\":[,", 1),
            1 => text.replacen("{\"records\":[", "{\"record\":[", 1),
            2 => text.replacen("\"seq_num\":", "\"seqnum\":", 1),
            3 => text.replacen("\"seq_num\":", "\"seq_num\":0", 1).replacen("\"seq_num\":00", "\"seq_num\":-1", 1),
            4 => "event: batch\ndata: <html>502 Bad Gateway</html>\n\n".into(),
            _ => format!("{}\n\n", &text[..text.len() - 4]),
        }
        .into_bytes(),
    )
}

/// An event larger than the decoder's cap, in pieces of a MiB.
fn too_large(s: &mut Session, id: usize) {
    const PIECE: usize = 1 << 20;
    let conn = &mut s.server.conns[id];
    conn.flush(&mut s.clock, &mut s.rng, id);
    conn.push(Frame { bytes: b"data: ".to_vec(), mark: None });
    let mut sent = 6;
    while sent <= MAX_EVENT_BYTES {
        let conn = &mut s.server.conns[id];
        sent += PIECE;
        let mark = (sent > MAX_EVENT_BYTES).then_some(Mark::TooLarge);
        conn.push(Frame { bytes: vec![b'x'; PIECE], mark });
        conn.flush_whole(&mut s.clock, &mut s.rng, id);
    }
    s.server.conns[id].stop_serving();
}
