import { meteredBytes, type NewRecord } from "./log.ts";
import type { Outlet } from "./outlet.ts";
import type { Script } from "./script.ts";

interface Batch {
  records: (NewRecord & { seq_num: number })[];
  tail?: unknown;
}

/** What the ids of a connection's batches count. */
interface Sent {
  count: number;
  bytes: number;
}

/**
 * Serves one read window out of S2: its bytes as they are, each event as soon as it is whole, `[DONE]` included. Only a
 * connection that has faults to play gets its batches taken apart. A body that breaks off breaks off here too.
 */
export async function readS2(
  body: ReadableStream<Uint8Array>,
  outlet: Outlet,
  script: Script | undefined,
): Promise<void> {
  const sent: Sent = { count: 0, bytes: 0 };
  try {
    if (script && !(await script.due())) return;
    for await (const frame of framesOf(body)) {
      const isBatch = frame.subarray(0, 12).toString() === "event: batch";
      if (script && isBatch) {
        if (!(await play(frame.toString(), sent, script))) return;
        continue;
      }
      if (isBatch) outlet.connection.recordsWritten = countOf(frame);
      if (!(await outlet.write(frame))) return;
    }
    outlet.end();
  } catch (error) {
    if (outlet.closed.aborted) return;
    outlet.connection.closedBy = "server";
    throw error;
  }
}

/** Up to and including each empty line; what is left at the end of the body comes as it is. */
async function* framesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of body) {
    let from = Math.max(rest.length - 1, 0);
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf("\n\n", from); end !== -1; end = rest.indexOf("\n\n", from)) {
      yield rest.subarray(0, end + 2);
      rest = rest.subarray(end + 2);
      from = 0;
    }
  }
  if (rest.length > 0) yield rest;
}

/** The event's id is the last position, how many records this connection has had, and how many bytes. */
function countOf(frame: Buffer): number {
  return Number(/\nid: \d+,(\d+)/.exec(frame.subarray(0, 100).toString())?.[1] ?? 0);
}

/** Writes a batch in pieces that end where a fault is due. */
async function play(frame: string, sent: Sent, script: Script): Promise<boolean> {
  const { records, tail } = JSON.parse(frame.slice(frame.indexOf("\ndata: ") + 7)) as Batch;
  const rest = records.map((record) => ({ number: record.seq_num, record }));
  while (rest.length > 0) {
    if (!(await script.due())) return false;
    const piece = rest.splice(0, script.budget);
    sent.count += piece.length;
    for (const { record } of piece) sent.bytes += meteredBytes(record);
    const shaped = script.shape(piece);
    const last = shaped.at(-1);
    if (!last) continue;
    const head = `event: batch\nid: ${last.number},${sent.count},${sent.bytes}\n`;
    const data = JSON.stringify({ records: shaped.map(({ record }) => record), tail });
    if (!(await script.deliver(head, data, shaped))) return false;
  }
  return script.due();
}
