import { request } from "node:http";
import { describe, expect, it } from "vitest";
import type { DevServer, Entry } from "../../js/dev-server/server.ts";
import { read, readAll, send, serve, valuesIn } from "./dev-server-http.ts";

const chat = "/realtime/v1/streams/run_1/chat";
const self = "/realtime/v1/streams/run_1/self/chat";
/** Looks for the end of the wait every few milliseconds, not every five seconds. */
const quick = { v1BlockMs: 10, secondMs: 20 };
const short = { "timeout-seconds": "1" };

function entries(server: DevServer): Entry[] {
  return server.records("run_1", "chat") as Entry[];
}

describe("a v1 read", () => {
  it("is events with Redis ids, without a version, and ends without a word", async () => {
    const server = await serve(quick);
    server.createRun({ id: "run_1", version: "v1" });
    server.append("run_1", "chat", { a: "ü🎉" });
    server.append("run_1", "chat", "b");
    const reader = await read(server, chat, { ...short, origin: "https://app.example" });
    expect(await reader.over).toBe("end");
    const [first, second] = entries(server);
    expect(reader.text).toBe(`id: ${first?.id}\ndata: {"a":"ü🎉"}\n\nid: ${second?.id}\ndata: "b"\n\n`);
    expect(first?.id).toMatch(/^\d{13}-\d+$/);
    expect(reader.headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-cache",
      "access-control-allow-origin": "https://app.example",
    });
    expect(reader.headers).not.toHaveProperty("x-stream-version");
  });

  it("gives the lines of one network chunk one id, and resumes after the whole chunk", async () => {
    const server = await serve(quick);
    server.createRun({ id: "run_1", version: "v1" });
    const { id } = server.appendAll("run_1", "chat", [1, 2, 3]) as Entry;
    server.append("run_1", "chat", 4);
    const text = await readAll(server, chat, short);
    expect(text).toContain(`id: ${id}\ndata: 1\n\nid: ${id}\ndata: 2\n\nid: ${id}\ndata: 3\n\n`);
    expect(await readAll(server, chat, { ...short, "last-event-id": id })).toBe(
      `id: ${entries(server)[1]?.id}\ndata: 4\n\n`,
    );
  });

  it.each([
    ["0", 2],
    ["0-0", 2],
    ["9999999999999-0", 0],
    ["garbage", 0],
    ["1,2,87", 0],
  ])("after Last-Event-ID %j brings %i events", async (id, events) => {
    const server = await serve(quick);
    server.createRun({ id: "run_1", version: "v1" });
    server.append("run_1", "chat", 1);
    server.append("run_1", "chat", 2);
    const text = await readAll(server, chat, { ...short, "last-event-id": id });
    expect(text.match(/data:/g) ?? []).toHaveLength(events);
  });

  it("pings in a comment when nothing was sent for long, and data lengthens it", async () => {
    const server = await serve({ v1BlockMs: 10, v1PingMs: 30, secondMs: 100 });
    server.createRun({ id: "run_1", version: "v1" });
    const began = Date.now();
    const reader = await read(server, chat, short);
    await reader.until(": ping\n\n");
    server.append("run_1", "chat", 1);
    expect(await reader.over).toBe("end");
    expect(reader.text).toMatch(/^(: ping\n\n)+id: \d+-\d+\ndata: 1\n\n(: ping\n\n)+$/);
    expect(Date.now() - began).toBeGreaterThanOrEqual(130);
  });

  it("looks whether time is up only at the end of a block: 1 second ends after 1.5", async () => {
    const server = await serve({ v1BlockMs: 150, secondMs: 100 });
    server.createRun({ id: "run_1", version: "v1" });
    const began = Date.now();
    await readAll(server, chat, short);
    expect(Date.now() - began).toBeGreaterThanOrEqual(150);
  });

  it.each([
    ["0", 60],
    ["abc", 60],
    ["7", 7],
  ])("with Timeout-Seconds %j waits %i seconds", async (value, seconds) => {
    const server = await serve({ v1BlockMs: 0, secondMs: 0 });
    server.createRun({ id: "run_1", version: "v1" });
    await readAll(server, chat, { "timeout-seconds": value });
    expect(server.connections[0]?.timeoutSeconds).toBe(seconds);
  });

  it("keeps about the last thousand entries", async () => {
    const server = await serve(quick);
    server.createRun({ id: "run_1", version: "v1" });
    for (let i = 0; i < 2345; i++) server.append("run_1", "chat", i);
    expect(entries(server)).toHaveLength(1045);
    expect((await readAll(server, chat, short)).match(/data: \d+/)?.[0]).toBe("data: 1300");
  });

  it("skips what old writers put at the end", async () => {
    const server = await serve(quick);
    server.createRun({ id: "run_1", version: "v1" });
    server.appendRaw("run_1", "chat", { body: "<<CLOSE_STREAM>>" });
    expect(await readAll(server, chat, short)).toBe("");
  });

  it("gets appended and sent text as JSON strings", async () => {
    const server = await serve(quick);
    server.createRun({ id: "run_1", version: "v1" });
    await send(server, "POST", `${self}/append`, { body: '{"a":1}' });
    await send(server, "POST", "/realtime/v1/streams/run_1/input/chat", { body: '{"data":{"a":1}}' });
    expect(await readAll(server, chat, short)).toMatch(/data: "\{\\"a\\":1\}"\n\n$/);
    const sent = await readAll(server, "/realtime/v1/streams/run_1/input/chat", short);
    expect(sent).toMatch(/data: "\{\\"a\\":1\}"\n\n$/);
  });
});

