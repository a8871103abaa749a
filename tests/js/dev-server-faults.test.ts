import { request } from "node:http";
import { describe, expect, it } from "vitest";
import type { DevServer, Fault } from "../../js/dev-server/server.ts";
import { read, readAll, recordsIn, send, serve, valuesIn } from "./dev-server-http.ts";

const chat = "/realtime/v1/streams/run_1/chat";
const self = "/realtime/v1/streams/run_1/self/chat";
const input = "/realtime/v1/streams/run_1/input/chat";
const drain = { "timeout-seconds": "0" };

/** A server whose stream holds 0, 1, 2, 3, and whose next read meets these faults. */
async function serveWith(...steps: (Fault | Fault[])[]): Promise<DevServer> {
  const server = await serve({ secondMs: 20, pingIntervalMs: 5, v1BlockMs: 10 });
  server.createRun({ id: "run_1" });
  for (let i = 0; i < 4; i++) server.append("run_1", "chat", i, { partId: `part00${i}` });
  server.faults.add(...steps);
  return server;
}

const kinds = (server: DevServer) => server.faults.fired.map(({ kind }) => kind);
const seqs = (text: string) => recordsIn(text).map(({ seq_num }) => seq_num);

describe("faults that break a read off", () => {
  it.each([0, 1, 77, 200])("cut after exactly %i bytes", async (afterBytes) => {
    const server = await serveWith({ kind: "cut", afterBytes });
    const whole = (await readAll(await serveWith(), chat, drain)).replace(
      /"timestamp":\d+/g,
      '"timestamp":1234567890123',
    );
    const reader = await read(server, chat, drain);
    expect(await reader.over).toBe("ECONNRESET");
    const text = reader.text.replace(/"timestamp":\d{13}/g, '"timestamp":1234567890123');
    expect(Buffer.byteLength(reader.text)).toBe(afterBytes);
    expect(whole.startsWith(text.slice(0, 60))).toBe(true);
    expect(server.connections[0]).toMatchObject({ closedBy: "fault", bytesWritten: afterBytes, faultsFired: ["cut"] });
    expect(valuesIn(await readAll(server, chat, drain))).toEqual([0, 1, 2, 3]);
  });

  it("cut after exactly so many bytes of a long body too", async () => {
    const server = await serveWith({ kind: "cut", afterBytes: 3_000_001 });
    server.appendAll(
      "run_1",
      "chat",
      Array.from({ length: 100 }, () => "x".repeat(100_000)),
    );
    const reader = await read(server, chat, drain);
    expect(await reader.over).toBe("ECONNRESET");
    expect(Buffer.byteLength(reader.text)).toBe(3_000_001);
  });

  it("cut after so many records, wherever batches would have ended; reset too", async () => {
    const server = await serveWith({ kind: "cut", afterRecords: 3, reset: true });
    const reader = await read(server, chat, drain);
    expect(await reader.over).not.toBe("end");
    expect(seqs(reader.text)).toEqual([0, 1, 2]);
  });

  it("end properly and say nothing", async () => {
    const server = await serveWith({ kind: "end", afterRecords: 2 }, { kind: "end", afterBytes: 10 }, { kind: "end" });
    expect(seqs(await readAll(server, chat, drain))).toEqual([0, 1]);
    expect(await readAll(server, chat, drain)).toBe("event: bat");
    expect(await readAll(server, chat, drain)).toBe("");
    expect(kinds(server)).toEqual(["end", "end", "end"]);
  });

  it("say [DONE] early, or S2's error", async () => {
    const server = await serveWith({ kind: "done-early", afterRecords: 1 }, { kind: "error-event" });
    expect(await readAll(server, chat)).toMatch(/"part000\\"}"}]}\n\ndata: \[DONE\]\n\n$/);
    expect(await readAll(server, chat)).toBe(
      'event: error\ndata: {"code":"unavailable","message":"streamer missing in action"}\n\n',
    );
  });

  it("cut before the status", async () => {
    const server = await serveWith({ kind: "cut", headers: false, times: 2 });
    await expect(read(server, chat, drain)).rejects.toThrow();
    await expect(
      fetch(server.url + chat, { headers: { authorization: `Bearer ${server.secretKey}` } }),
    ).rejects.toThrow();
    expect(server.connections.map(({ status }) => status)).toEqual([undefined, undefined]);
  });

  it("stall: no byte more, no ping, an open socket", async () => {
    const server = await serveWith({ kind: "stall", afterRecords: 2 }, { kind: "stall", headers: false });
    const reader = await read(server, chat, drain);
    await reader.until("part001");
    const { length } = reader.text;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(reader.text).toHaveLength(length);
    expect(server.connections[0]?.closedAt).toBeUndefined();
    reader.close();
    await expect.poll(() => server.connections[0]?.closedBy).toBe("client");

    const silent = read(server, chat, drain).then(
      () => "answered",
      () => "broken off",
    );
    const waited = new Promise((resolve) => setTimeout(resolve, 60, "waiting"));
    expect(await Promise.race([silent, waited])).toBe("waiting");
    expect(server.cut()).toBe(1);
    expect(await silent).toBe("broken off");
  });
});

