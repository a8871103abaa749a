// The dev server in front of a real S2: what passes through, what it adds, what outlives it.

import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DevServer, DevServerOptions, Fault } from "../../js/dev-server/server.ts";
import { read, readAll, recordsIn, send, serve, valuesIn } from "../js/dev-server-http.ts";
import { BASIN, type ServerProcess, startS2 } from "./processes.ts";

let s2: ServerProcess;
beforeAll(async () => {
  s2 = await startS2();
});
afterAll(() => s2.kill());

let lastRun = 0;
const newRun = () => `run_${process.pid}_${++lastRun}`;
const inFront = (options: DevServerOptions = {}) => serve({ ...options, s2: { endpoint: s2.url, basin: BASIN } });
const drain = { "timeout-seconds": "0" };
const of = (run: string, rest = "chat") => `/realtime/v1/streams/${run}/${rest}`;
const nameOf = (run: string, key = "chat") => `org/org_dev/env/dev/env_dev/runs/${run}/${key}`;

/** A record as a writer sends it: straight to S2. */
async function write(run: string, key: string, ...bodies: string[]) {
  const answer = await fetch(`${s2.url}/v1/streams/${encodeURIComponent(nameOf(run, key))}/records`, {
    method: "POST",
    headers: { "s2-basin": BASIN, "content-type": "application/json" },
    body: JSON.stringify({ records: bodies.map((body) => ({ body })) }),
  });
  expect(answer.status).toBe(200);
}

const parts = (...values: unknown[]) => values.map((data, i) => JSON.stringify({ data, id: `part00${i}` }));

function upstream(run: string, query: string): Promise<string> {
  const headers = { "s2-basin": BASIN, accept: "text/event-stream" };
  return fetch(`${s2.url}/v1/streams/${encodeURIComponent(nameOf(run))}/records?${query}`, { headers }).then((answer) =>
    answer.text(),
  );
}

