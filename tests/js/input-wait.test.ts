// Waiting for input by way of a waitpoint: suspended, resumed, timed out, restarted.
import { type RunContext, type SuspendedWait, streams, WaitpointTimeoutError, withRun } from "runstream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";

let server: DevServer;
let runId: string;

beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  runId = server.createRun().id;
});
afterEach(() => server.close());

const input = streams.input<unknown>({ id: "approval" });
const inRun = <T>(fn: () => T, run: Partial<RunContext> = {}) =>
  withRun({ id: runId, accessToken: server.secretKey, baseURL: server.url, ...run }, fn);
/** Sends as others do, through the gateway. */
const send = async (...values: unknown[]) => {
  for (const value of values) await input.send(runId, value, { baseURL: server.url, accessToken: server.secretKey });
};
const readers = () => server.connections.filter(({ closedAt }) => closedAt === undefined).length;
const asked = (path: RegExp) => server.requests.filter((request) => path.test(request.path));

/** A host whose `suspend` is told of, and resolves when it is told to. */
function host() {
  const suspended: SuspendedWait[] = [];
  let resume = () => {};
  const suspend = (wait: SuspendedWait) => {
    suspended.push(wait);
    return new Promise<void>((resolve) => {
      resume = resolve;
    });
  };
  return { suspend, suspended, resume: () => resume() };
}

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

describe("wait", () => {
  test("takes at once what was sent before", async () => {
    await send({ a: 1 }, { a: 2 });
    await inRun(async () => {
      expect(await input.wait()).toEqual({ ok: true, output: { a: 1 } });
      expect(await input.wait({ timeout: "1h" }).unwrap()).toEqual({ a: 2 });
    });
    expect(asked(/input-streams\/wait$/)).toHaveLength(2);
    expect(asked(/^\/engine\/v1\/runs\/.*\/waitpoints\/tokens\/.*\/wait$/)).toHaveLength(2);
  });

  test("takes what comes while it listens", async () => {
    await inRun(async () => {
      const waiting = input.wait();
      await vi.waitUntil(() => readers() === 1);
      await send("now");
      expect(await waiting.unwrap()).toBe("now");
      expect(readers()).toBe(0);
    });
  });

  test.each([undefined, null, 0, "", "text", '"', [1]])("resolves to %j as it was sent", async (value) => {
    await send(value);
    await inRun(async () => expect(await input.wait()).toEqual({ ok: true, output: value }));
  });

  test("that times out is a result, and unwrap throws it; a date is a time, too", async () => {
    await inRun(async () => {
      const result = await input.wait({ timeout: "1s" });
      expect(result).toMatchObject({
        ok: false,
        error: { code: "timeout", message: expect.stringContaining("timed out at") },
      });
      expect(!result.ok && result.error).toBeInstanceOf(WaitpointTimeoutError);
      const late = input.wait({ timeout: new Date(Date.now() + 500) });
      await expect(late.unwrap()).rejects.toMatchObject({ name: "WaitpointTimeoutError" });
      await expect(input.wait({ timeout: "soon" })).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining('timeout is "soon"'),
      });
      await expect(input.wait({ pollInSeconds: 0.5 })).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining("pollInSeconds is 0.5"),
      });
      // It waits no more.
      await send("after");
      expect(await input.once().unwrap()).toBe("after");
    });
  });

  test("listens again and again without a suspend hook", async () => {
    await inRun(async () => {
      const waiting = input.wait({ pollInSeconds: 1 });
      await vi.waitUntil(() => server.connections.length === 3, { timeout: 10_000 });
      await send("late");
      expect(await waiting.unwrap()).toBe("late");
    });
  });

  test("waits of one stream follow each other", async () => {
    await inRun(async () => {
      const waiting = [input.wait().unwrap(), input.wait().unwrap()];
      await vi.waitUntil(() => readers() === 1);
      await send(1, 2);
      expect(await Promise.all(waiting)).toEqual([1, 2]);
    });
  });

  test("rejects with what the server refuses, and the handlers go on", async () => {
    await inRun(async () => {
      const seen: unknown[] = [];
      input.on((data) => seen.push(data));
      const tags = Array.from({ length: 11 }, String);
      await expect(input.wait({ tags })).rejects.toMatchObject({ code: "rejected", status: 422 });
      await send(1);
      await vi.waitUntil(() => seen.length === 1);
    });
  });

  test("works on a v1 run, too", async () => {
    const id = server.createRun({ version: "v1" }).id;
    const options = { baseURL: server.url, accessToken: server.secretKey };
    await input.send(id, { n: 1 }, options);
    await inRun(
      async () => {
        expect(await input.once().unwrap()).toEqual({ n: 1 });
        const waiting = input.wait();
        await vi.waitUntil(() => readers() === 1);
        await input.send(id, { n: 2 }, options);
        expect(await waiting.unwrap()).toEqual({ n: 2 });
        await input.send(id, { n: 3 }, options);
        expect(await input.once().unwrap()).toEqual({ n: 3 });
      },
      { id },
    );
  });

  test("ends with the run", async () => {
    let waiting: ReturnType<typeof input.wait> | undefined;
    await inRun(async () => {
      waiting = input.wait();
      await vi.waitUntil(() => readers() === 1);
    });
    expect(await waiting).toMatchObject({ ok: false, error: { code: "not-ready" } });
    await vi.waitUntil(() => readers() === 0);
  });
});

