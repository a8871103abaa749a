// Sending to input streams from Node: order, what is tried again and what is not, limits, cancelling.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSocket } from "node:net";
import { text } from "node:stream/consumers";
import { type RunstreamError, streams } from "runstream";
import { afterAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type DevServer, type DevServerOptions, startDevServer } from "../../js/dev-server/server.ts";

let server: DevServer;
let runId: string;
let client: { baseURL: string; accessToken: string };

async function begin(options: DevServerOptions = {}): Promise<void> {
  await server?.close();
  server = await startDevServer({ port: 0, ...options });
  runId = server.createRun().id;
  client = { baseURL: server.url, accessToken: await server.token(runId) };
}
beforeEach(() => begin());
afterAll(() => server.close());

const stop = streams.input<unknown>({ id: "stop" });
const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);
const received = (id = "stop", run = runId) =>
  server.records(run, `$trigger.input:${id}`).map((record) => {
    const { data } = JSON.parse((record as { body: string }).body);
    return data === undefined ? undefined : JSON.parse(data);
  });
/** What became of a send: "sent", or the code (or name) of its error. */
const outcome = (sending: Promise<void>) =>
  sending.then(
    () => "sent",
    (error: Error) => (error.name === "RunstreamError" ? (error as RunstreamError).code : error.name),
  );
const posts = () => server.requests.filter(({ method }) => method === "POST");