describe("faults in what a read brings", () => {
  it("duplicate: every batch twice", async () => {
    const server = await serveWith({ kind: "duplicate" });
    expect(seqs(await readAll(server, chat, drain))).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });

  it("replay: the cursor is overlooked", async () => {
    const server = await serveWith({ kind: "replay" }, { kind: "replay", records: 2 });
    const headers = { ...drain, "last-event-id": "2" };
    expect(seqs(await readAll(server, chat, headers))).toEqual([0, 1, 2, 3]);
    expect(seqs(await readAll(server, chat, headers))).toEqual([1, 2, 3]);
    expect(seqs(await readAll(server, chat, headers))).toEqual([3]);
  });

  it("malformed: the batch with the record is cut in half, once", async () => {
    const server = await serveWith({ kind: "malformed", atRecord: 2 });
    const text = await readAll(server, chat, drain);
    const data = /data: (\{.*)\n\n/.exec(text)?.[1] ?? "";
    expect(() => JSON.parse(data)).toThrow();
    expect(data.length).toBeGreaterThan(50);
    expect(text).toContain("data: [DONE]");
    expect(seqs(await readAll(server, chat, drain))).toEqual([0, 1, 2, 3]);
  });

  it("swallow: records that a proxy ate", async () => {
    const server = await serveWith(
      { kind: "swallow", fromRecord: 1, toRecord: 2 },
      { kind: "swallow", fromRecord: 0, toRecord: 9 },
    );
    expect(seqs(await readAll(server, chat, drain))).toEqual([0, 3]);
    expect(await readAll(server, chat, drain)).toBe("data: [DONE]\n\n");
  });

  it("reorder: the record after the one that follows it, in another batch if need be", async () => {
    const server = await serveWith({ kind: "reorder", atRecord: 2 }, { kind: "reorder", atRecord: 4 });
    expect(seqs(await readAll(server, chat, drain))).toEqual([0, 1, 3, 2]);
    const reader = await read(server, chat);
    await reader.until("event: ping");
    server.append("run_1", "chat", "fifth");
    await new Promise((resolve) => setTimeout(resolve, 5));
    server.append("run_1", "chat", "sixth");
    await reader.until("fifth");
    expect(seqs(reader.text)).toEqual([0, 1, 2, 3, 5, 4]);
  });

  it("inject: anything at all, at its place", async () => {
    const server = await serveWith([
      { kind: "inject", text: "retry: 7\n\n" },
      { kind: "inject", text: "event: strange\ndata: 1\n\n", afterRecords: 2 },
    ]);
    const text = await readAll(server, chat, drain);
    expect(text.startsWith("retry: 7\n\n")).toBe(true);
    expect(text).toMatch(/part001[^\n]*\n\nevent: strange\ndata: 1\n\nevent: batch\n[^\n]*\ndata: [^\n]*part002/);
  });

  it("drip: a few bytes at a time, and slowly", async () => {
    const server = await serveWith({ kind: "drip", bytes: 50, ms: 10 });
    const began = Date.now();
    const text = await readAll(server, chat, drain);
    expect(seqs(text)).toEqual([0, 1, 2, 3]);
    expect(Date.now() - began).toBeGreaterThan((text.length / 50) * 10 * 0.8);
    server.faults.add({ kind: "drip", bytes: 1, ms: 0 });
    expect(seqs(await readAll(server, chat, drain))).toEqual([0, 1, 2, 3]);
  });
});

describe("faults in place of the answer", () => {
  it("status: with headers, a body and a type of one's own", async () => {
    const server = await serveWith(
      { kind: "status", status: 503, headers: { "retry-after": "2" } },
      { kind: "status", status: 418, body: "tea", contentType: "text/plain", cors: false },
      { kind: "status", status: 204 },
    );
    const headers = { origin: "https://app.example", ...drain };
    const first = await send(server, "GET", chat, { headers });
    expect([first.status, first.body]).toEqual([503, '{"error":"Service Unavailable"}']);
    expect(first.headers).toMatchObject({ "retry-after": "2", "access-control-allow-origin": "https://app.example" });
    const second = await send(server, "GET", chat, { headers });
    expect([second.status, second.body, second.headers["content-type"]]).toEqual([418, "tea", "text/plain"]);
    expect(second.headers).not.toHaveProperty("access-control-allow-origin");
    expect((await send(server, "GET", chat, { headers })).status).toBe(204);
    expect(server.connections.map(({ status }) => status)).toEqual([503, 418, 204]);
  });

  it("html, and a redirect", async () => {
    const server = await serveWith(
      { kind: "html" },
      { kind: "redirect" },
      { kind: "redirect", location: "/dev/health", status: 302 },
    );
    const page = await send(server, "GET", chat);
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    const moved = await send(server, "GET", chat);
    expect([moved.status, moved.headers.location]).toEqual([307, `${chat}?redirected=1`]);
    expect((await send(server, "GET", `${chat}?redirected=1`)).headers.location).toBe("/dev/health");
  });

  it("delay: the headers come late", async () => {
    const server = await serveWith({ kind: "delay", ms: 80 });
    const began = Date.now();
    await read(server, chat, drain);
    expect(Date.now() - began).toBeGreaterThanOrEqual(80);
  });
});

describe("the script", () => {
  it("gives each read its own step, in order; an array is one step", async () => {
    const server = await serveWith({ kind: "end", afterRecords: 1 }, [
      { kind: "duplicate" },
      { kind: "end", afterRecords: 2 },
    ]);
    expect(seqs(await readAll(server, chat, drain))).toEqual([0]);
    expect(seqs(await readAll(server, chat, drain))).toEqual([0, 1, 0, 1]);
    expect(seqs(await readAll(server, chat, drain))).toEqual([0, 1, 2, 3]);
    expect(server.faults.pending).toBe(0);
    expect(server.connections.map(({ faultsFired }) => faultsFired)).toEqual([["end"], ["duplicate", "end"], []]);
  });

  it("has times, always, skip, and a scope", async () => {
    const server = await serveWith(
      { kind: "end", run: "run_2", times: "always" },
      { kind: "end", stream: "other" },
      { kind: "status", status: 500, skip: 1, times: 2 },
    );
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await send(server, "GET", chat, { headers: drain })).status);
    expect(statuses).toEqual([200, 500, 500, 200, 200]);
    server.createRun({ id: "run_2" });
    for (let i = 0; i < 3; i++) expect(await readAll(server, chat.replace("run_1", "run_2"), drain)).toBe("");
    expect(server.faults.fired.filter(({ run }) => run === "run_2")).toHaveLength(3);
    expect(server.faults.pending).toBe(2);
    server.faults.clear();
    expect([server.faults.pending, server.faults.fired.length]).toEqual([0, 0]);
    expect(await readAll(server, chat.replace("run_1", "run_2"), drain)).toBe("data: [DONE]\n\n");
  });

  it("knows an input stream by its id", async () => {
    const server = await serveWith({ kind: "end", stream: "approval" });
    expect(await readAll(server, "/realtime/v1/streams/run_1/input/approval", { "timeout-seconds": "1" })).toBe("");
  });

  it("does not note what had no occasion to act", async () => {
    const server = await serveWith({ kind: "cut", afterRecords: 99 }, { kind: "malformed", atRecord: 99 });
    await readAll(server, chat, drain);
    await readAll(server, chat, drain);
    expect([server.faults.fired, server.faults.pending]).toEqual([[], 0]);
  });

  it("refuses what it does not know, and takes none of it", async () => {
    const server = await serveWith();
    const add =
      (...faults: unknown[]) =>
      () =>
        server.faults.add(...(faults as Fault[]));
    expect(add({ kind: "cut" }, { kind: "explode" })).toThrow('Unknown fault kind "explode"; known kinds: cut, end,');
    expect(add({ kind: "delay" })).toThrow('"ms" of a "delay" fault is undefined; give a number.');
    expect(add({ kind: "inject" })).toThrow('"text" of a "inject" fault is undefined; give a string.');
    expect(add({ kind: "cut", afterRecord: 3 })).toThrow(
      'A "cut" fault has no field "afterRecord"; its fields: afterBytes, afterRecords, reset, headers, run, stream,',
    );
    expect(add({ kind: "cut", afterRecords: "3" })).toThrow('"afterRecords" of a "cut" fault is "3"; give a number.');
    expect(add({ kind: "cut", times: "twice" })).toThrow('is "twice"; give a number or "always".');
    expect(add({ kind: "cut", on: "reads" })).toThrow('"on" of a "cut" fault is "reads"; give one of read, create,');
    expect(add(7)).toThrow("A fault is an object, not 7.");
    expect(server.faults.pending).toBe(0);
  });
});

