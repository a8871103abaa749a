import { RetrieveRunResponse, WaitpointRetrieveTokenResponse } from "@trigger.dev/core/v3";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { DevServer } from "../../js/dev-server/server.ts";
import { send, serve } from "./dev-server-http.ts";

const wait = "/api/v1/runs/run_1/input-streams/wait";
const input = "/realtime/v1/streams/run_1/input/approval";
const token = (id: string, more = "") => `/api/v1/waitpoints/tokens/${id}${more}`;

async function serveRun(): Promise<DevServer> {
  const server = await serve();
  server.createRun({ id: "run_1" });
  return server;
}

async function create(server: DevServer, body: object = {}): Promise<{ waitpointId: string; isCached: boolean }> {
  const answer = await send(server, "POST", wait, { body: JSON.stringify({ streamId: "approval", ...body }) });
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body);
}

/** As the official client reads it. */
async function retrieve(server: DevServer, id: string) {
  const { status, body } = await send(server, "GET", token(id));
  expect(status).toBe(200);
  return WaitpointRetrieveTokenResponse.parse(JSON.parse(body));
}

const say = (server: DevServer, data: unknown, headers = {}) =>
  send(server, "POST", input, { body: JSON.stringify({ data }), headers });

describe("a wait for an input stream", () => {
  it("ends with what is sent next, and says so", async () => {
    const server = await serveRun();
    const { waitpointId, isCached } = await create(server, { tags: ["user:1", "org:2"] });
    expect([waitpointId, isCached]).toEqual([expect.stringMatching(/^waitpoint_[1-9a-z]{21}$/), false]);
    expect(await retrieve(server, waitpointId)).toMatchObject({ status: "WAITING", tags: ["user:1", "org:2"] });
    await say(server, { approved: true });
    await say(server, { approved: false });
    const { output, outputType, outputIsError, status, completedAt } = await retrieve(server, waitpointId);
    expect([output, outputType, outputIsError, status]).toEqual([
      '{"approved":true}',
      "application/json",
      false,
      "COMPLETED",
    ]);
    expect(completedAt).toBeInstanceOf(Date);
  });

  it("ends with undefined when that was sent, and with what a test sends past the gateway", async () => {
    const server = await serveRun();
    const first = await create(server);
    await send(server, "POST", input, { body: "{}" });
    const { status, output } = await retrieve(server, first.waitpointId);
    expect([status, output]).toEqual(["COMPLETED", undefined]);
    const second = await create(server, { lastSeqNum: 0 });
    server.appendInput("run_1", "approval", "text");
    expect((await retrieve(server, second.waitpointId)).output).toBe('"text"');
  });

  it("hears nothing of other streams and other runs", async () => {
    const server = await serveRun();
    server.createRun({ id: "run_2" });
    const { waitpointId } = await create(server);
    server.appendInput("run_1", "other", 1);
    server.appendInput("run_2", "approval", 1);
    server.append("run_1", "approval", 1);
    expect((await retrieve(server, waitpointId)).status).toBe("WAITING");
  });

  it.each([
    [undefined, '"a"'],
    [-1, '"a"'],
    [0, '"b"'],
    [2, undefined],
  ])("after position %j ends at once with the first message after it: %s", async (lastSeqNum, output) => {
    const server = await serveRun();
    server.appendInput("run_1", "approval", "a");
    server.appendRaw("run_1", "$trigger.input:approval", { headers: [["", "fence"]], body: "" });
    server.appendInput("run_1", "approval", "b");
    const { waitpointId } = await create(server, { lastSeqNum });
    const { status, output: told } = await retrieve(server, waitpointId);
    expect([status, told]).toEqual([output === undefined ? "WAITING" : "COMPLETED", output]);
  });

  it("is the only one of its stream: a second one takes its place", async () => {
    const server = await serveRun();
    const [first, second] = [await create(server), await create(server)];
    await say(server, 1);
    await say(server, 2);
    const told = [await retrieve(server, first.waitpointId), await retrieve(server, second.waitpointId)];
    expect(told.map(({ status, output }) => [status, output])).toEqual([
      ["WAITING", undefined],
      ["COMPLETED", "1"],
    ]);
  });

  it("is not ended by a message that came again", async () => {
    const server = await serveRun();
    const headers = { "x-part-id": "p1" };
    await say(server, 1, headers);
    const { waitpointId } = await create(server, { lastSeqNum: 0 });
    await say(server, 1, headers);
    expect((await retrieve(server, waitpointId)).status).toBe("WAITING");
  });
});