/** A server that answers as `answer` says, and remembers what it got. */
async function stub(answer: (req: IncomingMessage, res: ServerResponse, body: string) => void): Promise<Stub> {
  const got: Stub["got"] = [];
  const server = createServer(async (req, res) => {
    const body = await text(req);
    got.push({
      body,
      partId: String(req.headers["x-part-id"]),
      token: req.headers.authorization ?? "",
      at: Date.now(),
    });
    answer(req, res, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}
type Stub = { url: string; got: Array<{ body: string; partId: string; token: string; at: number }> };

describe("row 47: sends of one stream", () => {
  test("arrive in order, and one that fails neither holds nor hides the others", async () => {
    server.faults.add({ kind: "status", status: 400, on: "input", skip: 5 });
    const outcomes = await Promise.all(numbers(20).map((n) => outcome(stop.send(runId, n, client))));
    expect(outcomes).toEqual(numbers(20).map((n) => (n === 5 ? "rejected" : "sent")));
    expect(received()).toEqual(numbers(20).filter((n) => n !== 5));
  });

  test("do not wait for those of another", async () => {
    server.faults.add({ kind: "stall", on: "input", stream: "stop" });
    const abort = new AbortController();
    const stalled = outcome(stop.send(runId, 1, { ...client, signal: abort.signal }));
    await streams.input({ id: "other" }).send(runId, 2, client);
    abort.abort();
    expect(await stalled).toBe("AbortError");
    expect(received("other")).toEqual([2]);
  });

  test("are taken as they are when send is called", async () => {
    const data = { n: 1 };
    const sending = [stop.send(runId, data, client), stop.send(runId, data, client)];
    data.n = 2;
    await Promise.all(sending);
    expect(received()).toEqual([{ n: 1 }, { n: 1 }]);
  });
});

describe("row 48: an answer that was lost", () => {
  test("on a server that says it honours the part id: one record", async () => {
    await stop.send(runId, "known", client);
    server.faults.add({ kind: "drop-answer", times: 2 });
    await stop.send(runId, "once", client);
    expect(received()).toEqual(["known", "once"]);
    expect(posts()).toHaveLength(4);
  });

  test("on one that does not: unconfirmed, never repeated, and later sends go on", async () => {
    await begin({ dedupeParts: false });
    await stop.send(runId, "known", client);
    server.faults.add({ kind: "drop-answer" });
    const sending = [stop.send(runId, "lost", client), stop.send(runId, "next", client)];
    expect(await Promise.all(sending.map(outcome))).toEqual(["unconfirmed", "sent"]);
    expect(received()).toEqual(["known", "lost", "next"]);
  });

  test("on one that nothing is known of: asked with a body that no server stores", async () => {
    for (const says of [true, false]) {
      let first = true;
      const { url, got } = await stub((_, res, body) => {
        const { partId } = got.at(-1) as Stub["got"][number];
        if (says) res.setHeader("X-Part-Id", partId);
        if (!body.startsWith("{")) return void res.writeHead(400).end("Invalid request body");
        if (!first) return void res.end('{"ok":true}');
        first = false;
        res.socket?.resetAndDestroy();
      });
      expect(await outcome(stop.send(runId, 1, { ...client, baseURL: url }))).toBe(says ? "sent" : "unconfirmed");
      expect(got.map(({ body }) => body)).toEqual(['{"data":1}', "null", ...(says ? ['{"data":1}'] : [])]);
      const [tried, asked, again] = got.map(({ partId }) => partId);
      expect(tried).toMatch(/^inp_[0-9a-z]{12}$/);
      expect(asked).not.toBe(tried);
      if (says) expect(again).toBe(tried);
    }
  });

  test("the very first send of a page, to a server that honours the part id: one record", async () => {
    server.faults.add({ kind: "drop-answer" });
    await stop.send(runId, "first", client);
    expect(received()).toEqual(["first"]);
  });

  test("a 500 may have stored it: repeated where the part id is honoured, else http", async () => {
    await begin({ dedupeParts: false });
    server.faults.add({ kind: "status", status: 500, accept: true, on: "input" });
    expect(await outcome(stop.send(runId, 1, client))).toBe("http");
    expect(received()).toEqual([1]);
    await begin();
    server.faults.add({ kind: "status", status: 500, accept: true, on: "input" });
    await stop.send(runId, 2, client);
    expect(received()).toEqual([2]);
  });
});

describe("tried again, because it had no effect", () => {
  test.each([
    [429, "1"],
    [429, undefined],
    [503, "1"],
  ])("%i with Retry-After %s", async (status, after) => {
    const headers: Record<string, string> = after === undefined ? {} : { "Retry-After": after };
    server.faults.add({ kind: "status", status, headers, on: "input" });
    const begun = performance.now();
    await stop.send(runId, 1, client);
    expect(performance.now() - begun).toBeGreaterThan(after === undefined ? 100 : 990);
    expect(received()).toEqual([1]);
    expect(new Set(posts().map(({ headers }) => headers["x-part-id"])).size).toBe(1);
  });

  test("a refused connection, until somebody listens", async () => {
    const port = await new Promise<number>((resolve) => {
      const socket = createSocket().listen(0, "127.0.0.1", () => {
        const { port } = socket.address() as AddressInfo;
        socket.close(() => resolve(port));
      });
    });
    const sending = stop.send(runId, 1, { ...client, baseURL: `http://127.0.0.1:${port}` });
    const late = createServer((_, res) => void res.end("{}"));
    onTestFinished(() => void late.close());
    setTimeout(() => late.listen(port, "127.0.0.1"), 300);
    await sending;
  });

  test("a token that was refused is refreshed once, and the next send begins with the new one", async () => {
    const refreshAccessToken = vi.fn(async () => client.accessToken);
    const options = { ...client, accessToken: "expired", refreshAccessToken };
    await stop.send(runId, 1, options);
    await stop.send(runId, 2, options);
    expect(received()).toEqual([1, 2]);
    expect(refreshAccessToken).toHaveBeenCalledTimes(1);
    const useless = { ...client, accessToken: "expired", refreshAccessToken: vi.fn(async () => "bad") };
    expect(await outcome(stop.send(runId, 3, useless))).toBe("unauthorized");
    expect(useless.refreshAccessToken).toHaveBeenCalledTimes(1);
  });
});

describe("tried no more", () => {
  /** What became of a send over this `fetch`, on a clock that jumps to the next timer; and the number of requests. */
  async function over(fetch: (request: Request) => Promise<Response>, baseURL: string) {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const counted = vi.fn(fetch);
    const begun = Date.now();
    const sending = outcome(stop.send(runId, 1, { ...client, baseURL, fetch: counted }));
    await vi.runAllTimersAsync();
    return [await sending, counted.mock.calls.length, Math.round((Date.now() - begun) / 1000)];
  }

  test("after ten times, in less than a minute", async () => {
    const [code, requests, seconds] = await over(async () => new Response("no", { status: 429 }), "http://busy");
    expect([code, requests]).toEqual(["http", 10]);
    expect(seconds).toBeGreaterThan(20);
    expect(seconds).toBeLessThan(60);
  });

  test("nor for ever where the part id is honoured", async () => {
    let isFirst = true;
    const fetch = async (request: Request) => {
      if (!isFirst) throw new TypeError("Failed to fetch");
      isFirst = false;
      return new Response("{}", { headers: { "X-Part-Id": request.headers.get("X-Part-Id") ?? "" } });
    };
    await stop.send(runId, 0, { ...client, baseURL: "http://honours", fetch });
    expect((await over(fetch, "http://honours")).slice(0, 2)).toEqual(["unconfirmed", 10]);
  });

  test("without an answer for 60 s", async () => {
    const silent = (request: Request) =>
      new Promise<Response>((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason));
      });
    // The send, and the question whether it may be repeated.
    expect(await over(silent, "http://silent")).toEqual(["unconfirmed", 2, 120]);
  });
});

test("a token that cannot be made is unauthorized, with the cause", async () => {
  const cause = new Error("signed out");
  const options = { ...client, accessToken: () => Promise.reject(cause) };
  await expect(stop.send(runId, 1, options)).rejects.toMatchObject({ code: "unauthorized", cause });
  expect(posts()).toHaveLength(0);
});

describe("row 49: what waits", () => {
  test("is bounded: the thousand-and-first send is refused, and so is what goes over 4 MiB", async () => {
    const abort = new AbortController();
    const options = { ...client, signal: abort.signal };
    server.faults.add({ kind: "stall", on: "input", times: 2 });
    const sending = numbers(1_001).map((n) => outcome(stop.send(runId, n, options)));
    expect(await sending[1_000]).toBe("queue-full");
    const large = "x".repeat(1_000_000);
    const other = streams.input<unknown>({ id: "other" });
    const larger = numbers(5).map(() => outcome(other.send(runId, large, options)));
    expect(await larger[4]).toBe("queue-full");
    await vi.waitUntil(() => server.faults.fired.length === 2);
    abort.abort();
    expect(await Promise.all([...sending.slice(0, 1_000), ...larger.slice(0, 4)])).toEqual(
      Array(1_004).fill("AbortError"),
    );
    // What was cancelled makes room.
    await stop.send(runId, "after", client);
    expect(received()).toEqual(["after"]);
  });

  test("can be cancelled one by one, with the signal's reason", async () => {
    server.faults.add({ kind: "delay", ms: 200, on: "input" });
    const abort = new AbortController();
    const first = stop.send(runId, 1, client);
    const second = stop.send(runId, 2, { ...client, signal: abort.signal });
    const third = stop.send(runId, 3, client);
    const reason = new Error("not now");
    abort.abort(reason);
    await expect(second).rejects.toBe(reason);
    await Promise.all([first, third]);
    expect(received()).toEqual([1, 3]);
    await expect(stop.send(runId, 4, { ...client, signal: abort.signal })).rejects.toBe(reason);
  });
});

describe("row 50: the limit", () => {
  /** The longest text whose record fits: 8 + the bytes of {"data":"\"…\"","id":"inp_000000000000"}. */
  const longest = 1_048_576 - 8 - JSON.stringify({ data: JSON.stringify(""), id: "inp_000000000000" }).length;

  test("is the server's, to the byte, with escapes counted twice", async () => {
    await stop.send(runId, "x".repeat(longest), client);
    expect(await outcome(stop.send(runId, "x".repeat(longest + 1), client))).toBe("too-large");
    // A quote inside JSON inside JSON takes four bytes.
    await stop.send(runId, '"'.repeat(Math.floor(longest / 4)), client);
    expect(await outcome(stop.send(runId, '"'.repeat(Math.floor(longest / 4) + 1), client))).toBe("too-large");
    expect(posts()).toHaveLength(2);
    expect(received()).toHaveLength(2);
  });

  test("said by the server is final", async () => {
    server.faults.add({ kind: "status", status: 413, on: "input" });
    expect(await outcome(stop.send(runId, 1, client))).toBe("too-large");
    expect(posts()).toHaveLength(1);
  });
});

test.each(["completed", "failed", "canceled"] as const)("row 51: a run that is %s", async (state) => {
  server.completeRun(runId, state);
  await expect(stop.send(runId, 1, client)).rejects.toMatchObject({
    code: "rejected",
    status: 400,
    message: expect.stringContaining("Cannot send to input stream on a completed run"),
  });
});

test.each(["a/b", "a?b", "a#b", "ünï 🎉", "%2F", "a%2Fb"])("row 52: reaches the stream and the run %s", async (id) => {
  const run = server.createRun({ id }).id;
  const accessToken = server.secretKey;
  await streams.input<unknown>({ id }).send(run, id, { ...client, accessToken });
  expect(received(id, run)).toEqual([id]);
});

test("undefined is sent as no data, and null as null", async () => {
  await stop.send(runId, undefined, client);
  await stop.send(runId, null, client);
  expect(received()).toEqual([undefined, null]);
});