describe.each(["v1", "v2"] as const)("ingest for a run read as %s", (version) => {
  const values = async (server: DevServer) =>
    version === "v2"
      ? valuesIn(await readAll(server, chat, { "timeout-seconds": "0" }))
      : [...(await readAll(server, chat, short)).matchAll(/data: (.*)\n/g)].map((match) => JSON.parse(match[1] ?? ""));

  it("takes JSON lines as they come, split anywhere", async () => {
    const server = await serve(quick);
    server.createRun({ id: "run_1", version });
    const bytes = Buffer.from('{"t":"ü🎉"}\n"two"\n\n3\nnull\n"last"');
    const req = request(server.url + self, {
      method: "POST",
      headers: { authorization: `Bearer ${server.secretKey}` },
    });
    const answered = new Promise<number | undefined>((resolve) =>
      req.on("response", (res) => resolve(res.resume().statusCode)),
    );
    for (const byte of bytes) {
      req.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => server.records("run_1", "chat").length).toBeGreaterThan(0);
    req.end();
    expect(await answered).toBe(200);
    expect(await values(server)).toEqual([{ t: "ü🎉" }, "two", 3, null, "last"]);
    expect(server.connections.every(({ closedBy }) => closedBy === "server")).toBe(true);
  });

  it("tells each writer how far it got, in lines", async () => {
    const server = await serve(quick);
    server.createRun({ id: "run_1", version });
    const probe = async (clientId?: string) => {
      const headers = clientId === undefined ? {} : { "x-client-id": clientId };
      const answer = await send(server, "HEAD", self, { headers });
      expect([answer.status, answer.body]).toEqual([200, ""]);
      return answer.headers["x-last-chunk-index"];
    };
    expect(await probe()).toBe("-1");
    await send(server, "POST", self, { body: "1\n2\n", headers: { "x-client-id": "a" } });
    await send(server, "POST", self, { body: "3\n", headers: { "x-client-id": "b" } });
    await send(server, "POST", self, {
      body: "4\n5\n6\n",
      headers: { "x-client-id": "a", "x-resume-from-chunk": "2" },
    });
    expect([await probe("a"), await probe("b"), await probe()]).toEqual(["4", "0", "-1"]);
    await send(server, "POST", self, { body: "7\n" });
    expect(await probe()).toBe("0");
    expect(await values(server)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("answers 200 and nothing, refuses a bad start, and throws at v2", async () => {
    const server = await serve(quick);
    server.createRun({ id: "run_1", version });
    const post = async (headers: Record<string, string>) => {
      const { status, body } = await send(server, "POST", self, { body: "1\n", headers });
      return [status, body];
    };
    expect(await post({})).toEqual([200, ""]);
    for (const value of ["x", "-1"]) {
      expect(await post({ "x-resume-from-chunk": value })).toEqual([
        400,
        `Invalid X-Resume-From-Chunk header value: ${value}`,
      ]);
    }
    expect(await post({ "x-stream-version": "v2" })).toEqual([500, '{"error":"Internal Server Error"}']);
    expect(server.records("run_1", "chat")).toHaveLength(1);
  });

  it("keeps what came before the writer broke off, but no half line", async () => {
    const server = await serve(quick);
    server.createRun({ id: "run_1", version });
    const req = request(server.url + self, {
      method: "POST",
      headers: { authorization: `Bearer ${server.secretKey}` },
    });
    req.on("error", () => {});
    req.write('1\n2\n"hal');
    await expect.poll(() => server.records("run_1", "chat").length).toBeGreaterThan(0);
    req.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await values(server)).toEqual([1, 2]);
    expect((await send(server, "HEAD", self)).headers["x-last-chunk-index"]).toBe("1");
  });
});

it("lines that are no JSON reach a v2 reader as strings, numbers as they were written", async () => {
  const server = await serve();
  server.createRun({ id: "run_1" });
  await send(server, "POST", self, { body: "not json\n1e400\n12345678901234567890\n" });
  const text = await readAll(server, chat, { "timeout-seconds": "0" });
  expect(text).toContain('{\\"data\\":\\"not json\\"');
  expect(text).toContain('{\\"data\\":1e400,');
  expect(text).toContain('{\\"data\\":12345678901234567890,');
});
