import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { capture, read, readAll, recordsIn, send, serve, valuesIn } from "./dev-server-http.ts";

/** What differs from one run to the next: times, and ids the server makes up. */
function normal(body: string): string {
  return body.replace(/"timestamp":\d+/g, '"timestamp":0').replace(/inp_[0-9a-f]{12}/g, "inp_");
}

/** Headers that carry the contract: not the date, nor what differs by environment. */
function telling(headers: [string, string][]): [string, string][] {
  return headers.filter(([name]) => name !== "date");
}

describe("a v2 read, against the answers of the real gateway", () => {
  it("answers what trigger-v2-read.sse holds, header by header and byte by byte", async () => {
    const server = await serve({ secondMs: 50 });
    server.createRun({ id: "run_1" });
    server.append("run_1", "chat", '{"a":1}', { partId: "d83Qq26" });
    server.append("run_1", "chat", "plain text", { partId: "my-part" });
    const reader = await read(server, "/realtime/v1/streams/run_1/chat", {
      origin: "https://app.example",
      "timeout-seconds": "1",
      connection: "keep-alive",
    });
    await reader.over;
    const real = capture("trigger-v2-read.sse");
    expect(reader.status).toBe(real.status);
    expect(normal(reader.text)).toBe(normal(real.body));
    expect(
      Object.entries(reader.headers)
        .filter(([name]) => name !== "date")
        .sort(),
    ).toEqual(telling(real.headers).sort());
  });

  it.each([
    ["trigger-v2-read-empty-browser.sse", undefined, 0],
    ["trigger-v2-read-lasteventid-999.sse", "999", 2],
    ["trigger-v2-read-lasteventid-triple-REPLAYS.sse", "1,2,87", 2],
  ])("answers what %s holds", async (name, lastEventId, stored) => {
    const server = await serve({ secondMs: 20 });
    server.createRun({ id: "run_1" });
    const parts = [["d83Qq26", '{"a":1}'] as const, ["my-part", "plain text"] as const].slice(0, stored);
    for (const [partId, value] of parts) server.append("run_1", "chat", value, { partId });
    const headers = { "timeout-seconds": "1", ...(lastEventId && { "last-event-id": lastEventId }) };
    expect(normal(await readAll(server, "/realtime/v1/streams/run_1/chat", headers))).toBe(normal(capture(name).body));
  });

  it("answers what trigger-v2-input-read.sse holds, after the same sends", async () => {
    const server = await serve({ secondMs: 20 });
    server.createRun({ id: "run_1" });
    for (const body of ['{"data":{"approved":true,"r":"ünï🎉"}}', '{"data":"str"}', "{}"]) {
      await send(server, "POST", "/realtime/v1/streams/run_1/input/approval", { body });
    }
    const body = await readAll(server, "/realtime/v1/streams/run_1/input/approval", { "timeout-seconds": "1" });
    expect(normal(body)).toBe(normal(capture("trigger-v2-input-read.sse").body));
    // The same stream under its own name.
    const key = encodeURIComponent("$trigger.input:approval");
    expect(recordsIn(await readAll(server, `/realtime/v1/streams/run_1/${key}`, drain))).toEqual(recordsIn(body));
  });

  it("writes the record shapes of s2-read-wait0.sse: fields left out when empty, unicode raw", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    for (const { headers = [], body = "" } of recordsIn(capture("s2-read-wait0.sse").body)) {
      server.appendRaw("run_1", "chat", { headers: headers as [string, string][], body });
    }
    expect(normal(await readAll(server, chat, drain))).toBe(normal(capture("s2-read-wait0.sse").body));
    expect(await readAll(server, chat, { ...drain, "last-event-id": "3" })).toBe(
      capture("s2-read-wait0-at-tail.sse").body,
    );
  });

  it("trims as s2-read-trim-fence-raw.sse shows: a gap, nothing said, and the command is a record", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    for (let i = 0; i < 3; i++) server.append("run_1", "chat", i, { partId: `c${i}` });
    server.appendRaw("run_1", "chat", { headers: [["", "fence"]], body: "tok1" });
    server.trim("run_1", "chat", 2);
    expect(normal(await readAll(server, chat, drain))).toBe(normal(capture("s2-read-trim-fence-raw.sse").body));
  });
});

const chat = "/realtime/v1/streams/run_1/chat";
/** Reads what is there and ends. */
const drain = { "timeout-seconds": "0" };

