import { baseOf, messageOf, streamUrl } from "../api.ts";
import { clientOf, requireReady } from "../config.ts";
import { RunstreamError } from "../errors.ts";
import type { SendOptions } from "../types.ts";
import { deliver } from "./deliver.ts";
import { inLine } from "./queue.ts";

/** What the server accepts for one send, in bytes: the request's body, and the record S2 makes of it. */
const MAX_SEND_BYTES = 1_048_576;
/** What S2 adds to every record's size. */
const RECORD_OVERHEAD = 8;

/** Sends to an input stream of a run, behind the sends to it that were made before. What `data` is now is what is sent. */
export async function send(runId: string, id: string, data: unknown, options: SendOptions = {}): Promise<void> {
  const client = clientOf(options);
  requireReady(`sending to input stream "${id}"`, runId, client);
  const base = baseOf(client);
  const body = encode(id, data);
  const size = checkSize(id, data, body);
  const outgoing = { what: `sending to "${id}" of ${runId}`, url: streamUrl(base, runId, id, true), body };
  await inLine(JSON.stringify([base, runId, id]), size, options.signal, () =>
    deliver(outgoing, client, options.signal),
  );
}

function encode(id: string, data: unknown): string {
  try {
    return JSON.stringify({ data });
  } catch (cause) {
    const message = `data for "${id}" has no JSON form (${messageOf(cause)}); give a value that JSON.stringify takes`;
    throw new RunstreamError("invalid-argument", message, undefined, { cause });
  }
}

/** Measured here because a 413 may come without CORS headers, which a page cannot tell from a lost network. */
function checkSize(id: string, data: unknown, body: string): number {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  // The server stores the data as JSON inside JSON, with an id of its own.
  const record = RECORD_OVERHEAD + bytes(JSON.stringify({ data: JSON.stringify(data), id: "inp_000000000000" }));
  const size = Math.max(bytes(body), record);
  if (size <= MAX_SEND_BYTES) return size;
  const message = `data for "${id}" takes ${size} bytes once encoded; the limit is ${MAX_SEND_BYTES}`;
  throw new RunstreamError("too-large", message);
}
