import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RecentIds } from "../../js/dev-server/ids.ts";
import type { DevServer, DevServerOptions, LogRecord } from "../../js/dev-server/server.ts";
import { read, readAll, recordsIn, send, serve } from "./dev-server-http.ts";

// What a v2 stream holds, and for how long. Only the date is false here; nothing waits for it.

const chat = "/realtime/v1/streams/run_1/chat";
const self = "/realtime/v1/streams/run_1/self/chat";
const append = `${self}/append`;
const input = "/realtime/v1/streams/run_1/input/chat";
const drain = { "timeout-seconds": "0" };
const DAY = 86_400_000;
const HOUR = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

async function serveRun(options: DevServerOptions = {}): Promise<DevServer> {
  const server = await serve(options);
  server.createRun({ id: "run_1" });
  return server;
}

/** Straight to S2, as a writer does. */
async function write(server: DevServer, ...bodies: string[]) {
  const { headers } = await send(server, "PUT", self);
  const path = `/v1/streams/${encodeURIComponent(String(headers["x-s2-stream-name"]))}/records`;
  const { status, body } = await send(server, "POST", path, {
    key: String(headers["x-s2-access-token"]),
    headers: { "s2-basin": headers["x-s2-basin"] },
    body: JSON.stringify({ records: bodies.map((text) => ({ body: text })) }),
  });
  return [status, JSON.parse(body)];
}

const positions = (server: DevServer) => (server.records("run_1", "chat") as LogRecord[]).map(({ seqNum }) => seqNum);

describe("retention", () => {
  it("is 28 days, after which a reader begins at the first record kept, told nothing", async () => {
    const server = await serveRun();
    server.append("run_1", "chat", 0);
    server.append("run_1", "chat", 1);
    later(27 * DAY);
    server.append("run_1", "chat", 2);
    expect(positions(server)).toEqual([0, 1, 2]);
    later(DAY);
    const records = recordsIn(await readAll(server, chat, drain));
    expect(records.map(({ seq_num }) => seq_num)).toEqual([2]);
    expect((server.append("run_1", "chat", 3) as LogRecord).seqNum).toBe(3);
  });

  it("is another time on demand, counted from when a record came, not from the time it bears", async () => {
    const server = await serveRun({ retentionMs: 1000 });
    server.appendRaw("run_1", "chat", { body: "old", timestamp: 5 });
    later(999);
    expect(positions(server)).toEqual([0]);
    later(1);
    expect(positions(server)).toEqual([]);
  });
});

describe("the size of a stream", () => {
  it("is 300 MiB of metered bytes, all of a batch or nothing", async () => {
    const server = await serveRun();
    const mebibyte = { body: "x".repeat(1_048_568) };
    for (let i = 0; i < 299; i++) server.appendRaw("run_1", "chat", mebibyte);
    expect((await write(server, "x".repeat(1_000_000), "y"))[0]).toBe(200);
    const [status, { code }] = await write(server, "y", "z".repeat(100_000));
    expect([status, code]).toEqual([403, "quota_exhausted"]);
    expect(positions(server)).toHaveLength(301);
    expect((await write(server, "y"))[0]).toBe(200);
  });

  it("is a failure of S2 at the gateway, and grows again when old records go", async () => {
    const server = await serveRun({ maxStreamBytes: 100, retentionMs: 1000 });
    server.appendRaw("run_1", "chat", { body: "x".repeat(92) });
    const { status, body } = await send(server, "POST", append, { body: "x" });
    expect([status, body]).toEqual([500, '{"ok":false,"error":"S2 append failed: 403 Forbidden"}']);
    later(1000);
    expect((await send(server, "POST", append, { body: "x" })).status).toBe(200);
  });
});

describe("a stream that was empty for an hour", () => {
  const pending = [409, { code: "stream_deletion_pending", message: "stream deletion pending" }];

  it("is being deleted for the next writer, and new for the one after it", async () => {
    const server = await serveRun();
    server.append("run_1", "chat", "old");
    later(28 * DAY);
    expect(positions(server)).toEqual([]);
    later(HOUR - 1);
    expect(await write(server, "kept")).toEqual([200, expect.objectContaining({ tail: expect.anything() })]);
    later(28 * DAY + HOUR);
    expect(await write(server, "lost")).toEqual(pending);
    expect(await write(server, "new")).toEqual([200, expect.objectContaining({ start: expect.anything() })]);
    expect(positions(server)).toEqual([0]);
  });

  it.each([
    ["append", append],
    ["input", input],
  ])("is a 500 at the gateway's %s, once", async (_, path) => {
    const server = await serveRun({ deleteEmptyAfterMs: 1000 });
    const key = path === input ? "$trigger.input:chat" : "chat";
    await readAll(server, chat.replace("chat", encodeURIComponent(key)), drain);
    later(1000);
    const told = await send(server, "POST", path, { body: '{"data":1}' });
    expect([told.status, told.body]).toEqual([500, '{"ok":false,"error":"S2 append failed: 409 Conflict"}']);
    expect((await send(server, "POST", path, { body: '{"data":1}' })).status).toBe(200);
    expect(server.records("run_1", key)).toHaveLength(1);
  });

  it("ends for who reads it, and is new for who comes to read", async () => {
    const server = await serveRun({ deleteEmptyAfterMs: 1000 });
    const reader = await read(server, chat);
    await reader.until("event: ping");
    later(1000);
    expect(await write(server, "lost")).toEqual(pending);
    await reader.over;
    expect(reader.text).toContain("streamer missing in action");
    server.append("run_1", "chat", 1);
    expect(recordsIn(await readAll(server, chat, drain))).toHaveLength(1);
  });

  it("stays as long as it holds something", async () => {
    const server = await serveRun({ deleteEmptyAfterMs: 1000 });
    server.append("run_1", "chat", 1);
    later(5000);
    expect((await write(server, "x"))[0]).toBe(200);
    expect(positions(server)).toEqual([0, 1]);
  });
});

describe("part ids", () => {
  it("are remembered past the end of the run", async () => {
    const server = await serveRun();
    const once = (id: string) => send(server, "POST", append, { body: "x", headers: { "x-part-id": id } });
    await once("first");
    expect((await once("first")).headers["x-part-id"]).toBe("first");
    server.completeRun("run_1");
    expect((await once("first")).status).toBe(200);
    expect((await once("second")).status).toBe(400);
    expect(positions(server)).toEqual([0]);
  });

  it("are remembered for the last 65,536 parts of a stream", () => {
    const ids = new RecentIds();
    for (let i = 0; i <= 65_536; i++) ids.add(String(i));
    expect([ids.has("0"), ids.has("1"), ids.has("65536")]).toEqual([false, true, true]);
  });
});
