import { readFileSync } from "node:fs";
import type { OutgoingHttpHeaders } from "node:http";
import { describe, expect, it } from "vitest";
import type { DevServer, LogRecord } from "../../js/dev-server/server.ts";
import { capture, read, send, serve, valuesIn } from "./dev-server-http.ts";

// The S2 look-alike: what a writer of v2 streams is sent to.

const self = "/realtime/v1/streams/run_1/self/chat";
const name = "org/org_dev/env/dev/env_dev/runs/run_1/chat";
const path = `/v1/streams/${encodeURIComponent(name)}/records`;

async function serveRun(): Promise<DevServer> {
  const server = await serve({ secondMs: 0 });
  server.createRun({ id: "run_1" });
  return server;
}

/** The token and the basin that the gateway hands out. */
async function credentials(server: DevServer): Promise<{ key: string; headers: OutgoingHttpHeaders }> {
  const { headers } = await send(server, "PUT", self);
  return { key: String(headers["x-s2-access-token"]), headers: { "s2-basin": headers["x-s2-basin"] } };
}

async function append(server: DevServer, body: unknown, more: OutgoingHttpHeaders = {}) {
  const { key, headers } = await credentials(server);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return send(server, "POST", path, { key, headers: { ...headers, ...more }, body: text });
}

const record = (data: unknown) => ({ body: JSON.stringify({ data, id: "part001" }) });
const bodies = (server: DevServer) => (server.records("run_1", "chat") as LogRecord[]).map(({ body }) => body);
/** A capture's status and body. */
const real = (file: string) => {
  const { status, body } = capture(file);
  return [status, body];
};

describe("create", () => {
  it("says where S2 is: trigger-v2-put-create.txt", async () => {
    const server = await serveRun();
    const answer = await send(server, "PUT", self);
    const expected = capture("trigger-v2-put-create.txt");
    expect([answer.status, answer.body]).toEqual([expected.status, expected.body]);
    const named = Object.keys(answer.headers).filter((header) => header.startsWith("x-s2-"));
    expect(named.sort()).toEqual(expected.headers.map(([header]) => header).filter((h) => h.startsWith("x-s2-")));
    expect(answer.headers).toMatchObject({
      "x-s2-endpoint": `${server.url}/v1`,
      "x-s2-flush-interval-ms": "100",
      "x-s2-max-retries": "10",
      "x-s2-stream-name": name,
    });
  });

  it("sends the official writer, whose S2 is HTTP/2, and runs of v1 to the v1 route", async () => {
    const server = await serveRun();
    server.createRun({ id: "run_old", version: "v1" });
    const answers = [
      await send(server, "PUT", self, { headers: { "x-trigger-source": "sdk" } }),
      await send(server, "PUT", self.replace("run_1", "run_old")),
    ];
    for (const { body, headers } of answers) {
      expect(body).toBe('{"version":"v1"}');
      expect(Object.keys(headers).filter((header) => header.startsWith("x-s2-"))).toEqual([]);
    }
  });
});