describe("a run that is suspended while it waits", () => {
  test("holds no socket and no timer, and gets what came", async () => {
    const { suspend, suspended, resume } = host();
    await inRun(
      async () => {
        const waiting = input.wait({ pollInSeconds: 1, idempotencyKey: "k", timeout: "1h" });
        await vi.waitUntil(() => suspended.length === 1, { timeout: 5_000 });
        const [{ timeoutAt, ...wait } = { timeoutAt: undefined }] = suspended;
        expect(wait).toMatchObject({ runId, streamId: "approval", idempotencyKey: "k" });
        expect(Math.abs((timeoutAt?.getTime() ?? 0) - Date.now() - 3_600_000)).toBeLessThan(10_000);
        expect(readers()).toBe(0);
        const requests = server.requests.length;
        await send("while it was away");
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(server.requests.length).toBe(requests + 1);
        resume();
        expect(await waiting.unwrap()).toBe("while it was away");
      },
      { suspend },
    );
  });

  test("that is resumed for nothing waits again", async () => {
    const { suspend, suspended, resume } = host();
    await inRun(
      async () => {
        const waiting = input.wait({ pollInSeconds: 1 });
        await vi.waitUntil(() => suspended.length === 1, { timeout: 5_000 });
        resume();
        await vi.waitUntil(() => suspended.length === 2, { timeout: 5_000 });
        await send(1);
        resume();
        expect(await waiting.unwrap()).toBe(1);
        expect(suspended[0]?.waitpointId).toBe(suspended[1]?.waitpointId);
      },
      { suspend },
    );
  }, 15_000);

  test("and begun again gets the same results by its idempotency keys", async () => {
    const work = async () => {
      const first = await input.wait({ idempotencyKey: `${runId}-1` });
      const second = await input.wait({ idempotencyKey: `${runId}-2`, pollInSeconds: 1 });
      return [first, second, await input.once({ timeoutMs: 3_000 })];
    };
    await send("one");
    const { suspend, suspended } = host();
    void inRun(work, { suspend });
    await vi.waitUntil(() => suspended.length === 1, { timeout: 5_000 });
    // That one is never resumed: its process is gone.
    await send("two", "three");
    const again = await inRun(work);
    const expected = ["one", "two", "three"].map((output) => ({ ok: true, output }));
    expect(again).toEqual(expected);
    expect(await inRun(work)).toEqual(expected);
  }, 15_000);
});