describe("a timeout", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("ends the wait, as the official client understands it, and nothing else ends it any more", async () => {
    const server = await serveRun();
    vi.useFakeTimers({ toFake: ["Date"] });
    const at = new Date(Date.now() + 60_000);
    const { waitpointId } = await create(server, { timeout: at.toISOString() });
    expect(await retrieve(server, waitpointId)).toMatchObject({ status: "WAITING", timeoutAt: at });
    vi.setSystemTime(at);
    await say(server, 1);
    await send(server, "POST", token(waitpointId, "/complete"), { body: '{"data":1}' });
    const { status, output = "", outputIsError, completedAt } = await retrieve(server, waitpointId);
    expect([status, outputIsError, completedAt]).toEqual(["TIMED_OUT", true, at]);
    expect(JSON.parse(output)).toEqual({
      code: "TRIGGER_WAITPOINT_TIMEOUT",
      message: `Waitpoint timed out at ${at.toISOString()}`,
    });
  });

  it.each([
    ["30s", 30],
    ["1h30m", 5400],
    ["7d", 604_800],
    ["2hr", 7200],
    ["soon", undefined],
    ["2001-01-01T00:00:00Z", undefined],
  ])("of %j is %j seconds", async (timeout, seconds) => {
    const server = await serveRun();
    const { waitpointId } = await create(server, { timeout });
    const { timeoutAt, createdAt } = await retrieve(server, waitpointId);
    const told = timeoutAt && Math.round((timeoutAt.getTime() - createdAt.getTime()) / 1000);
    expect(told).toBe(seconds);
  });
});

describe("an idempotency key", () => {
  it("gives the same waitpoint, ended or not, until it expires", async () => {
    const server = await serveRun();
    const options = { idempotencyKey: "k", idempotencyKeyTTL: "1h" };
    const first = await create(server, options);
    await say(server, "yes");
    expect(await create(server, options)).toEqual({ waitpointId: first.waitpointId, isCached: true });
    expect((await retrieve(server, first.waitpointId)).output).toBe('"yes"');
    const brief = await create(server, { idempotencyKey: "brief", idempotencyKeyTTL: "0s", lastSeqNum: 0 });
    const next = await create(server, { idempotencyKey: "brief", lastSeqNum: 0 });
    expect(next.isCached).toBe(false);
    expect(next.waitpointId).not.toBe(brief.waitpointId);
  });

  it("that is known goes on listening", async () => {
    const server = await serveRun();
    const { waitpointId } = await create(server, { idempotencyKey: "k" });
    await create(server);
    await create(server, { idempotencyKey: "k" });
    await say(server, 1);
    expect((await retrieve(server, waitpointId)).status).toBe("COMPLETED");
  });
});

describe("refusals", () => {
  const ask = async (server: DevServer, body: string, more: Parameters<typeof send>[3] = {}, path = wait) => {
    const answer = await send(server, "POST", path, { body, ...more });
    return [answer.status, JSON.parse(answer.body).error];
  };

  it("of the wait", async () => {
    const server = await serveRun();
    const eleven = JSON.stringify({ streamId: "a", tags: Array.from({ length: 11 }, String) });
    expect(await ask(server, eleven)).toEqual([422, "Waitpoints can only have 10 tags, you're trying to set 11."]);
    expect(await ask(server, '{"streamId":"a"}', {}, wait.replace("_1", "_2"))).toEqual([404, "Run not found"]);
    expect(await ask(server, '{"streamId":"a"}', { chunked: true })).toEqual([413, "Request body too large"]);
    expect(await ask(server, `{"streamId":"${"a".repeat(10_240)}"}`)).toEqual([413, "Request body too large"]);
    expect(await ask(server, '{"streamId":"a"}', { key: await server.token("run_1") })).toEqual([
      401,
      "Invalid API key",
    ]);
    for (const body of ["{", "1", "null", "{}", '{"streamId":1}', '{"streamId":"a","lastSeqNum":"1"}'])
      expect((await ask(server, body))[0]).toBe(400);
    const long = JSON.stringify({ streamId: "a", idempotencyKey: "k".repeat(2049) });
    expect((await ask(server, long))[1]).toContain("2048 characters or less");
    expect((await send(server, "GET", wait)).status).toBe(405);
  });

  it("of the others: a waitpoint that is not there", async () => {
    const server = await serveRun();
    const none = "waitpoint_none";
    const blocked = await send(server, "POST", `/engine/v1/runs/run_1/waitpoints/tokens/${none}/wait`, { body: "{}" });
    expect([blocked.status, blocked.headers["x-should-retry"]]).toEqual([404, "true"]);
    expect((await send(server, "POST", token(none, "/complete"), { body: "{}" })).status).toBe(404);
    expect((await send(server, "GET", token(none))).status).toBe(404);
    expect((await send(server, "GET", token(none), { key: null })).status).toBe(401);
  });
});