describe("v2 batches", () => {
  it("hold at most 1,000 records, metered as s2-read-2000-records-summary.txt shows, and no tail while catching up", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    server.appendAll(
      "run_1",
      "chat",
      Array.from({ length: 2500 }, (_, i) => i),
    );
    const body = await readAll(server, chat, drain);
    const bytes = server
      .records("run_1", "chat")
      .map((record) => 8 + Buffer.byteLength("body" in record ? record.body : ""));
    const total = (n: number) => bytes.slice(0, n).reduce((sum, size) => sum + size, 0);
    expect(body.match(/^id: .*$/gm)).toEqual([
      `id: 999,1000,${total(1000)}`,
      `id: 1999,2000,${total(2000)}`,
      `id: 2499,2500,${total(2500)}`,
    ]);
    expect(body).not.toContain('"tail"');
    expect(valuesIn(body)).toEqual(Array.from({ length: 2500 }, (_, i) => i));
  });

  it("hold at most 1 MiB metered; the largest record comes alone, on one line", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    server.appendRaw("run_1", "chat", { body: "a".repeat(1_048_568) });
    server.appendRaw("run_1", "chat", { body: "b" });
    const body = await readAll(server, chat, drain);
    expect(body.match(/^id: .*$/gm)).toEqual(["id: 0,1,1048576", "id: 1,2,1048585"]);
    expect(() => server.appendRaw("run_1", "chat", { body: "a".repeat(1_048_569) })).toThrow(
      "Record metered size 1048577",
    );
  });

  it("say where the tail is once the reader follows, and hold what was written in one turn", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    const reader = await read(server, chat);
    await reader.until("event: ping");
    server.append("run_1", "chat", "a");
    server.append("run_1", "chat", "b");
    const text = await reader.until("event: batch");
    const batch = JSON.parse(/data: (\{"records.*)\n/.exec(text)?.[1] ?? "");
    expect(batch.records).toHaveLength(2);
    expect(batch.tail).toEqual({ seq_num: 2, timestamp: batch.records[1].timestamp });
    expect(Object.keys(batch)).toEqual(["records", "tail"]);
  });
});