describe("append", () => {
  it("stores records and acknowledges them: s2-append-ack.json", async () => {
    const server = await serveRun();
    const first = await append(server, { records: [record(1), record(2)] });
    const withoutTimes = (text: string) => text.trim().replace(/"timestamp":\d+/g, '"timestamp":0');
    const file = readFileSync(new URL("../fixtures/captures/s2-append-ack.json", import.meta.url), "utf8");
    expect(withoutTimes(first.body)).toBe(withoutTimes(file));
    const second = await append(server, { records: [record(3)] });
    expect(JSON.parse(second.body)).toMatchObject({ start: { seq_num: 2 }, end: { seq_num: 3 }, tail: { seq_num: 3 } });
    expect(second.headers["content-type"]).toBe("application/json");
    const reader = await read(server, "/realtime/v1/streams/run_1/chat", { "timeout-seconds": "0" });
    await reader.over;
    expect(valuesIn(reader.text)).toEqual([1, 2, 3]);
  });

  it("wakes a reader at the tail, and keeps headers and timestamps that are no later than now", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    const reader = await read(server, "/realtime/v1/streams/run_1/chat");
    await reader.until("event: ping");
    const headers = [["trigger-control", "turn-complete"]];
    await append(server, { records: [{ headers, timestamp: 5 }, { timestamp: 3 }, { timestamp: 9e15 }] });
    await reader.until('"seq_num":2');
    const [early, earlier, late] = server.records("run_1", "chat") as LogRecord[];
    expect([early?.headers, early?.timestamp, earlier?.timestamp]).toEqual([headers, 5, 5]);
    expect(Math.abs((late?.timestamp ?? 0) - Date.now())).toBeLessThan(5000);
    reader.close();
  });

  it.each([
    ["no records", '{"records":[]}', real("s2-append-empty-422.txt")],
    [
      "1,001 records",
      JSON.stringify({ records: Array.from({ length: 1001 }, () => ({})) }),
      [422, '{"code":"invalid","message":"record batch must not exceed 1000 records"}'],
    ],
    [
      "two records of more than 1 MiB together",
      JSON.stringify({ records: [{ body: "x".repeat(600_000) }, { body: "y".repeat(600_000) }] }),
      [422, '{"code":"invalid","message":"record batch must not exceed a metered size of 1 MiB"}'],
    ],
    [
      "an unknown command",
      '{"records":[{"headers":[["","drop"]]}]}',
      [422, '{"code":"invalid","message":"unknown command"}'],
    ],
    [
      "a header without a name",
      '{"records":[{"headers":[["a","b"],["","fence"]]}]}',
      [422, '{"code":"invalid","message":"invalid header: empty name"}'],
    ],
  ])("refuses %s, and stores nothing", async (_, body, expected) => {
    const server = await serveRun();
    const answer = await append(server, body);
    expect([answer.status, answer.body]).toEqual(expected);
    expect(bodies(server)).toEqual([]);
  });

  it("takes a record of exactly 1 MiB metered and no byte more: s2-append-1mib-plus1-422.txt", async () => {
    const server = await serveRun();
    const tooLarge = await append(server, { records: [{ body: "x".repeat(1_048_569) }] });
    expect([tooLarge.status, tooLarge.body]).toEqual([422, sizeMessage]);
    const answer = await append(server, { records: [{ body: "x".repeat(1_048_568) }] });
    expect(JSON.parse(answer.body)).toMatchObject({ start: { seq_num: 0 }, end: { seq_num: 1 } });
  });

  it.each(["{", "[]", "{}", '{"records":[1]}', '{"records":[{"body":1}]}', '{"records":[{"headers":[["a"]]}]}'])(
    "takes %s for bad JSON",
    async (body) => {
      const answer = await append(await serveRun(), body);
      expect([answer.status, JSON.parse(answer.body).code]).toEqual([400, "bad_json"]);
    },
  );

  it("reads no more than 2 MiB of JSON, escapes included", async () => {
    const server = await serveRun();
    const escaped = `{"records":[{"body":"${"\\u0041".repeat(349_526)}"}]}`;
    const answer = await append(server, escaped);
    expect([answer.status, answer.body]).toEqual([400, '{"code":"bad_json","message":"length limit exceeded"}']);
    expect((await append(server, { records: [{ body: "A".repeat(349_526) }] })).status).toBe(200);
  });

  it("meets its conditions or stores nothing: s2-append-seqnum-mismatch-412.txt, -fence-mismatch-", async () => {
    const server = await serveRun();
    await append(server, { records: [{}, {}, {}, {}, {}] });
    const late = await append(server, { records: [record(1)], match_seq_num: 3 });
    expect([late.status, late.body]).toEqual(real("s2-append-seqnum-mismatch-412.txt"));
    expect((await append(server, { records: [record(1)], match_seq_num: 5 })).status).toBe(200);
    await append(server, { records: [{ headers: [["", "fence"]], body: "tok1" }], fencing_token: "" });
    const fenced = await append(server, { records: [record(2)], fencing_token: "other" });
    expect([fenced.status, fenced.body]).toEqual(real("s2-append-fence-mismatch-412.txt"));
    expect((await append(server, { records: [record(2)], fencing_token: "tok1" })).status).toBe(200);
    expect(server.records("run_1", "chat")).toHaveLength(8);
  });

  it("trims when told to", async () => {
    const server = await serveRun();
    await append(server, { records: [record(0), record(1), record(2)] });
    await append(server, { records: [{ headers: [["", "trim"]], body: "\0\0\0\0\0\0\0\u0002" }] });
    expect((server.records("run_1", "chat") as LogRecord[]).map(({ seqNum }) => seqNum)).toEqual([2, 3]);
  });
});

describe("who may write", () => {
  it("is known by the token and names the basin: s2-400-no-basin-header.txt", async () => {
    const server = await serveRun();
    const { key, headers } = await credentials(server);
    const tell = async (options: Parameters<typeof send>[3]) => {
      const { status, body } = await send(server, "POST", path, { body: '{"records":[{}]}', ...options });
      return [status, JSON.parse(body).code ?? "ok"];
    };
    expect(await tell({ key: null, headers })).toEqual([401, "authn"]);
    expect(await tell({ key: server.secretKey, headers })).toEqual([403, "permission_denied"]);
    expect(await tell({ key, headers: { "s2-basin": "nope-basin" } })).toEqual([404, "basin_not_found"]);
    const bare = await send(server, "POST", path, { key, body: '{"records":[{}]}' });
    expect([bare.status, bare.body]).toEqual(real("s2-400-no-basin-header.txt"));
    expect(await tell({ key, headers })).toEqual([200, "ok"]);
    expect((await send(server, "GET", path, { key, headers })).status).toBe(403);
  });

  it("keeps its token over a restart", async () => {
    const [one, other] = [await serveRun(), await serveRun()];
    expect((await credentials(one)).key).toBe((await credentials(other)).key);
  });
});