describe("faults of sends", () => {
  it("drop-answer: stored, and no answer", async () => {
    const server = await serveWith({ kind: "drop-answer" }, { kind: "drop-answer", on: "append" });
    await expect(send(server, "POST", input, { body: '{"data":1}' })).rejects.toThrow();
    await expect(send(server, "POST", `${self}/append`, { body: "x" })).rejects.toThrow();
    expect(server.records("run_1", "$trigger.input:chat")).toHaveLength(1);
    expect(server.records("run_1", "chat")).toHaveLength(5);
    expect(server.faults.fired.map(({ on }) => on)).toEqual(["input", "append"]);
  });

  it("status: refused, or stored all the same", async () => {
    const server = await serveWith(
      { kind: "status", status: 429, headers: { "retry-after": "1" }, on: "send" },
      { kind: "status", status: 502, on: "input", accept: true },
    );
    expect((await send(server, "POST", input, { body: '{"data":1}' })).headers["retry-after"]).toBe("1");
    expect(server.records("run_1", "$trigger.input:chat")).toHaveLength(0);
    expect((await send(server, "POST", input, { body: '{"data":1}' })).status).toBe(502);
    expect(server.records("run_1", "$trigger.input:chat")).toHaveLength(1);
    expect((await send(server, "POST", input, { body: '{"data":1}' })).status).toBe(200);
  });

  it("cut: nothing stored; delay, stall and create too", async () => {
    const server = await serveWith(
      { kind: "cut", on: "input" },
      { kind: "delay", ms: 50, on: "input" },
      { kind: "status", status: 500, on: "create" },
    );
    await expect(send(server, "POST", input, { body: '{"data":1}' })).rejects.toThrow();
    expect(server.records("run_1", "$trigger.input:chat")).toHaveLength(0);
    const began = Date.now();
    expect((await send(server, "POST", input, { body: '{"data":1}' })).status).toBe(200);
    expect(Date.now() - began).toBeGreaterThanOrEqual(50);
    expect((await send(server, "PUT", self)).status).toBe(500);
  });

  it("cut an ingest after so many lines: the probe tells where to resume", async () => {
    const server = await serveWith({ kind: "cut", on: "ingest", afterRecords: 2 });
    const failed = new Promise((resolve) => {
      const req = request(server.url + self, {
        method: "POST",
        headers: { authorization: `Bearer ${server.secretKey}` },
      });
      req.on("error", resolve);
      req.write('"a"\n"b"\n"c"\n');
    });
    expect(await failed).toMatchObject({ code: "ECONNRESET" });
    expect((await send(server, "HEAD", self)).headers["x-last-chunk-index"]).toBe("1");
    await send(server, "POST", self, { body: '"c"\n', headers: { "x-resume-from-chunk": "2" } });
    expect(valuesIn(await readAll(server, chat, drain))).toEqual([0, 1, 2, 3, "a", "b", "c"]);
  });
});