describe("a v2 read window", () => {
  it("pings at the tail at once, then at intervals, and ends all the same", async () => {
    const server = await serve({ secondMs: 100, pingIntervalMs: 20 });
    server.createRun({ id: "run_1" });
    const began = Date.now();
    const body = await readAll(server, chat, { "timeout-seconds": "2" });
    expect(Date.now() - began).toBeGreaterThanOrEqual(200);
    expect(body.match(/event: ping/g)?.length).toBeGreaterThan(3);
    expect(body.endsWith("\n\ndata: [DONE]\n\n")).toBe(true);
  });

  it("is lengthened by each record", async () => {
    const server = await serve({ secondMs: 100 });
    server.createRun({ id: "run_1" });
    const reader = await read(server, chat, { "timeout-seconds": "2" });
    const began = Date.now();
    await reader.until("event: ping");
    setTimeout(() => server.append("run_1", "chat", 1), 120);
    expect(await reader.over).toBe("end");
    expect(Date.now() - began).toBeGreaterThanOrEqual(310);
    expect(valuesIn(reader.text)).toEqual([1]);
  });

  it.each([
    ["0", [1, 2]],
    ["1", [2]],
    ["2", []],
    ["999", []],
    ["1-0", [2]],
    ["", [0, 1, 2]],
    ["abc", [0, 1, 2]],
    ["0,1,9", [0, 1, 2]],
    ["-1", [1, 2]],
  ])("starts after Last-Event-ID %j with %j", async (id, values) => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    server.appendAll("run_1", "chat", [0, 1, 2]);
    expect(valuesIn(await readAll(server, chat, { ...drain, "last-event-id": id }))).toEqual(values);
  });

  it("counts from where it starts, not from the stream's beginning", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    for (const id of ["aaaaaaa", "bbbbbbb"]) server.append("run_1", "chat", 1, { partId: id });
    expect(await readAll(server, chat, { ...drain, "last-event-id": "0" })).toContain("\nid: 1,1,33\n");
  });

  it("starts at the tail with X-Trigger-Stream-Start: latest, unless a cursor says otherwise", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    server.appendAll("run_1", "chat", [0, 1]);
    const latest = { ...drain, "x-trigger-stream-start": "latest" };
    expect(await readAll(server, chat, latest)).toBe("data: [DONE]\n\n");
    expect(valuesIn(await readAll(server, chat, { ...latest, "last-event-id": "0" }))).toEqual([1]);
    expect(server.connections.map(({ startLatest }) => startLatest)).toEqual([true, false]);
  });

  it("overlooks latest when told to, as older servers do", async () => {
    const server = await serve({ honorStartLatest: false });
    server.createRun({ id: "run_1" });
    server.appendAll("run_1", "chat", [0, 1]);
    expect(valuesIn(await readAll(server, chat, { ...drain, "x-trigger-stream-start": "latest" }))).toEqual([0, 1]);
  });

  it("goes on being readable after the run completed", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    server.append("run_1", "chat", 0);
    server.completeRun("run_1");
    expect(valuesIn(await readAll(server, chat, drain))).toEqual([0]);
  });

  it("breaks with an error and no [DONE] when the stream is deleted; the next one starts at 0", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    server.append("run_1", "chat", "old");
    const reader = await read(server, chat);
    await reader.until("event: ping");
    expect(server.deleteStream("run_1", "chat")).toBe(true);
    expect(await reader.over).toBe("end");
    expect(recordsIn(reader.text).at(-1)).toMatchObject({
      seq_num: 1,
      headers: [["", "trim"]],
      body: "\ufffd".repeat(8),
    });
    expect(reader.text).toMatch(
      /\n\nevent: error\ndata: \{"code":"unavailable","message":"streamer missing in action"\}\n\n$/,
    );
    const stale = await read(server, chat, { "last-event-id": "41" });
    await stale.until('"tail":{"seq_num":0,"timestamp":0}');
    server.append("run_1", "chat", "new");
    await stale.until("new");
    expect(valuesIn(stale.text)).toEqual(["new"]);
  });

  it("waits for a reader that does not read", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    const part = "x".repeat(100_000);
    server.appendAll(
      "run_1",
      "chat",
      Array.from({ length: 300 }, () => part),
    );
    const socket = connect(server.port, "127.0.0.1");
    socket.write(`GET ${chat} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${server.secretKey}\r\n\r\n`);
    socket.pause();
    await expect.poll(() => server.connections[0]?.bytesWritten).toBeGreaterThan(1_000_000);
    const before = server.connections[0]?.bytesWritten;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(server.connections[0]?.bytesWritten).toBe(before);
    expect(before).toBeLessThan(20_000_000);
    socket.resume();
    await expect.poll(() => server.connections[0]?.recordsWritten, { timeout: 10_000 }).toBe(300);
    socket.destroy();
    await expect.poll(() => server.connections[0]?.closedBy).toBe("client");
  });
});

describe("Timeout-Seconds", () => {
  const output = "/realtime/v1/streams/run_1/chat";
  const input = "/realtime/v1/streams/run_1/input/chat";
  const tooSmall = [400, "Timeout seconds must be greater than 0"] as const;
  const tooLarge = [400, "Timeout seconds must be less than 600"] as const;
  const internal = [500, '{"error":"Internal Server Error"}'] as const;

  it.each([
    [output, "-1", ...tooSmall],
    [output, "601", ...tooLarge],
    [output, "abc", ...internal],
    [input, "-1", ...tooSmall],
    [input, "0", ...tooSmall],
    [input, "601", ...tooLarge],
    [input, "abc", 400, "Invalid timeout seconds"],
  ])("%s with %j answers %i %s", async (path, value, status, body) => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    const answer = await send(server, "GET", path, { headers: { "timeout-seconds": value } });
    expect([answer.status, answer.body]).toEqual([status, body]);
    if (status === 400) expect(answer.headers["content-type"]).toBe("text/plain;charset=UTF-8");
  });

  it.each([
    [output, undefined, 60],
    [output, "", 60],
    [output, "0", 0],
    [output, "600", 600],
    [output, "600.5", 600],
    [output, "10abc", 10],
    [input, undefined, 60],
    [input, "", 60],
    [input, "600", 600],
    [input, "600.5", 600],
    [input, "10abc", 10],
  ])("%s with %j waits %i seconds", async (path, value, seconds) => {
    const server = await serve({ secondMs: 0 });
    server.createRun({ id: "run_1" });
    const answer = await send(server, "GET", path, {
      headers: value === undefined ? {} : { "timeout-seconds": value },
    });
    expect(answer.status).toBe(200);
    expect(server.connections[0]?.timeoutSeconds).toBe(seconds);
  });
});
