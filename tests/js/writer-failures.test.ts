// What a writer makes of servers that fail, over real sockets.
import { describe, expect, test, vi } from "vitest";
import type { Fault } from "../../js/dev-server/server.ts";
import { appendTo } from "../../js/write/append.ts";
import { pipeTo } from "../../js/write/pipe.ts";
import { newBench, numbers, slowly } from "./writer-support.ts";

describe("v2", () => {
  const bench = newBench();
  const s2 = { on: "records" } as const;

  test.each<[string, Fault[]]>([
    ["the answer is lost after the records were stored", [{ kind: "drop-answer", ...s2 }]],
    ["the connection is reset before anything was stored", [{ kind: "cut", reset: true, ...s2 }]],
    ["503 three times", [{ kind: "status", status: 503, times: 3, ...s2 }]],
    ["500 though the records were stored", [{ kind: "status", status: 500, accept: true, ...s2 }]],
    ["429 with Retry-After", [{ kind: "status", status: 429, headers: { "retry-after": "1" }, ...s2 }]],
    ["a web page for an acknowledgement", [{ kind: "html", ...s2 }]],
    [
      "a creation that fails",
      [
        { kind: "status", status: 503, on: "create" },
        { kind: "cut", on: "create" },
      ],
    ],
    [
      "all of it, one after the other",
      [
        { kind: "drop-answer", ...s2 },
        { kind: "cut", ...s2 },
        { kind: "status", status: 500, accept: true, ...s2 },
        { kind: "drop-answer", ...s2 },
      ],
    ],
  ])("55: readers see every part once: %s", async (_, faults) => {
    bench.server.faults.add(...faults);
    await pipeTo(bench.target(), slowly(numbers(30), 5)).waitUntilComplete();
    expect(await bench.seen(30)).toEqual(numbers(30));
    expect(bench.server.faults.pending).toBe(0);
  });

  test("55: what was stored twice has the same part ids", async () => {
    bench.server.faults.add({ kind: "drop-answer", ...s2 });
    await pipeTo(bench.target(), ["a", "a"]).waitUntilComplete();
    expect(bench.stored()).toEqual(["a", "a", "a", "a"]);
    expect(await bench.seen(2)).toEqual(["a", "a"]);
  });

  test("57: a stream that is being deleted is created again and written", async () => {
    await appendTo(bench.target(), "before");
    bench.server.deleteStream(bench.runId, "chat");
    bench.server.faults.add({ kind: "deletion-pending", times: 2, ...s2 });
    await pipeTo(bench.target(), ["a", "b"]).waitUntilComplete();
    expect(await bench.seen(2)).toEqual(["a", "b"]);
    expect(bench.asked("PUT")).toBe(3);
  });

  test("a token that S2 refuses is made anew, once for all writers", async () => {
    await appendTo(bench.target(), "a");
    bench.server.faults.add({ kind: "status", status: 403, ...s2 });
    await pipeTo(bench.target(), ["b"]).waitUntilComplete();
    expect(bench.asked("PUT")).toBe(2);
    bench.server.faults.add({ kind: "status", status: 403, times: 2, ...s2 });
    await expect(pipeTo(bench.target(), ["c"]).waitUntilComplete()).rejects.toMatchObject({ code: "unauthorized" });
    await pipeTo(bench.target(), ["d"]).waitUntilComplete();
    expect(bench.stored()).toEqual(["a", "b", "d"]);
  });

  test("the source of a writer that failed goes on for the local reader alone", async () => {
    bench.server.faults.add({ kind: "status", status: 422, ...s2 });
    let made = 0;
    async function* endless() {
      for (;;) yield made++;
    }
    const { stream, waitUntilComplete } = pipeTo(bench.target(), endless());
    await expect(waitUntilComplete()).rejects.toMatchObject({ code: "rejected" });
    const before = made;
    const reader = stream.getReader();
    for (const n of numbers(before + 5)) expect((await reader.read()).value).toBe(n);
    expect(made).toBeLessThan(before + 10);
    await reader.cancel();
  });

  test("a refresh makes a new credential for the gateway", async () => {
    const target = bench.target();
    const refreshAccessToken = vi.fn(async () => bench.server.secretKey);
    const client = { ...target.client, accessToken: "old", refreshAccessToken };
    expect(await pipeTo({ ...target, client }, ["a"]).waitUntilComplete()).toEqual({ lastEventId: "0" });
    expect(refreshAccessToken).toHaveBeenCalledTimes(1);
  });

  test("an S2 that nobody answers at is given up with what happened", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    bench.server.faults.add({ kind: "cut", times: "always", ...s2 });
    const outcome = pipeTo(bench.target(), ["a"])
      .waitUntilComplete()
      .catch((error) => error);
    let error: unknown;
    void outcome.then((thrown) => {
      error = thrown;
    });
    while (!error) {
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(20);
    }
    vi.useRealTimers();
    expect(error).toMatchObject({ code: "network", message: expect.stringMatching(/may have arrived/) });
  });
});

describe("v1", () => {
  const bench = newBench("v1");

  test("writes lines that readers see at once", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* source() {
      yield { a: 1 };
      yield "b";
      await held;
      yield null;
    }
    const { waitUntilComplete } = pipeTo(bench.target(), source());
    await vi.waitUntil(() => bench.server.records(bench.runId, "chat").length === 2);
    release();
    expect(await waitUntilComplete()).toEqual({});
    expect(bench.stored()).toEqual([{ a: 1 }, "b", null]);
    expect(bench.asked("POST")).toBe(1);
  });

  test("55: resumes behind the last line that arrived", async () => {
    bench.server.faults.add(
      { kind: "cut", on: "ingest", afterRecords: 4 },
      { kind: "cut", on: "ingest", afterRecords: 3 },
      { kind: "status", status: 503, on: "ingest" },
    );
    bench.server.faults.add({ kind: "status", status: 500, on: "probe" });
    await pipeTo(bench.target(), slowly(numbers(12), 5)).waitUntilComplete();
    expect(bench.stored()).toEqual(numbers(12));
    const resumed = bench.server.requests.filter(({ method }) => method === "POST");
    expect(resumed.map(({ headers }) => headers["x-resume-from-chunk"])).toEqual(["0", "4", "7", "7"]);
    expect(new Set(resumed.map(({ headers }) => headers["x-client-id"])).size).toBe(1);
  });

  test("55: an answer that was lost behind the last line writes nothing twice", async () => {
    bench.server.faults.add({ kind: "drop-answer", on: "ingest" });
    await pipeTo(bench.target(), slowly(numbers(5), 5)).waitUntilComplete();
    expect(bench.stored()).toEqual(numbers(5));
  });

  test("appends one by one and many at once", async () => {
    await appendTo(bench.target(), "a");
    await Promise.all(numbers(20).map((n) => appendTo(bench.target(), n)));
    expect(bench.stored()).toEqual(["a", ...numbers(20)]);
  });
});