describe("faults of a v1 read", () => {
  async function serveV1(...steps: Fault[]): Promise<DevServer> {
    const server = await serve({ secondMs: 20, v1BlockMs: 10 });
    server.createRun({ id: "run_1", version: "v1" });
    server.appendAll("run_1", "chat", ["a", "b", "c"]);
    server.append("run_1", "chat", "d");
    server.faults.add(...steps);
    return server;
  }
  const once = { "timeout-seconds": "1" };
  const values = (text: string) => [...text.matchAll(/data: (.*)\n\n/g)].map((match) => match[1]);

  it.each<[Fault, string[]]>([
    [{ kind: "end", afterRecords: 1 }, ['"a"']],
    [{ kind: "done-early", afterRecords: 2 }, ['"a"', '"b"']],
    [{ kind: "duplicate" }, ['"a"', '"a"', '"b"', '"b"', '"c"', '"c"', '"d"', '"d"']],
    [{ kind: "swallow", fromRecord: 1, toRecord: 2 }, ['"a"', '"d"']],
    [{ kind: "malformed", atRecord: 3 }, ['"a"', '"b"', '"c"', '"']],
    [{ kind: "reorder", atRecord: 0 }, ['"b"', '"a"', '"c"', '"d"']],
  ])("%j", async (fault, expected) => {
    const server = await serveV1(fault);
    expect(values(await readAll(server, chat, once))).toEqual(expected);
    expect(kinds(server)).toEqual([fault.kind]);
  });

  it("cut between events that share an id; replay", async () => {
    const server = await serveV1({ kind: "cut", afterRecords: 1 }, { kind: "replay" });
    const reader = await read(server, chat, once);
    expect(await reader.over).toBe("ECONNRESET");
    expect(values(reader.text)).toEqual(['"a"']);
    const text = await readAll(server, chat, { ...once, "last-event-id": "9999999999999-0" });
    expect(values(text)).toEqual(['"a"', '"b"', '"c"', '"d"']);
  });
});