describe("a read", () => {
  it("passes on what S2 says, byte for byte, with the headers of a v2 stream", async () => {
    const [server, run] = [await inFront(), newRun()];
    const large = "🎉".repeat(100_000);
    await write(run, "chat", ...parts({ a: 1 }, "two\u2028", null), "no envelope", "", ...parts(large));
    const reader = await read(server, of(run), { ...drain, origin: "https://app.example" });
    expect(await reader.over).toBe("end");
    expect(reader.text).toBe(await upstream(run, "seq_num=0&clamp=true&wait=0"));
    expect(reader.text).toMatch(/data: \[DONE\]\n\n$/);
    expect(reader.headers).toMatchObject({
      "x-stream-version": "v2",
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "access-control-allow-origin": "https://app.example",
    });
    expect(reader.headers["access-control-expose-headers"]).toMatch(/^\*/);
    expect(server.connections[0]).toMatchObject({ closedBy: "server", recordsWritten: 6, status: 200 });
  });

  it("goes on behind Last-Event-ID, at the tail when that lies beyond it, at 0 for what is no position", async () => {
    const [server, run] = [await inFront(), newRun()];
    await write(run, "chat", ...parts(0, 1, 2));
    const from = async (id: string) => valuesIn(await readAll(server, of(run), { ...drain, "last-event-id": id }));
    expect(await from("0")).toEqual([1, 2]);
    expect(await from("1-0")).toEqual([2]);
    expect(await from("999")).toEqual([]);
    expect(await from("2,3,100")).toEqual([0, 1, 2]);
  });

  it("starts at the tail when asked, unless it overlooks that", async () => {
    const run = newRun();
    await write(run, "chat", ...parts("old"));
    const headers = { ...drain, "x-trigger-stream-start": "latest" };
    expect(valuesIn(await readAll(await inFront(), of(run), headers))).toEqual([]);
    expect(valuesIn(await readAll(await inFront({ honorStartLatest: false }), of(run), headers))).toEqual(["old"]);
  });

  it("follows live, waits as long as it was asked to, and ends with [DONE]", async () => {
    const [server, run] = [await inFront(), newRun()];
    const start = performance.now();
    const reader = await read(server, of(run), { "timeout-seconds": "1" });
    await reader.until("event: ping");
    await write(run, "chat", ...parts("live"));
    await reader.until("live");
    expect(await reader.over).toBe("end");
    expect(performance.now() - start).toBeGreaterThan(1_000);
    expect(reader.text).toMatch(/data: \[DONE\]\n\n$/);
  });

  it("that leaves takes the request to S2 with it", async () => {
    const [server, run] = [await inFront(), newRun()];
    const reader = await read(server, of(run));
    await reader.until("event: ping");
    reader.close();
    await expect.poll(() => server.connections[0]?.closedBy).toBe("client");
  });

  it("answers 500 for what S2 refuses", async () => {
    const server = await inFront();
    const tooLong = await send(server, "GET", of(newRun(), "k".repeat(500)), { headers: drain });
    expect(tooLong).toMatchObject({ status: 500, body: '{"error":"Internal Server Error"}' });
  });

  it("breaks off when the stream is deleted under it, as S2 does", async () => {
    const [server, run] = [await inFront(), newRun()];
    await write(run, "chat", ...parts(0));
    const reader = await read(server, of(run));
    await reader.until("event: ping");
    const deleted = await send(server, "DELETE", `/dev/runs/${run}/streams/chat`, { key: null });
    expect(deleted.body).toBe('{"deleted":true}');
    expect(await reader.over).toBe("end");
    expect(reader.text).toMatch(/event: error\ndata: {"code":"unavailable"/);
    expect(reader.text).not.toContain("[DONE]");
  });
});

describe("a write", () => {
  it.each([{}, { "x-trigger-source": "sdk" }])("is sent to S2, whoever asks: %j", async (headers) => {
    const [server, run] = [await inFront(), newRun()];
    const created = await send(server, "PUT", of(run, "self/chat"), { headers });
    expect(created).toMatchObject({
      status: 202,
      body: '{"version":"v2"}',
      headers: {
        "x-s2-access-token": "s2-skip-access-tokens",
        "x-s2-basin": BASIN,
        "x-s2-endpoint": `${s2.url}/v1`,
        "x-s2-stream-name": nameOf(run),
        "x-s2-flush-interval-ms": "100",
        "x-s2-max-retries": "10",
      },
    });
  });

  it("gets the token that was given", async () => {
    const server = await serve({ s2: { endpoint: `${s2.url}/v1/`, basin: BASIN, token: "tok" } });
    const { headers } = await send(server, "PUT", of(newRun(), "self/chat"));
    expect(headers).toMatchObject({ "x-s2-access-token": "tok", "x-s2-endpoint": `${s2.url}/v1` });
  });

  it("by append, by input and by the dev route lands in S2, in the envelope of each", async () => {
    const [server, run] = [await inFront(), newRun()];
    const append = { body: '{"a":1}', headers: { "x-part-id": "my-part" } };
    expect(await send(server, "POST", of(run, "self/chat/append"), append)).toMatchObject({
      status: 200,
      body: '{"ok":true}',
    });
    await send(server, "POST", of(run, "input/approval"), { body: '{"data":{"ok":true}}' });
    await send(server, "POST", `/dev/runs/${run}/streams/chat`, { key: null, body: '{"data":{"b":2},"partId":"p2"}' });
    const bodies = async (path: string) =>
      recordsIn(await readAll(server, of(run, path), path === "chat" ? drain : { "timeout-seconds": "1" })).map(
        ({ body }) => JSON.parse(body ?? ""),
      );
    expect(await bodies("chat")).toEqual([
      { data: '{"a":1}', id: "my-part" },
      { data: { b: 2 }, id: "p2" },
    ]);
    expect(await bodies("input/approval")).toEqual([
      { data: '{"ok":true}', id: expect.stringMatching(/^inp_[0-9a-f]{12}$/) },
    ]);
  });

  it("over S2's limit for a record is refused as the service refuses it", async () => {
    const body = JSON.stringify({ data: "x".repeat(1_048_560) });
    const { status, body: said } = await send(await inFront(), "POST", of(newRun(), "input/a"), { body });
    expect(status).toBe(413);
    expect(said).toContain("Record metered size");
  });

  it("never stays in the process", async () => {
    const [server, run] = [await inFront(), newRun()];
    expect(() => server.append(run, "chat", 1)).toThrow("are in S2");
    expect(() => server.deleteStream(run, "chat")).toThrow("are in S2");
    expect((await send(server, "POST", "/v1/streams/x/records", { body: "{}" })).status).toBe(404);
  });
});

describe("a wait", () => {
  const wait = async (server: DevServer, run: string, body: object) => {
    const path = `/api/v1/runs/${run}/input-streams/wait`;
    const { waitpointId } = JSON.parse((await send(server, "POST", path, { body: JSON.stringify(body) })).body);
    return async () => JSON.parse((await send(server, "GET", `/api/v1/waitpoints/tokens/${waitpointId}`)).body);
  };

  it("ends with the first message that S2 holds and the run has not seen", async () => {
    const [server, run] = [await inFront(), newRun()];
    for (const data of [0, 1]) {
      await send(server, "POST", of(run, "input/approval"), { body: JSON.stringify({ data }) });
    }
    const first = await wait(server, run, { streamId: "approval" });
    expect(await first()).toMatchObject({ status: "COMPLETED", output: "0" });
    const next = await wait(server, run, { streamId: "approval", lastSeqNum: 0 });
    expect(await next()).toMatchObject({ status: "COMPLETED", output: "1" });
  });

  it("ends with the next message when there is none yet", async () => {
    const [server, run] = [await inFront(), newRun()];
    const state = await wait(server, run, { streamId: "approval" });
    expect(await state()).toMatchObject({ status: "WAITING" });
    await send(server, "POST", of(run, "input/approval"), { body: '{"data":"yes"}' });
    expect(await state()).toMatchObject({ status: "COMPLETED", output: '"yes"' });
  });
});

describe("after a restart of the dev server", () => {
  it("the parts are there, and any run counts as executing until it is said otherwise", async () => {
    const run = newRun();
    const first = await inFront();
    first.createRun({ id: run });
    await send(first, "POST", of(run, "self/chat/append"), { body: "before" });
    first.completeRun(run);
    expect((await send(first, "POST", of(run, "self/chat/append"), { body: "no" })).status).toBe(400);
    await first.close();

    const second = await inFront();
    expect(valuesIn(await readAll(second, of(run), drain))).toEqual(["before"]);
    expect((await send(second, "POST", of(run, "self/chat/append"), { body: "after" })).status).toBe(200);
    expect(valuesIn(await readAll(second, of(run), drain))).toEqual(["before", "after"]);
    const made = await send(second, "POST", "/dev/runs", { key: null, body: JSON.stringify({ id: run, tags: ["t"] }) });
    expect(made.status).toBe(201);
    expect((await send(second, "POST", `/dev/runs/${run}/complete`, { key: null, body: "{}" })).status).toBe(200);
    expect((await send(second, "PUT", of(run, "self/chat"))).status).toBe(400);
  });

  it("tells of the runs and streams that S2 holds", async () => {
    const run = newRun();
    const first = await inFront();
    await send(first, "POST", of(run, "self/chat/append"), { body: "x" });
    await send(first, "POST", of(run, "input/approval"), { body: '{"data":1}' });
    await first.close();

    const second = await inFront();
    const ask = async (path: string) => JSON.parse((await send(second, "GET", path, { key: null })).body);
    expect((await ask("/dev/runs")).runs.map(({ id }: { id: string }) => id)).toContain(run);
    const { streams } = await ask(`/dev/runs/${run}`);
    expect(streams.map(({ key }: { key: string }) => key).sort()).toEqual(["$trigger.input:approval", "chat"]);
  });

  it("an id that does not begin with run_ is still unknown", async () => {
    expect((await send(await inFront(), "GET", of("nonsense"), { headers: drain })).status).toBe(404);
  });
});

describe("a fault", () => {
  const whole: (Fault | Fault[])[] = [
    { kind: "cut", afterBytes: 77 },
    { kind: "cut", afterRecords: 3 },
    { kind: "end", afterRecords: 2 },
    { kind: "done-early", afterRecords: 1 },
    { kind: "error-event", afterRecords: 2 },
    { kind: "duplicate" },
    { kind: "malformed", atRecord: 2 },
    { kind: "swallow", fromRecord: 1, toRecord: 2 },
    { kind: "reorder", atRecord: 1 },
    { kind: "inject", text: ": hello\n\n", afterRecords: 2 },
    { kind: "status", status: 503 },
    { kind: "html" },
    [
      { kind: "drip", bytes: 50, ms: 0 },
      { kind: "cut", afterRecords: 1 },
    ],
  ];

  it.each(whole.map((fault) => [JSON.stringify(fault), fault] as const))(
    "%s befalls a read as it does in memory",
    async (_, fault) => {
      const run = newRun();
      const [real, memory] = [await inFront(), await serve()];
      memory.createRun({ id: run });
      const bodies = parts(0, 1, 2, 3);
      await write(run, "chat", ...bodies);
      for (const body of bodies) memory.appendRaw(run, "chat", { body });
      const told = async (server: DevServer) => {
        server.faults.add(fault);
        const reader = await read(server, of(run), drain);
        const over = await reader.over;
        const text = reader.text.replace(/"timestamp":\d{13}/g, '"timestamp":1234567890123');
        return { status: reader.status, over, text, fired: server.faults.fired.map(({ kind }) => kind) };
      };
      expect(await told(real)).toEqual(await told(memory));
    },
  );

  it("stall: no byte more on an open socket, until it is cut", async () => {
    const [server, run] = [await inFront(), newRun()];
    await write(run, "chat", ...parts(0, 1, 2));
    server.faults.add({ kind: "stall", afterRecords: 2 });
    const reader = await read(server, of(run), drain);
    await reader.until("part001");
    expect(reader.text).not.toContain("part002");
    expect(server.cut()).toBe(1);
    expect(await reader.over).not.toBe("end");
  });

  it("replay: the cursor is overlooked, or moved back", async () => {
    const [server, run] = [await inFront(), newRun()];
    await write(run, "chat", ...parts(0, 1, 2, 3));
    server.faults.add({ kind: "replay" }, { kind: "replay", records: 2 });
    const headers = { ...drain, "last-event-id": "2" };
    expect(valuesIn(await readAll(server, of(run), headers))).toEqual([0, 1, 2, 3]);
    expect(valuesIn(await readAll(server, of(run), headers))).toEqual([1, 2, 3]);
  });

  it("drop-answer: what was stored is stored in S2", async () => {
    const [server, run] = [await inFront(), newRun()];
    server.faults.add({ kind: "drop-answer" });
    await expect(send(server, "POST", of(run, "self/chat/append"), { body: "x" })).rejects.toThrow();
    expect(valuesIn(await readAll(server, of(run), drain))).toEqual(["x"]);
  });
});

describe("without S2", () => {
  it("an append fails after three attempts, a read at once, and both work when it is back", async () => {
    const mine = await startS2();
    const run = newRun();
    const server = await serve({ s2: { endpoint: mine.url, basin: BASIN } });
    const reader = await read(server, of(run));
    await reader.until("event: ping");
    await mine.kill();
    expect(await reader.over).not.toBe("end");
    expect(server.connections[0]?.closedBy).toBe("server");
    const start = performance.now();
    const append = await send(server, "POST", of(run, "self/chat/append"), { body: "x" });
    expect(performance.now() - start).toBeGreaterThan(340);
    expect(append.status).toBe(500);
    expect(append.body).toContain('{"ok":false,"error":"S2 append failed: ');
    expect((await send(server, "GET", of(run), { headers: drain })).status).toBe(500);
    const again = await startS2({ port: mine.port });
    expect((await send(server, "POST", of(run, "self/chat/append"), { body: "x" })).status).toBe(200);
    expect(valuesIn(await readAll(server, of(run), drain))).toEqual(["x"]);
    await again.kill();
  });
});

const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4");

it.skipIf(!outside)("S2 listens on this machine only", async () => {
  const refused = await new Promise((resolve) => {
    const socket = connect(s2.port, outside?.address);
    socket.on("connect", () => resolve(socket.destroy() && "connected"));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  expect(refused).toBe("ECONNREFUSED");
});
