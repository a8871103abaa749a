// The client without a browser: Node against the dev server.
import { createElement, StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { configure, type StreamStatus, streams } from "runstream";
import { useInputStreamSend, useRealtimeStream } from "runstream/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";

let server: DevServer;
let runId: string;
let client: { baseURL: string; accessToken: string };

beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  runId = server.createRun().id;
  client = { baseURL: server.url, accessToken: await server.token(runId) };
});
afterEach(async () => {
  configure({});
  vi.unstubAllEnvs();
  await server.close();
});

const numbers = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);
const collect = async <T>(parts: AsyncIterable<T>) => {
  const all: T[] = [];
  for await (const part of parts) all.push(part);
  return all;
};
const open = () => server.connections.filter(({ closedAt }) => closedAt === undefined).length;

describe("read", () => {
  test("takes a key, a defined stream, or the default stream", async () => {
    server.append(runId, "chat", "a");
    server.append(runId, "default", "b");
    const options = { ...client, timeoutInSeconds: 1 };
    expect(await collect(await streams.read(runId, "chat", options))).toEqual(["a"]);
    expect(await collect(await streams.define<string>({ id: "chat" }).read(runId, options))).toEqual(["a"]);
    expect(await collect(await streams.read(runId, options))).toEqual(["b"]);
  });

  test("tells what becomes of it while nothing arrives", async () => {
    server.append(runId, "chat", 1);
    server.faults.add({ kind: "status", status: 503, times: 3 });
    const seen: string[] = [];
    const options = { ...client, onStatus: ({ status, error }: StreamStatus) => seen.push(error?.code ?? status) };
    for await (const part of await streams.read(runId, "chat", options)) {
      expect(part).toBe(1);
      break;
    }
    expect(seen).toEqual(expect.arrayContaining(["connecting", "reconnecting", "http", "live"]));
  });

  test("says so on the console if nobody listens", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    server.append(runId, "chat", 1);
    server.faults.add({ kind: "status", status: 503, times: 3 });
    for await (const _ of await streams.read(runId, "chat", client)) break;
    expect(warn.mock.calls.flat().join()).toMatch(
      /reading stream "chat" of run_\w+ fails, and is tried again .*503.*onStatus/,
    );
    warn.mockRestore();
  });

  test("tells of what is no part", async () => {
    server.append(runId, "chat", 1);
    server.appendRaw(runId, "chat", { headers: [["trigger-control", "turn-complete"]] });
    server.appendRaw(runId, "chat", { body: "no envelope" });
    const [onControl, onBadRecord] = [vi.fn(), vi.fn()];
    const options = { ...client, timeoutInSeconds: 1, onControl, onBadRecord };
    expect(await collect(await streams.read(runId, "chat", options))).toEqual([1]);
    expect(onControl.mock.calls[0]?.[0]).toMatchObject({ id: "1", headers: [["trigger-control", "turn-complete"]] });
    expect(onBadRecord.mock.calls[0]?.[0]).toMatchObject({ id: "2", body: "no envelope" });
  });

  test("is a ReadableStream as well", async () => {
    server.append(runId, "chat", 1);
    const reader = (await streams.read(runId, "chat", client)).getReader();
    expect(await reader.read()).toEqual({ done: false, value: 1 });
    await reader.cancel();
    await vi.waitUntil(() => open() === 0);
  });

  test("finds its credential in configure, then in the environment", async () => {
    server.append(runId, "chat", 1);
    const options = { timeoutInSeconds: 1 };
    await expect(streams.read(runId, "chat", options)).rejects.toMatchObject({ code: "not-ready" });
    vi.stubEnv("TRIGGER_SECRET_KEY", server.secretKey);
    vi.stubEnv("TRIGGER_API_URL", server.url);
    expect(await collect(await streams.read(runId, "chat", options))).toEqual([1]);
    vi.stubEnv("TRIGGER_SECRET_KEY", "wrong");
    configure({ accessToken: () => server.secretKey });
    expect(await collect(await streams.read(runId, "chat", options))).toEqual([1]);
    configure({ secretKey: server.secretKey, accessToken: "wrong" });
    expect(await collect(await streams.read(runId, "chat", options))).toEqual([1]);
  });

  test.each(["a/b", "a?b", "a#b", "ünï 🎉", "%2F", "a%2Fb"])("row 52: reaches the stream %s", async (key) => {
    server.append(runId, key, key);
    expect(await collect(await streams.read(runId, key, { ...client, timeoutInSeconds: 1 }))).toEqual([key]);
  });

  test("begins where it is told to", async () => {
    for (const n of numbers(5)) server.append(runId, "chat", n);
    const read = async (options: object) =>
      collect(await streams.read<number>(runId, "chat", { ...client, timeoutInSeconds: 1, ...options }));
    expect(await read({ startIndex: 3 })).toEqual([3, 4]);
    expect(await read({ startIndex: 0, from: "latest" })).toEqual(numbers(5));
    expect(await read({ lastEventId: 1 })).toEqual([2, 3, 4]);
    expect(await read({ lastEventId: "2", startIndex: 0, from: "latest" })).toEqual([3, 4]);
    const latest = await streams.read<number>(runId, "chat", { ...client, from: "latest" });
    const next = latest[Symbol.asyncIterator]().next();
    await vi.waitUntil(() => open() === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    server.append(runId, "chat", 5);
    expect(await next).toEqual({ done: false, value: 5 });
    await latest.cancel().catch(() => {});
  });

  test("row 12c: from latest, against a server that ignores it, nothing from before arrives", async () => {
    const old = await startDevServer({ port: 0, honorStartLatest: false });
    const { id } = old.createRun();
    for (const n of numbers(5)) old.append(id, "chat", n);
    const options = { baseURL: old.url, accessToken: old.secretKey, from: "latest", timeoutInSeconds: 2 } as const;
    const reading = collect(await streams.read(id, "chat", options));
    await vi.waitUntil(() => old.connections.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    old.cut();
    old.append(id, "chat", 5);
    expect(await reading).toEqual([5]);
    await old.close();
  });

  test("row 12b: a stream that was deleted and recreated is read from its beginning", async () => {
    for (const n of numbers(3)) server.append(runId, "chat", n);
    const reading = collect(await streams.read<unknown>(runId, "chat", { ...client, timeoutInSeconds: 2 }));
    await vi.waitUntil(() => (server.connections[0]?.bytesWritten ?? 0) > 300);
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.deleteStream(runId, "chat");
    server.append(runId, "chat", "new");
    expect(await reading).toEqual([0, 1, 2, "new"]);
  });

  test("row 15: a signal that is aborted already makes no request; one that aborts later closes the stream", async () => {
    server.append(runId, "chat", 1);
    expect(await collect(await streams.read(runId, "chat", { ...client, signal: AbortSignal.abort() }))).toEqual([]);
    expect(server.requests).toEqual([]);
    const abort = new AbortController();
    const parts: unknown[] = [];
    for await (const part of await streams.read(runId, "chat", { ...client, signal: abort.signal })) {
      parts.push(part);
      abort.abort();
    }
    expect(parts).toEqual([1]);
    await vi.waitUntil(() => open() === 0);
  });

  test("row 45: a slow consumer is felt by the server, and misses nothing", async () => {
    const text = "x".repeat(1_000);
    const total = 40_000;
    for (let i = 0; i < total; i += 1_000) {
      const values = numbers(1_000, i).map((n) => ({ n, text }));
      server.appendAll(runId, "chat", values);
    }
    const stream = await streams.read<{ n: number }>(runId, "chat", client);
    const reader = stream.getReader();
    for (const n of numbers(10)) expect((await reader.read()).value?.n).toBe(n);
    const written = () => server.connections[0]?.bytesWritten ?? 0;
    await vi.waitFor(async () => {
      const before = written();
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(written()).toBe(before);
    });
    // What is left is in the sockets' own buffers, not in ours.
    expect(written()).toBeLessThan((total * text.length) / 2);
    for (const n of numbers(total - 10, 10)) if ((await reader.read()).value?.n !== n) throw new Error(`missed ${n}`);
    expect(server.connections).toHaveLength(1);
    await reader.cancel();
  });
});

describe("bad arguments", () => {
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => "fine",
      (error) => [error.name, error.code, error.message],
    );

  test("name the value and the way out", async () => {
    expect(await code(streams.read("", "chat", client))).toEqual([
      "RunstreamError",
      "not-ready",
      'reading stream "chat": the run id is ""; give the id of a run',
    ]);
    expect((await code(streams.read(runId, "", client)))[2]).toContain('the stream key is ""');
    const first = async (options: object) => collect(await streams.read(runId, "chat", { ...client, ...options }));
    expect((await code(first({ timeoutInSeconds: 0 })))[2]).toContain("timeoutInSeconds is 0");
    expect((await code(first({ timeoutInSeconds: 1.5 })))[2]).toContain("timeoutInSeconds is 1.5");
    expect((await code(first({ startIndex: 0.5 })))[2]).toContain("startIndex is 0.5");
    expect((await code(first({ lastEventId: "abc" })))[2]).toContain('lastEventId is "abc"');
    expect((await code(first({ baseURL: "localhost:1" })))[2]).toContain('baseURL is "localhost:1"');
    expect(() => streams.define({ id: "" })).toThrow(/the stream key is ""/);
  });
});

test("row 42: rendering on a server makes no request and leaves the stream idle", () => {
  const fetch = vi.spyOn(globalThis, "fetch");
  const compile = vi.spyOn(WebAssembly, "compile");
  function Page() {
    const { status, parts, error } = useRealtimeStream<number>(runId, "chat", client);
    const { isReady } = useInputStreamSend("cancel", runId, client);
    return createElement("p", null, JSON.stringify([status, parts, error ?? null, isReady]));
  }
  const html = renderToString(createElement(StrictMode, null, createElement(Page)));
  expect(html.replaceAll("&quot;", '"')).toBe('<p>["idle",[],null,true]</p>');
  expect(fetch).not.toHaveBeenCalled();
  expect(compile).not.toHaveBeenCalled();
});
