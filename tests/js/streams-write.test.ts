// What writing promises: overloads, targets, schemas, the run. The wire is in writer*.test.ts.
import { configure, RunstreamError, streams, withRun } from "runstream";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import { z } from "zod";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";

let server: DevServer;
let runId: string;

beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  runId = server.createRun({ id: "run_self", parentId: "run_parent", rootId: "run_root" }).id;
  server.createRun({ id: "run_parent" });
  server.createRun({ id: "run_root" });
  configure({ baseURL: server.url, accessToken: server.secretKey });
});
afterEach(async () => {
  configure({});
  vi.restoreAllMocks();
  await server.close();
});

/** What is stored, typed as it was written. */
function partsOf(key: string, run = runId): unknown[] {
  return server.records(run, key).map((record) => JSON.parse("body" in record ? record.body : "").data);
}
const inRun = <T>(fn: () => T) => withRun({ id: "run_self", parentId: "run_parent", rootId: "run_root" }, fn);
async function* generate<T>(...parts: T[]) {
  for (const part of parts) yield part;
}

describe("row 53: append", () => {
  const parts = [{ a: 1 }, 0, "", null, false, [], { target: "x" }, "text", 1.5, { requestOptions: {} }, "ünï 🎉"];

  test.each(parts.map((part) => [part]))("takes %j as the part, in the default stream and in another", async (part) => {
    await inRun(async () => {
      await streams.append(part);
      await streams.append("other", part);
      await streams.append("third", part, { target: "self" });
    });
    expect([partsOf("default"), partsOf("other"), partsOf("third")]).toEqual([[part], [part], [part]]);
  });

  test("takes options behind a part that is no string, and behind a key and a part", async () => {
    await streams.append({ a: 1 }, { target: runId });
    await streams.append("default", "text", { target: runId });
    expect(partsOf("default")).toEqual([{ a: 1 }, "text"]);
  });

  test("writes what looks like options as the part that it is, and says so once in development", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    await inRun(() => streams.append("key", { target: "run_1" }));
    expect(partsOf("key")).toEqual([{ target: "run_1" }]);
    expect(warn.mock.calls.flat().join()).toMatch(/append\("default", "key", options\)/);
  });

  test("keeps the order of calls that nobody awaited, and finishes them before the run ends", async () => {
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    await inRun(async () => {
      for (const n of numbers) void streams.append(n);
    });
    expect(partsOf("default")).toEqual(numbers);
  });

  test("refuses what JSON cannot say", async () => {
    await expect(streams.append(undefined, { target: runId })).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(streams.append(1n, { target: runId })).rejects.toThrow(/BigInt/);
  });
});

describe("pipe", () => {
  test("takes a source, or a key and a source", async () => {
    await streams.pipe(generate(1, 2), { target: runId }).waitUntilComplete();
    await streams.pipe("chat", generate(3), { target: runId }).waitUntilComplete();
    await streams.pipe("list", [4, 5], { target: runId }).waitUntilComplete();
    expect([partsOf("default"), partsOf("chat"), partsOf("list")]).toEqual([[1, 2], [3], [4, 5]]);
  });

  test("goes on after the run's function is done, and the run waits for it", async () => {
    await inRun(async () => {
      streams.pipe(
        (async function* () {
          for (let i = 0; i < 5; i++) {
            yield i;
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        })(),
      );
    });
    expect(partsOf("default")).toEqual([0, 1, 2, 3, 4]);
  });

  test("writes to the run that the target means", async () => {
    await inRun(async () => {
      for (const target of ["self", "parent", "root", "run_self"]) {
        await streams.pipe("chat", [target], { target }).waitUntilComplete();
      }
    });
    expect(partsOf("chat")).toEqual(["self", "run_self"]);
    expect(partsOf("chat", "run_parent")).toEqual(["parent"]);
    expect(partsOf("chat", "run_root")).toEqual(["root"]);
  });

  test("throws at once for bad arguments, and names them", () => {
    expect(() => streams.pipe([1])).toThrow(/no current run; give a run id as the target/);
    expect(() => streams.pipe("", [1], { target: runId })).toThrow(/stream key is ""/);
    for (const source of [undefined, null, 5, {}]) {
      expect(() => streams.pipe("chat", source as never, { target: runId })).toThrow(/the source is/);
    }
    configure({ baseURL: server.url });
    expect(() => streams.pipe([1], { target: runId })).toThrow(RunstreamError);
  });
});

test("tells the server which streams are wanted, as the official SDK does", async () => {
  const told: (string | null)[] = [];
  const fetch = (request: Request) => {
    if (request.method === "PUT") told.push(request.headers.get("x-trigger-realtime-streams-version"));
    return globalThis.fetch(request);
  };
  await streams.append("v2", 1, { target: runId, fetch });
  await streams.append("v1", 1, { target: runId, fetch, future: { v2RealtimeStreams: false } });
  vi.stubEnv("TRIGGER_V2_REALTIME_STREAMS", "0");
  await streams.append("env", 1, { target: runId, fetch });
  vi.unstubAllEnvs();
  expect(told).toEqual(["v2", "v1", "v1"]);
});

describe("writer", () => {
  test("writes and merges, to the default stream or another", async () => {
    const execute = ({
      write,
      merge,
    }: {
      write: (n: number) => void;
      merge: (source: AsyncIterable<number>) => void;
    }) => {
      write(1);
      write(2);
      merge(generate(3, 4));
    };
    await streams.writer({ execute, target: runId }).waitUntilComplete();
    await streams.writer("chat", { execute, target: runId }).waitUntilComplete();
    expect([partsOf("default"), partsOf("chat")]).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
  });

  test("refuses to do nothing", () => {
    expect(() => streams.writer("chat", { target: runId } as never)).toThrow(/execute is undefined/);
  });
});

describe("a defined stream with a schema", () => {
  const progress = streams.define({ id: "progress", schema: z.object({ percent: z.number() }) });

  test("leaves out what is refused, writes the rest, and rejects at the end", async () => {
    const source = generate({ percent: 1 }, { percent: "two" } as never, { percent: 3 });
    const { stream, waitUntilComplete } = progress.pipe(source, { target: runId });
    expectTypeOf(stream).toExtend<AsyncIterable<{ percent: number }>>();
    await expect(waitUntilComplete()).rejects.toMatchObject({ code: "invalid-part" });
    const { waitUntilComplete: writerDone } = progress.writer({
      target: runId,
      execute: ({ write, merge }) => {
        write({ percent: 4 });
        write({} as never);
        merge(generate({ percent: 5 }, 6 as never));
      },
    });
    await expect(writerDone()).rejects.toMatchObject({ code: "invalid-part" });
    await expect(progress.append(7 as never, { target: runId })).rejects.toMatchObject({ code: "invalid-part" });
    expect(partsOf("progress")).toEqual([1, 3, 4, 5].map((percent) => ({ percent })));
  });
});

test("in a page, what needs the secret key says so", async () => {
  vi.stubGlobal("document", {});
  vi.stubGlobal("process", undefined);
  try {
    expect(() => streams.pipe([1], { target: runId })).toThrow(/from a page, call a route of your own/);
    await expect(streams.append(1, { target: runId })).rejects.toMatchObject({ code: "unsupported" });
  } finally {
    vi.unstubAllGlobals();
  }
});