describe("a waitpoint", () => {
  it("is completed with a token of its own, from any page, once", async () => {
    const server = await serveRun();
    const { waitpointId } = await create(server);
    const to = token(waitpointId, "/complete");
    const origin = "https://app.example";
    expect((await send(server, "OPTIONS", to, { key: null, headers: { origin } })).status).toBe(200);
    const other = await server.token(["write:waitpoints:waitpoint_other"]);
    expect((await send(server, "POST", to, { key: other, body: '{"data":1}' })).status).toBe(403);
    const key = await server.token([`write:waitpoints:${waitpointId}`]);
    for (const data of [{ ok: 1 }, "late"]) {
      const answer = await send(server, "POST", to, { key, body: JSON.stringify({ data }), headers: { origin } });
      expect([answer.status, answer.body]).toEqual([200, '{"success":true}']);
      expect(answer.headers["access-control-allow-origin"]).toBe(origin);
    }
    const { output, outputType } = await retrieve(server, waitpointId);
    expect([output, outputType]).toEqual(['{"json":{"ok":1}}', "application/super+json"]);
  });

  it("is completed by a call to its address, which needs no key but is not to be guessed", async () => {
    const server = await serveRun();
    const { waitpointId } = await create(server);
    const { url } = await retrieve(server, waitpointId);
    expect((await send(server, "POST", token(waitpointId, "/callback/x"), { key: null, body: '"a"' })).status).toBe(
      404,
    );
    expect((await fetch(url, { method: "POST", body: '"text"' })).status).toBe(200);
    const { output, outputType } = await retrieve(server, waitpointId);
    expect([output, outputType]).toEqual(["text", "text/plain"]);
  });

  it("keeps its run waiting, which the run says", async () => {
    const server = await serveRun();
    const status = async () => {
      const { body } = await send(server, "GET", "/api/v3/runs/run_1");
      return RetrieveRunResponse.parse(JSON.parse(body)).status;
    };
    expect(await status()).toBe("EXECUTING");
    const { waitpointId } = await create(server);
    const to = `/engine/v1/runs/run_1/waitpoints/tokens/${waitpointId}/wait`;
    const answer = await send(server, "POST", to, { headers: { "content-length": "0" } });
    expect([answer.status, answer.body]).toEqual([200, '{"success":true}']);
    expect(await status()).toBe("WAITING");
    await say(server, 1);
    expect(await status()).toBe("EXECUTING");
    server.completeRun("run_1", "failed");
    expect(await status()).toBe("FAILED");
  });
});

describe("runs", () => {
  it("are told to the official client, and to tokens that may read them", async () => {
    const server = await serve();
    server.createRun({ id: "run_root" });
    server.createRun({ id: "run_1", parentId: "run_root", rootId: "run_root", tags: ["a"], taskIdentifier: "t" });
    server.append("run_1", "chat", 1);
    const path = "/api/v3/runs/run_1";
    const answer = await send(server, "GET", path, { key: await server.token("run_1") });
    expect(JSON.parse(answer.body)).toMatchObject({ id: "run_1", realtimeStreams: ["chat"], tags: ["a"] });
    const run = RetrieveRunResponse.parse(JSON.parse(answer.body));
    expect(run).toMatchObject({ taskIdentifier: "t", isExecuting: true, relatedRuns: { parent: { id: "run_root" } } });
    expect((await send(server, "GET", path, { key: await server.token("run_root") })).status).toBe(403);
    expect((await send(server, "GET", path.replace("run_1", "none"))).status).toBe(404);
  });
});

describe("public tokens made on the server", () => {
  const mint = async (server: DevServer, body: object) => {
    const answer = await send(server, "POST", "/api/v1/auth/public-tokens", { body: JSON.stringify(body) });
    const { token } = JSON.parse(answer.body) as { token?: string };
    const { exp, iat, scopes } = token
      ? JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())
      : {};
    return { status: answer.status, seconds: exp - iat, scopes };
  };

  it("have any scopes, 15 minutes unless told otherwise, and 30 days at most", async () => {
    const server = await serve();
    const scopes = ["read:runs:run_1", "write:waitpoints:w"];
    expect(await mint(server, { scopes })).toEqual({ status: 200, seconds: 900, scopes });
    expect((await mint(server, { scopes, expirationTime: "30d" })).seconds).toBe(2_592_000);
    for (const expirationTime of ["31d", "soon", Math.floor(Date.now() / 1000) + 2_600_000, 5])
      expect((await mint(server, { scopes, expirationTime })).status).toBe(400);
    expect((await mint(server, { scopes: [] })).status).toBe(400);
  });
});
