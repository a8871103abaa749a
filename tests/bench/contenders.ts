// Who decodes: from the reads of one answer to the parts, in Node and in the page alike.
import { ApiClient } from "@trigger.dev/core/v3";
import { clock } from "../../js/clock.ts";
import { shared } from "../../js/shared.ts";
import { Connection } from "../../js/subscription.ts";
import { type Corpus, type CorpusName, corpus, reads } from "./corpora.ts";
import { handWritten } from "./hand-written.ts";

export type Contender = keyof typeof contenders;
type Decode = (corpus: Corpus, reads: Uint8Array<ArrayBuffer>[]) => Promise<unknown[]>;

/** Where the connections of this realm find what runs them. */
const core = shared<{ loading?: unknown }>("core", {});
let fallback: Promise<unknown> | undefined;

export const contenders = {
  /** As `useRealtimeStream` of @trigger.dev/react-hooks reads: `fetchStream`, `onPart`, and a loop for `onData`. */
  async official(corpus, reads) {
    const original = globalThis.fetch;
    globalThis.fetch = async () => answer(corpus, reads);
    try {
      const parts: unknown[] = [];
      const client = new ApiClient("http://127.0.0.1", "token");
      const stream = await client.fetchStream("run", "key", { onPart: ({ chunk }) => void parts.push(chunk) });
      for await (const _ of stream);
      return parts;
    } finally {
      globalThis.fetch = original;
    }
  },

  /** As the hook of this package reads: the wasm core and the shim, a delivery a frame. */
  ours(corpus, reads) {
    const parts: unknown[] = [];
    return new Promise((resolve, reject) => {
      const fetch = async () => answer(corpus, reads);
      const client = { baseURL: "http://127.0.0.1", accessToken: "token", fetch };
      const connection = new Connection(
        { runId: "run", key: "key", input: false, client, read: {} },
        {
          deliver(delivery) {
            for (const part of delivery.parts) parts.push(part);
            if (parts.length < corpus.count) return;
            connection.close();
            resolve(parts);
          },
          changed: () => connection.status.status === "failed" && reject(connection.status.error),
        },
      );
      void connection.open({ meta: false, deliverInterval: 16 });
    });
  },

  /** As ours where no WebAssembly may run: the same core as JavaScript. */
  async fallback(corpus, reads): Promise<unknown[]> {
    const { loading } = core;
    core.loading = fallback ??= import("../../js/fallback/driver.ts").then((driver) => driver.start(clock, () => {}));
    try {
      return await contenders.ours(corpus, reads);
    } finally {
      core.loading = loading;
    }
  },

  async handWritten(corpus, reads) {
    const parts: unknown[] = [];
    const take = handWritten(corpus.version, (part) => void parts.push(part));
    await drain(corpus, reads, take);
    return parts;
  },

  /** What nobody can do without: text of the payload alone, and its values. */
  async floor({ payload }) {
    return JSON.parse(new TextDecoder().decode(payload)) as unknown[];
  },

  /** Taking the reads out of the answer, and doing nothing with them. */
  async reading(corpus, reads) {
    await drain(corpus, reads, () => {});
    return [];
  },
} satisfies Record<string, Decode>;

export type Prepared = { corpus: Corpus; reads: Uint8Array<ArrayBuffer>[] };

/** What a pass is over. Fails if the contenders do not make the same parts of it. */
export async function prepare(name: CorpusName, count: number, read: number): Promise<Prepared> {
  const what = corpus(name, count);
  const prepared = { corpus: what, reads: reads(what.bytes, read) };
  const expected = JSON.stringify(await contenders.official(what, prepared.reads));
  for (const who of ["ours", "fallback", "handWritten", "floor"] as const) {
    if (JSON.stringify(await contenders[who](what, prepared.reads)) !== expected)
      throw new Error(
        `${who} and the official client make different parts of corpus ${name} in reads of ${read} bytes`,
      );
  }
  return prepared;
}

async function drain(corpus: Corpus, reads: Uint8Array<ArrayBuffer>[], take: (bytes: Uint8Array) => void) {
  const reader = (answer(corpus, reads).body as ReadableStream<Uint8Array>).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) take(read.value);
}

function answer({ version }: Corpus, reads: Uint8Array<ArrayBuffer>[]): Response {
  const body = new ReadableStream({
    start(controller) {
      for (const read of reads) controller.enqueue(read);
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "x-stream-version": version } });
}
