// Receiving inside a run: on, once and peek, on one connection.
import { type DefinedInputStream, type InputPromise, InputStreamTimeoutError, streams, withRun } from "runstream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";

let server: DevServer;
let runId: string;

beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  runId = server.createRun().id;
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

const input = streams.input<unknown>({ id: "approval" });
const inRun = <T>(fn: () => T, id = runId) => withRun({ id, accessToken: server.secretKey, baseURL: server.url }, fn);
const send = (...values: unknown[]) => {
  for (const value of values) server.appendInput(runId, "approval", value);
};
const readers = () => server.connections.filter(({ closedAt }) => closedAt === undefined).length;
const numbers = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);
/** Waits until everything that was sent is kept by the stream. */
const kept = (count: number, of = input) =>
  vi.waitUntil(() => {
    of.peek();
    return server.connections.length > 0 && of.peek({ latest: true }) === count - 1;
  });

describe("row 56: one input stream", () => {
  test("every handler sees every message, in order, and what came before the first is kept for it", async () => {
    send(0, 1);
    await inRun(async () => {
      const [first, second]: unknown[][] = [[], []];
      input.on((data) => first?.push(data));
      await vi.waitUntil(() => first?.length === 2);
      input.on((data) => second?.push(data));
      send(2, 3);
      await vi.waitUntil(() => first?.length === 4);
      expect([first, second]).toEqual([
        [0, 1, 2, 3],
        [2, 3],
      ]);
      expect(server.connections).toHaveLength(1);
    });
  });

  test("once takes each message once: the kept ones first, then those to come, the longest wait first", async () => {
    send(0, 1);
    await inRun(async () => {
      expect(await input.once()).toEqual({ ok: true, output: 0 });
      expect(await input.once().unwrap()).toBe(1);
      const waiting = [input.once().unwrap(), input.once().unwrap()];
      send(2, 3, 4);
      expect(await Promise.all(waiting)).toEqual([2, 3]);
      expect(await input.once().unwrap()).toBe(4);
      expect(server.connections).toHaveLength(1);
    });
  });

  test("a message that a once takes is seen by the handlers, too, and is not kept", async () => {
    await inRun(async () => {
      const seen: unknown[] = [];
      const { off } = input.on((data) => seen.push(data));
      const next = input.once().unwrap();
      send("a");
      expect(await next).toBe("a");
      expect(seen).toEqual(["a"]);
      off();
      send("b");
      expect(await input.once().unwrap()).toBe("b");
      expect(seen).toEqual(["a"]);
      expect(input.peek()).toBeUndefined();
    });
  });

  test("peek gives the oldest that is kept, with latest the newest, and takes nothing", async () => {
    send(...numbers(3));
    await inRun(async () => {
      expect(input.peek()).toBeUndefined();
      await kept(3);
      expect([input.peek(), input.peek({ latest: true }), input.peek()]).toEqual([0, 2, 0]);
      expect(await input.once().unwrap()).toBe(0);
      expect(input.peek()).toBe(1);
      input.on(() => {});
      expect(input.peek()).toBeUndefined();
    });
  });

  test("handlers go, and the connection closes, when the run ends", async () => {
    const seen: unknown[] = [];
    let pending: InputPromise<unknown> | undefined;
    await inRun(async () => {
      input.on((data) => seen.push(data));
      send(0);
      await vi.waitUntil(() => seen.length === 1);
      pending = input.once();
    });
    expect(await pending).toMatchObject({ ok: false, error: { code: "not-ready" } });
    await vi.waitUntil(() => readers() === 0);
    send(1);
    // A run that begins again receives from the beginning.
    await inRun(async () => expect(await input.once().unwrap()).toBe(0));
    expect(seen).toEqual([0]);
  });

  test("what is called after the end of the run opens nothing", async () => {
    let later: Promise<unknown> | undefined;
    await inRun(async () => {
      input.on(() => {});
      await vi.waitUntil(() => readers() === 1);
      later = new Promise((resolve) => setTimeout(resolve, 300)).then(() => {
        input.on(() => {});
        input.peek();
        return Promise.all([input.once(), input.wait()]);
      });
    });
    const ended = { ok: false, error: { code: "not-ready" } };
    await vi.waitUntil(() => readers() === 0);
    const requests = server.requests.length;
    expect(await later).toMatchObject([ended, ended]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(server.requests).toHaveLength(requests);
  });

  test("two runs of one id at a time receive apart, as when a run is begun again while it is suspended", async () => {
    send(1);
    await inRun(async () => {
      expect(await input.once().unwrap()).toBe(1);
      await inRun(async () => expect(await input.once().unwrap()).toBe(1));
      send(2);
      expect(await input.once().unwrap()).toBe(2);
    });
  });

  test("nothing is lost or doubled when the connection breaks", async () => {
    await inRun(async () => {
      const seen: unknown[] = [];
      input.on((data) => seen.push(data));
      for (const n of numbers(5)) {
        send(n * 2, n * 2 + 1);
        await vi.waitUntil(() => seen.length > n * 2);
        server.cut();
      }
      await vi.waitUntil(() => seen.length >= 10);
      expect(seen).toEqual(numbers(10));
    });
  });

  test("what nobody takes is bounded here, and waits on the server", async () => {
    const text = "x".repeat(1_000);
    for (const n of numbers(20_000)) server.appendInput(runId, "approval", { n, text });
    await inRun(async () => {
      expect(input.peek()).toBeUndefined();
      await vi.waitUntil(() => input.peek() !== undefined);
      const written = () => server.connections[0]?.bytesWritten ?? 0;
      const isStill = async () => {
        const before = written();
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(written()).toBe(before);
      };
      await vi.waitFor(isStill, { timeout: 15_000 });
      expect(written()).toBeLessThan(12_000_000);
      for (const n of numbers(20_000)) {
        const { n: got } = (await input.once().unwrap()) as { n: number };
        if (got !== n) throw new Error(`${got} instead of ${n}`);
      }
    });
  }, 30_000);

  test("values arrive as they were sent", async () => {
    const values = [{ a: "ünï 🎉" }, "str", "42", 42, null, undefined, "", 0, false, []];
    send(...values);
    await inRun(async () => {
      for (const value of values) expect(await input.once().unwrap()).toEqual(value);
    });
  });
});

describe("once", () => {
  test("that times out is a result, and unwrap throws it", async () => {
    await inRun(async () => {
      const result = await input.once({ timeoutMs: 30 });
      expect(result).toMatchObject({ ok: false, error: { code: "timeout", streamId: "approval", timeoutMs: 30 } });
      expect(!result.ok && result.error).toBeInstanceOf(InputStreamTimeoutError);
      await expect(input.once({ timeoutMs: 0 }).unwrap()).rejects.toMatchObject({ name: "InputStreamTimeoutError" });
      // It waits no more: the message is another's.
      send("late");
      expect(await input.once().unwrap()).toBe("late");
      // More than a timer can count.
      const long = input.once({ timeoutMs: 1e12 });
      send("later");
      expect(await long.unwrap()).toBe("later");
      await expect(input.once({ timeoutMs: -1 })).rejects.toMatchObject({ code: "invalid-argument" });
    });
  });

  test("that is aborted rejects with the reason and takes nothing", async () => {
    await inRun(async () => {
      const abort = new AbortController();
      const given = input.once({ signal: abort.signal });
      abort.abort("enough");
      await expect(given).rejects.toBe("enough");
      await expect(input.once({ signal: abort.signal })).rejects.toBe("enough");
      send(1);
      expect(await input.once().unwrap()).toBe(1);
    });
  });

  test("whose stream has nothing to read, as the server says, is a result", async () => {
    await inRun(async () => {
      server.faults.add({ kind: "status", status: 204 });
      const unwrapped = input.once().unwrap();
      await expect(unwrapped).rejects.toMatchObject({
        code: "rejected",
        message: expect.stringContaining('input stream "approval"'),
      });
    });
  });

  test("whose stream cannot be read is a result; the next one tries again", async () => {
    await inRun(async () => {
      server.faults.add({ kind: "status", status: 403, times: 1 });
      expect(await input.once()).toMatchObject({ ok: false, error: { code: "unauthorized" } });
      send(1);
      expect(await input.once().unwrap()).toBe(1);
    });
  });
});

describe("what goes wrong in a handler", () => {
  test("is reported, and stops nothing", async () => {
    const reported: unknown[] = [];
    vi.stubGlobal("reportError", (thrown: unknown) => reported.push(thrown));
    await inRun(async () => {
      const seen: unknown[] = [];
      input.on(() => {
        throw new Error("thrown");
      });
      input.on(async () => {
        throw new Error("rejected");
      });
      input.on((data) => seen.push(data));
      send(1, 2);
      await vi.waitUntil(() => seen.length === 2 && reported.length === 4);
      expect(reported.map((error) => (error as Error).message).toSorted()).toEqual([
        "rejected",
        "rejected",
        "thrown",
        "thrown",
      ]);
    });
  });

  test("and what is no message is told", async () => {
    const bad: unknown[] = [];
    const told = streams.input<number>({ id: "approval", onBadRecord: (record) => bad.push(record) });
    server.appendRaw(runId, "$trigger.input:approval", { body: "not json" });
    send(1);
    await inRun(async () => expect(await told.once().unwrap()).toBe(1));
    expect(bad).toMatchObject([{ id: "0", body: "not json" }]);
  });
});

describe("a schema", () => {
  const number = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: (value: unknown) =>
        typeof value === "number" ? { value } : { issues: [{ message: "no number" }] as const },
    },
  };

  test("refuses what is sent, before any request", async () => {
    const strict = streams.input({ id: "approval", schema: number });
    const client = { baseURL: server.url, accessToken: server.secretKey };
    await strict.send(runId, 1, client);
    await expect(strict.send(runId, "1" as never, client)).rejects.toMatchObject({ code: "invalid-part" });
    expect(server.records(runId, "$trigger.input:approval")).toHaveLength(1);
  });

  test("refuses what comes, which is told and nobody's", async () => {
    const refused: unknown[] = [];
    const strict = streams.input({ id: "approval", schema: number, onInvalidPart: (_, part) => refused.push(part) });
    send("a", 1, "b", 2);
    await inRun(async () => {
      expect(await strict.once().unwrap()).toBe(1);
      expect(await strict.once().unwrap()).toBe(2);
    });
    expect(refused).toEqual(["a", "b"]);
  });
});

describe("outside a run", () => {
  const calls: Array<[string, (stream: DefinedInputStream<unknown>) => unknown]> = [
    ["on", async (stream) => stream.on(() => {})],
    ["once", (stream) => stream.once()],
    ["peek", async (stream) => stream.peek()],
    ["wait", (stream) => stream.wait()],
    ["waitWithIdleTimeout", (stream) => stream.waitWithIdleTimeout({ idleTimeoutInSeconds: 1 })],
  ];

  test.each(calls)("%s says how to be in one", async (_, call) => {
    await expect(call(input)).rejects.toMatchObject({ code: "not-ready", message: expect.stringContaining("withRun") });
  });

  test.each(calls)("%s in a page is unsupported", async (_, call) => {
    vi.stubGlobal("document", {});
    vi.stubGlobal("process", undefined);
    await expect(call(input)).rejects.toMatchObject({ code: "unsupported" });
  });
});
