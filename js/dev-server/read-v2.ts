import type { LogRecord, RecordLog, Tail } from "./log.ts";
import type { Timing } from "./options.ts";
import type { Outlet } from "./outlet.ts";
import type { Phrases, Script } from "./script.ts";

export const v2Phrases: Phrases = {
  done: "data: [DONE]\n\n",
  error: (code, message) => `event: error\ndata: ${JSON.stringify({ code, message })}\n\n`,
};

interface Reading {
  log: RecordLog;
  /** First position wanted. */
  from: number;
  /** How long no record may come before the window ends. 0: drain and end. */
  waitMs: number;
  outlet: Outlet;
  script: Script;
  timing: Timing;
}

/**
 * Serves one read window: batches up to the tail, a ping there, then what comes, pings in between, and `[DONE]` once
 * nothing came for `waitMs`. Returns when the body ended or the reader left.
 */
export async function readV2({ log, from, waitMs, outlet, script, timing }: Reading): Promise<void> {
  let next = from;
  let count = 0;
  let bytes = 0;
  /** Set once the tail was reached: from then on batches say where it is. */
  let isLive = false;
  let idleSince = Date.now();
  let pingAt = 0;

  const send = async (batch: readonly LogRecord[]): Promise<boolean> => {
    const tail = isLive ? log.tail : undefined;
    next = (batch.at(-1) as LogRecord).seqNum + 1;
    for (const record of batch) {
      count += 1;
      bytes += record.bytes;
    }
    const records = script.shape(batch.map((record) => ({ record, number: record.seqNum })));
    const last = records.at(-1);
    if (!last) return true;
    const head = `event: batch\nid: ${last.number},${count},${bytes}\n`;
    return script.deliver(
      head,
      encodeBatch(
        records.map(({ record }) => record),
        tail,
      ),
      records,
    );
  };
  const ping = (): Promise<boolean> => {
    const [least, most] = timing.pingIntervalMs;
    pingAt = Date.now() + least + Math.random() * (most - least);
    return outlet.write(
      `event: ping\ndata: ${JSON.stringify({ timestamp: Date.now(), tail: encodeTail(log.tail) })}\n\n`,
    );
  };

  while (!outlet.closed.aborted) {
    if (!(await script.due())) return;
    const batch = log.read(next, script.budget);
    if (batch.length > 0) {
      if (!(await send(batch))) return;
      idleSince = Date.now();
      continue;
    }
    if (log.deletedBy) {
      await outlet.write(v2Phrases.error("unavailable", "streamer missing in action"));
      return outlet.end();
    }
    if (waitMs === 0 || (isLive && Date.now() - idleSince >= waitMs)) {
      await outlet.write(v2Phrases.done);
      return outlet.end();
    }
    if (!isLive || Date.now() >= pingAt) {
      isLive = true;
      if (!(await ping())) return;
      // A slow reader may have kept the ping waiting: look again before sleeping.
      continue;
    }
    await log.bell.wait(Math.min(idleSince + waitMs, pingAt) - Date.now(), outlet.closed);
    // Let the rest of this turn's records join the batch.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The fields in the order S2 writes them; empty ones are left out. */
export function encodeBatch(records: readonly LogRecord[], tail: Readonly<Tail> | undefined): string {
  return JSON.stringify({
    records: records.map((record) => ({
      seq_num: record.seqNum,
      timestamp: record.timestamp,
      headers: record.headers.length > 0 ? record.headers : undefined,
      body: record.body === "" ? undefined : record.body,
    })),
    tail: tail && encodeTail(tail),
  });
}

function encodeTail(tail: Readonly<Tail>): { seq_num: number; timestamp: number } {
  return { seq_num: tail.seqNum, timestamp: tail.timestamp };
}
