// What the tests of writing share: a dev server, a run, and what is stored of it.
import { afterEach, beforeEach } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { readStream } from "../../js/read.ts";
import type { WriteTarget } from "../../js/write/target.ts";

export type Bench = {
  server: DevServer;
  runId: string;
  target(key?: string): WriteTarget;
  /** v2: what a reader sees: `count` parts, and no more in what the server takes for a second. */
  seen(count: number, key?: string): Promise<unknown[]>;
  /** What is stored, twice where it was stored twice. */
  stored(key?: string): unknown[];
  /** How many requests of this kind were made. */
  asked(method: string, path?: RegExp): number;
};

/** A fresh server and run for each test. */
export function newBench(version: "v1" | "v2" = "v2"): Bench {
  const bench = {
    target: (key = "chat") => ({
      client: { baseURL: bench.server.url, accessToken: bench.server.secretKey },
      runId: bench.runId,
      key,
    }),
    async seen(count: number, key = "chat") {
      const all: unknown[] = [];
      const options = { ...bench.target().client, timeoutInSeconds: 1 };
      for await (const part of readStream<unknown>(bench.runId, key, options)) all.push(part);
      if (all.length !== count) throw new Error(`${all.length} parts, not ${count}`);
      return all;
    },
    stored: (key = "chat") =>
      bench.server
        .records(bench.runId, key)
        .flatMap((entry) =>
          "lines" in entry ? entry.lines.map((line) => JSON.parse(line)) : [JSON.parse(entry.body ?? "{}").data],
        ),
    asked: (method: string, path = /./) =>
      bench.server.requests.filter((request) => request.method === method && path.test(request.path)).length,
  } as Bench;
  beforeEach(async () => {
    bench.server = await startDevServer({ port: 0, secondMs: 100 });
    bench.runId = bench.server.createRun({ version }).id;
  });
  afterEach(() => bench.server.close());
  return bench;
}

export async function* slowly<T>(parts: Iterable<T>, ms = 0): AsyncGenerator<T> {
  for (const part of parts) {
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
    yield part;
  }
}

export const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);

export async function collect<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(part);
  return all;
}
