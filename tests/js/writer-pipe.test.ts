// Piping into the dev server, whose records go to its look-alike of S2.
import { describe, expect, test, vi } from "vitest";
import { appendTo } from "../../js/write/append.ts";
import { pipeTo, writeTo } from "../../js/write/pipe.ts";
import { collect, newBench, numbers, slowly } from "./writer-support.ts";

const bench = newBench();

describe("pipe", () => {
  test("takes async iterables, streams, arrays and other iterables, each of them once", async () => {
    const next = vi.fn();
    const source = {
      async *[Symbol.asyncIterator]() {
        next();
        yield* [1, 2];
      },
    };
    expect(await pipeTo(bench.target(), source).waitUntilComplete()).toEqual({ lastEventId: "1" });
    expect(next).toHaveBeenCalledTimes(1);
    const stream = new ReadableStream<number>({
      start(controller) {
        controller.enqueue(3);
        controller.close();
      },
    });
    expect(await pipeTo(bench.target(), stream).waitUntilComplete()).toEqual({ lastEventId: "2" });
    await pipeTo(bench.target(), [4]).waitUntilComplete();
    await pipeTo(bench.target(), new Set([5])).waitUntilComplete();
    expect(await bench.seen(5)).toEqual([1, 2, 3, 4, 5]);
  });

  test("writes an empty source as a stream without parts", async () => {
    expect(await pipeTo(bench.target(), []).waitUntilComplete()).toEqual({});
    expect(bench.asked("PUT")).toBe(1);
  });

  test("keeps every JSON value exactly", async () => {
    const values = [
      "",
      0,
      -0,
      1.5,
      false,
      null,
      [],
      {},
      { a: [null, ""] },
      "a\nb\u0000c",
      "\ud83c\udf89",
      "\u2028",
      "\ud800",
    ];
    await pipeTo(bench.target(), values).waitUntilComplete();
    expect(await bench.seen(values.length)).toEqual(JSON.parse(JSON.stringify(values)));
  });

  test("writes what JSON makes of it: NaN and 1e400 are null, a date is a string", async () => {
    await pipeTo(bench.target(), [Number.NaN, JSON.parse("1e400"), new Date(0)]).waitUntilComplete();
    expect(await bench.seen(3)).toEqual([null, null, "1970-01-01T00:00:00.000Z"]);
  });

  test("54: a part without a JSON form is named, and no other is lost", async () => {
    const loop: { self?: unknown } = {};
    loop.self = loop;
    for (const [bad, why] of [
      [1n, /BigInt/],
      [undefined, /it is undefined/],
      [() => 1, /it is function/],
      [loop, /circular/],
    ] as const) {
      const key = `chat-${typeof bad}`;
      const { waitUntilComplete } = pipeTo<unknown>(bench.target(key), ["a", bad, "b"]);
      const error = await waitUntilComplete().catch((thrown) => thrown);
      expect(error).toMatchObject({ code: "invalid-argument", message: expect.stringMatching(why) });
      expect(error.message).toContain(`part 1 of stream "${key}"`);
      expect(bench.stored(key)).toEqual(["a", "b"]);
    }
  });

  test("54: a part over the limit is named, and no other is lost", async () => {
    const { waitUntilComplete } = pipeTo(bench.target(), slowly(["a", "x".repeat(1_048_576), "b"]));
    const error = await waitUntilComplete().catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "too-large", message: expect.stringMatching(/part 1 takes 1048610 bytes/) });
    expect(await bench.seen(2)).toEqual(["a", "b"]);
  });

  test("a part that just fits is written, though all of it must be escaped", async () => {
    const quotes = '"'.repeat((1_048_576 - 34) / 2);
    await pipeTo(bench.target(), [quotes]).waitUntilComplete();
    expect(bench.stored()).toEqual([quotes]);
  });

  test("54: what the source throws is what it rejects with, after the parts before it are stored", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const boom = new Error("boom");
    async function* source() {
      yield* ["a", "b"];
      throw boom;
    }
    const { stream, waitUntilComplete } = pipeTo(bench.target(), source());
    const local: string[] = [];
    await expect(
      (async () => {
        for await (const part of stream) local.push(part);
      })(),
    ).rejects.toBe(boom);
    expect(local).toEqual(["a", "b"]);
    await expect(waitUntilComplete()).rejects.toBe(boom);
    expect(bench.stored()).toEqual(["a", "b"]);
    // One that nobody waits for.
    pipeTo(bench.target("ignored"), source());
    await vi.waitUntil(() => bench.stored("ignored").length === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(unhandled).not.toHaveBeenCalled();
    process.off("unhandledRejection", unhandled);
  });

  test("lingers as the server asks: parts that come together are one request", async () => {
    await pipeTo(bench.target(), slowly(numbers(20), 2)).waitUntilComplete();
    expect(bench.asked("POST", /records$/)).toBeLessThan(4);
    expect(await bench.seen(20)).toEqual(numbers(20));
  });

  test("10,000 parts in batches of 1,000", async () => {
    await pipeTo(bench.target(), numbers(10_000)).waitUntilComplete();
    expect(bench.stored()).toEqual(numbers(10_000));
    expect(bench.asked("POST", /records$/)).toBeLessThan(25);
  });

  test("many writers on one stream share its creation", async () => {
    const pipes = numbers(5).map((n) => pipeTo(bench.target(), [`${n}a`, `${n}b`]).waitUntilComplete());
    await Promise.all(pipes);
    const parts = (await bench.seen(10)) as string[];
    for (const n of numbers(5)) expect(parts.filter((part) => part.startsWith(`${n}`))).toEqual([`${n}a`, `${n}b`]);
    expect(bench.asked("PUT")).toBe(1);
  });

  test.each([
    [{ code: "not-found" }, () => ({ ...bench.target(), runId: "run_none" })],
    [
      { code: "unauthorized", status: 401 },
      () => ({ ...bench.target(), client: { ...bench.target().client, accessToken: "wrong" } }),
    ],
    [
      { code: "rejected", message: expect.stringContaining("completed run") },
      () => {
        bench.server.completeRun(bench.runId);
        return bench.target();
      },
    ],
    [{ code: "invalid-argument" }, () => ({ ...bench.target(), client: { accessToken: "x", baseURL: "nowhere" } })],
  ])("rejects with a typed error: %o", async (error, target) => {
    const { stream, waitUntilComplete } = pipeTo(target(), ["a", "b"]);
    await expect(waitUntilComplete()).rejects.toMatchObject(error);
    expect(await collect(stream)).toEqual(["a", "b"]);
  });

  test("a source that is none is an error of the promise, not of the call", async () => {
    const { waitUntilComplete } = pipeTo(bench.target(), 5 as never);
    await expect(waitUntilComplete()).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("abort", () => {
  test("rejects with the reason at once, sends nothing more and tells the source", async () => {
    const controller = new AbortController();
    const returned = vi.fn();
    const source = {
      [Symbol.asyncIterator]: () => ({
        sent: false,
        next() {
          if (this.sent) return new Promise<never>(() => {});
          this.sent = true;
          return Promise.resolve({ done: false as const, value: "a" });
        },
        async return() {
          returned();
          return { done: true as const, value: undefined };
        },
      }),
    };
    const { stream, waitUntilComplete } = pipeTo(bench.target(), source, { signal: controller.signal });
    const reader = stream.getReader();
    expect((await reader.read()).value).toBe("a");
    controller.abort("enough");
    await expect(waitUntilComplete()).rejects.toBe("enough");
    expect(returned).toHaveBeenCalledTimes(1);
    expect((await reader.read()).done).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(bench.asked("POST")).toBe(0);
  });

  test("a signal that was aborted before asks for nothing", async () => {
    const { waitUntilComplete } = pipeTo(bench.target(), ["a"], { signal: AbortSignal.abort("no") });
    await expect(waitUntilComplete()).rejects.toBe("no");
    expect(bench.server.requests).toEqual([]);
  });
});

describe("writer", () => {
  test("writes and merges at the same time, and ends when all of it has ended", async () => {
    const { stream, waitUntilComplete } = writeTo<string>(bench.target(), {
      execute: async ({ write, merge }) => {
        write("a");
        merge(slowly(["x", "y"], 5));
        merge(slowly(["z"], 5));
        await new Promise((resolve) => setTimeout(resolve, 30));
        write("b");
      },
    });
    const local = await collect(stream);
    expect(local[0]).toBe("a");
    expect([...local].sort()).toEqual(["a", "b", "x", "y", "z"]);
    expect(local.indexOf("x")).toBeLessThan(local.indexOf("y"));
    await waitUntilComplete();
    expect(bench.stored()).toEqual(local);
  });

  test("rejects with what execute or a merged source throws, after the rest is stored", async () => {
    const boom = new Error("boom");
    const thrower = writeTo<string>(bench.target("one"), {
      execute: ({ write }) => {
        write("a");
        throw boom;
      },
    });
    await expect(thrower.waitUntilComplete()).rejects.toBe(boom);
    expect(bench.stored("one")).toEqual(["a"]);
    async function* broken() {
      yield "x";
      throw boom;
    }
    const merger = writeTo<string>(bench.target("two"), {
      execute: ({ write, merge }) => {
        merge(broken());
        merge(slowly(["y"], 20));
        write("a");
      },
    });
    await expect(merger.waitUntilComplete()).rejects.toBe(boom);
    expect(new Set(bench.stored("two"))).toEqual(new Set(["a", "x", "y"]));
  });

  test("does not run ahead of a merged source by more than is bounded", async () => {
    let made = 0;
    async function* endless() {
      for (;;) yield made++;
    }
    const controller = new AbortController();
    bench.server.faults.add({ kind: "stall", on: "records", times: "always" });
    const { waitUntilComplete } = writeTo<number>(
      bench.target(),
      { execute: ({ merge }) => merge(endless()) },
      { signal: controller.signal },
    );
    let before = -1;
    await vi.waitUntil(
      () => {
        const isStill = made > 0 && before === made;
        before = made;
        return isStill;
      },
      { interval: 100 },
    );
    expect(made).toBeLessThan(8_192 + 1_000 + 10);
    controller.abort();
    await expect(waitUntilComplete()).rejects.toThrow();
  });
});

describe("append", () => {
  test.each([[{ a: 1 }], [0], [""], [null], [false], [[]], ["text"]])("53: %j round-trips exactly", async (value) => {
    expect(await appendTo(bench.target(), value)).toEqual({ lastEventId: "0" });
    expect(await bench.seen(1)).toEqual([value]);
  });

  test("keeps the order of calls that are not awaited, and shares requests", async () => {
    const results = await Promise.all(numbers(500).map((n) => appendTo(bench.target(), n)));
    expect(results).toEqual(numbers(500).map((n) => ({ lastEventId: String(n) })));
    expect(bench.stored()).toEqual(numbers(500));
    expect(bench.asked("PUT")).toBe(1);
    expect(bench.asked("POST")).toBeLessThan(5);
  });

  test("does not linger: 20 in a row take less than 20 lingers", async () => {
    const start = performance.now();
    for (const n of numbers(20)) await appendTo(bench.target(), n);
    expect(performance.now() - start).toBeLessThan(20 * 100);
    expect(bench.asked("PUT")).toBe(1);
  });

  test("a value that is too large or has no JSON rejects alone", async () => {
    const results = await Promise.allSettled([
      appendTo(bench.target(), "a"),
      appendTo(bench.target(), "x".repeat(1_048_576)),
      appendTo(bench.target(), undefined),
      appendTo(bench.target(), "b"),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({
      reason: { code: "too-large", message: expect.stringMatching(/the value takes/) },
    });
    expect(results[2]).toMatchObject({ reason: { code: "invalid-argument" } });
    expect(bench.stored()).toEqual(["a", "b"]);
  });

  test("a failure rejects all that waited, and the next append begins anew", async () => {
    bench.server.faults.add({ kind: "status", status: 404, on: "create" });
    const failed = await Promise.allSettled(numbers(3).map((n) => appendTo(bench.target(), n)));
    expect(failed.every((result) => result.status === "rejected" && result.reason.code === "not-found")).toBe(true);
    expect(await appendTo(bench.target(), "again")).toEqual({ lastEventId: "0" });
  });

  test("an aborted signal rejects with its reason", async () => {
    await expect(appendTo(bench.target(), 1, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
    const controller = new AbortController();
    bench.server.faults.add({ kind: "stall", on: "create" });
    const waiting = appendTo(bench.target(), 1, { signal: controller.signal });
    controller.abort("late");
    await expect(waiting).rejects.toBe("late");
  });
});
