import { sendInput } from "./api.ts";
import { clientOf, requireReady } from "./config.ts";
import { checkKey } from "./streams.ts";
import { Credential } from "./token.ts";
import type { DefinedInputStream, SendOptions } from "./types.ts";

export function defineInput<TData>({ id }: { id: string }): DefinedInputStream<TData> {
  checkKey(id);
  return { id, send: (runId, data, options) => send(runId, id, data, options) };
}

/** The last send of each input stream, so that the next one waits for it. */
const queues = new Map<string, Promise<void>>();

/** Sends to an input stream of a run, behind the sends made before. */
export async function send(runId: string, id: string, data: unknown, options: SendOptions = {}): Promise<void> {
  const client = clientOf(options);
  requireReady(`sending to input stream "${id}"`, runId, client);
  const queue = JSON.stringify([client.baseURL, runId, id]);
  const run = async () => {
    options.signal?.throwIfAborted();
    await sendInput(runId, id, data, await new Credential(client).get(false), { ...client, signal: options.signal });
  };
  // A failed send does not hold the ones behind it.
  const result = (queues.get(queue) ?? Promise.resolve()).catch(() => {}).then(run);
  const tail = result.catch(() => {});
  queues.set(queue, tail);
  void tail.then(() => queues.get(queue) === tail && queues.delete(queue));
  return result;
}