describe("streams", () => {
  it("are found by run ids and keys with slashes, and not where there is no run", async () => {
    const server = await serve();
    server.createRun({ id: "a/b" });
    const { headers } = await send(server, "PUT", "/realtime/v1/streams/a%2Fb/self/c%2Fd%20%F0%9F%8E%89");
    const to = `/v1/streams/${encodeURIComponent("org/org_dev/env/dev/env_dev/runs/a/b/c/d 🎉")}/records`;
    const options = { key: String(headers["x-s2-access-token"]), headers: { "s2-basin": headers["x-s2-basin"] } };
    expect((await send(server, "POST", to, { ...options, body: '{"records":[{}]}' })).status).toBe(200);
    expect(server.records("a/b", "c/d 🎉")).toHaveLength(1);
    const none = await send(server, "POST", to.replace("a%2Fb", "x"), { ...options, body: '{"records":[{}]}' });
    expect([none.status, JSON.parse(none.body).code]).toEqual([404, "stream_not_found"]);
  });

  it("are created by PUT, and by POST once: s2-409-create-stream-exists.txt", async () => {
    const server = await serveRun();
    const options = await credentials(server);
    const ensure = () => send(server, "PUT", path.replace("/records", ""), { ...options, body: "{}" });
    const create = () => send(server, "POST", "/v1/streams", { ...options, body: JSON.stringify({ stream: name }) });
    const answers = [await ensure(), await ensure(), await create()];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 409]);
    expect(JSON.parse(answers[0]?.body ?? "")).toMatchObject({ name, deleted_at: null });
    const [, exists] = real("s2-409-create-stream-exists.txt") as [number, string];
    expect(JSON.parse(answers[2]?.body ?? "").code).toBe(JSON.parse(exists).code);
  });
});

describe("faults of appends", () => {
  const write = (server: DevServer, n: number) => append(server, { records: [record(n)] });

  it("lose the answer after storing, or the request before", async () => {
    const server = await serveRun();
    server.faults.add({ kind: "drop-answer", on: "records" }, { kind: "cut", on: "records" });
    await expect(write(server, 1)).rejects.toThrow();
    expect(bodies(server)).toHaveLength(1);
    await expect(write(server, 2)).rejects.toThrow();
    expect(bodies(server)).toHaveLength(1);
    expect((await write(server, 2)).status).toBe(200);
    expect(server.faults.fired.map(({ kind, on }) => [kind, on])).toEqual([
      ["drop-answer", "records"],
      ["cut", "records"],
    ]);
  });

  it("answer something else, with or without storing", async () => {
    const server = await serveRun();
    server.faults.add(
      { kind: "status", status: 503, on: "records", times: 2 },
      { kind: "status", status: 500, on: "records", accept: true },
      { kind: "delay", ms: 30, on: "records" },
    );
    expect([(await write(server, 1)).status, (await write(server, 1)).status]).toEqual([503, 503]);
    expect(bodies(server)).toHaveLength(0);
    expect((await write(server, 1)).status).toBe(500);
    expect(bodies(server)).toHaveLength(1);
    const began = Date.now();
    expect((await write(server, 2)).status).toBe(200);
    expect(Date.now() - began).toBeGreaterThanOrEqual(30);
  });

  it("never answer, though the records are there", async () => {
    const server = await serveRun();
    server.faults.add({ kind: "stall", on: "records", accept: true });
    const answer = write(server, 1).then(
      () => "answered",
      () => "cut",
    );
    await expect.poll(() => bodies(server)).toHaveLength(1);
    await server.close();
    expect(await answer).toBe("cut");
  });

  it("say that the stream is being deleted: 409 here, 500 at the gateway, as often as asked", async () => {
    const server = await serveRun();
    server.faults.add({ kind: "deletion-pending", times: 3 });
    expect((await send(server, "PUT", self)).status).toBe(202);
    const pending = await write(server, 1);
    expect([pending.status, pending.body]).toEqual([
      409,
      '{"code":"stream_deletion_pending","message":"stream deletion pending"}',
    ]);
    for (const to of [`${self}/append`, "/realtime/v1/streams/run_1/input/chat"]) {
      const { status, body } = await send(server, "POST", to, { body: '{"data":1}' });
      expect([status, body]).toEqual([500, '{"ok":false,"error":"S2 append failed: 409 Conflict"}']);
    }
    expect((await write(server, 1)).status).toBe(200);
    expect(bodies(server)).toHaveLength(1);
  });
});

const sizeMessage = '{"code":"invalid","message":"record must have metered size less than 1 MiB"}';