describe("row 56: wait, once and on of one stream", () => {
  test("each message once: what a wait took is no other's", async () => {
    await send(0, 1, 2, 3);
    await inRun(async () => {
      expect(await input.once().unwrap()).toBe(0);
      expect(await input.wait().unwrap()).toBe(1);
      expect(await input.once().unwrap()).toBe(2);
      expect(await input.wait().unwrap()).toBe(3);
      await send(4);
      expect(await input.once().unwrap()).toBe(4);
      expect(input.peek()).toBeUndefined();
    });
  });

  test("what was kept when the wait began is its", async () => {
    await send(0, 1);
    await inRun(async () => {
      await vi.waitUntil(() => input.peek({ latest: true }) === 1);
      expect(await input.wait().unwrap()).toBe(0);
      expect(await input.once().unwrap()).toBe(1);
    });
  });

  test("handlers see what the wait took, and what came meanwhile, once and in order", async () => {
    const { suspend, suspended, resume } = host();
    await inRun(
      async () => {
        const seen: unknown[] = [];
        input.on((data) => seen.push(data));
        await send(0);
        await vi.waitUntil(() => seen.length === 1);
        const waiting = input.wait({ pollInSeconds: 1 });
        await vi.waitUntil(() => suspended.length === 1, { timeout: 5_000 });
        await send(1, 2);
        expect(seen).toEqual([0]);
        resume();
        expect(await waiting.unwrap()).toBe(1);
        await send(3);
        await vi.waitUntil(() => seen.length === 4);
        expect(seen).toEqual([0, 1, 2, 3]);
      },
      { suspend },
    );
  });

  describe.each([1, 2])("whatever breaks, seed %i:", (seed) => {
    const total = 60;
    const all = Array.from({ length: total }, (_, n) => n);

    /** Sends everything, and cuts connections meanwhile. */
    async function sendAll(random: () => number) {
      for (const n of all) {
        await send(n);
        if (random() < 0.2) server.cut();
        if (random() < 0.1) server.faults.add({ kind: "status", status: 503, on: "read" });
        if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 60));
      }
    }

    test("once and wait, in turns, take each message once and in order", async () => {
      const random = randomOf(seed);
      const sending = sendAll(randomOf(seed + 100));
      await inRun(async () => {
        const taken: unknown[] = [];
        while (taken.length < total) taken.push(await (random() < 0.3 ? input.wait() : input.once()).unwrap());
        expect(taken).toEqual(all);
      });
      await sending;
    }, 60_000);

    test("a handler sees each message once and in order, whatever waits take", async () => {
      const random = randomOf(seed);
      await inRun(async () => {
        const [seen, taken]: [number[], number[]] = [[], []];
        input.on((data) => seen.push(data as number));
        const sending = sendAll(randomOf(seed + 100));
        while (seen.length < total - 10) {
          const next = random() < 0.5 ? input.wait({ timeout: "2s" }) : input.once({ timeoutMs: 2_000 });
          taken.push((await next.unwrap()) as number);
        }
        await sending;
        await vi.waitUntil(() => seen.length >= total, { timeout: 20_000 });
        expect(seen).toEqual(all);
        expect(taken).toEqual([...new Set(taken)].toSorted((a, b) => a - b));
      });
    }, 60_000);
  });

  test("a waitpoint that was completed by the second of two messages loses neither", async () => {
    const { suspend, suspended, resume } = host();
    await inRun(
      async () => {
        const waiting = input.wait({ pollInSeconds: 1 });
        await vi.waitUntil(() => suspended.length === 1, { timeout: 5_000 });
        // Stored first, and past the gateway, which completes with what comes next.
        const body = JSON.stringify({ data: JSON.stringify("first"), id: "inp_0" });
        server.appendRaw(runId, "$trigger.input:approval", { body });
        await send("second", "third");
        resume();
        expect(await waiting.unwrap()).toBe("second");
        expect(await input.wait().unwrap()).toBe("first");
        expect(await input.wait().unwrap()).toBe("third");
        await send("fourth");
        expect(await input.once().unwrap()).toBe("fourth");
      },
      { suspend },
    );
  });

  test("a once that begins while a wait is suspended holds nothing, and gets what the wait did not take", async () => {
    const { suspend, suspended, resume } = host();
    await inRun(
      async () => {
        const waiting = input.wait({ pollInSeconds: 1 });
        await vi.waitUntil(() => suspended.length === 1, { timeout: 5_000 });
        const connections = server.connections.length;
        const next = input.once();
        expect(input.peek()).toBeUndefined();
        await new Promise((resolve) => setTimeout(resolve, 300));
        expect(server.connections).toHaveLength(connections);
        await send(1, 2);
        resume();
        expect(await waiting.unwrap()).toBe(1);
        expect(await next.unwrap()).toBe(2);
      },
      { suspend },
    );
  });

  test("a waitpoint that was completed by hand took no message", async () => {
    for (const [data, type] of [
      [{ by: "hand" }, "super+json"],
      ["text", "plain"],
    ]) {
      const { suspend, suspended, resume } = host();
      await inRun(
        async () => {
          const waiting = input.wait({ pollInSeconds: 1 });
          await vi.waitUntil(() => suspended.length === 1, { timeout: 5_000 });
          await fetch(`${server.url}/api/v1/waitpoints/tokens/${suspended[0]?.waitpointId}/complete`, {
            method: "POST",
            headers: { Authorization: `Bearer ${server.secretKey}` },
            body: JSON.stringify({ data }),
          });
          resume();
          expect([type, await waiting.unwrap()]).toEqual([type, data]);
          await send("still there");
          expect(await input.once().unwrap()).toBe("still there");
        },
        { suspend, id: runId },
      );
      runId = server.createRun().id;
    }
  }, 20_000);
});

describe("waitWithIdleTimeout", () => {
  test("is a once, then a wait", async () => {
    const calls: string[] = [];
    const options = { onSuspend: () => calls.push("suspend"), onResume: () => calls.push("resume") };
    await inRun(async () => {
      await send("warm");
      const warm = await input.waitWithIdleTimeout({ idleTimeoutInSeconds: 5, ...options });
      expect([warm, calls]).toEqual([{ ok: true, output: "warm" }, []]);
      const cold = input.waitWithIdleTimeout({ idleTimeoutInSeconds: 0.05, timeout: "1h", ...options });
      await vi.waitUntil(() => calls.length === 1 && asked(/input-streams\/wait$/).length === 1);
      await send("cold");
      expect(await cold.unwrap()).toBe("cold");
      expect(calls).toEqual(["suspend", "resume"]);
    });
  });

  test("with skipSuspend does not wait", async () => {
    await inRun(async () => {
      const result = await input.waitWithIdleTimeout({ idleTimeoutInSeconds: 0.05, skipSuspend: true });
      expect(result).toMatchObject({ ok: false, error: { name: "WaitpointTimeoutError", code: "timeout" } });
    });
    expect(asked(/input-streams\/wait$/)).toHaveLength(0);
  });
});
