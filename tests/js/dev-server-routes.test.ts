import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import type { DevServer } from "../../js/dev-server/server.ts";
import { capture, readAll, recordsIn, send, serve } from "./dev-server-http.ts";

const output = "/realtime/v1/streams/run_1/chat";
const input = "/realtime/v1/streams/run_1/input/chat";
const self = "/realtime/v1/streams/run_1/self/chat";
const append = `${self}/append`;
const drain = { "timeout-seconds": "0" };
const unauthorized = '{"error":"Unauthorized","code":"unauthorized","param":"access_token","type":"authorization"}';

async function serveRun(): Promise<DevServer> {
  const server = await serve({ secondMs: 0 });
  server.createRun({ id: "run_1", taskIdentifier: "chat-task", tags: ["user:7"], batchId: "batch_1" });
  return server;
}

async function statusAndBody(...args: Parameters<typeof send>): Promise<[number, string]> {
  const { status, body } = await send(...args);
  return [status, body];
}

describe("who may call", () => {
  const routes: [string, string, boolean][] = [
    ["GET", output, true],
    ["GET", input, true],
    ["POST", input, true],
    ["PUT", self, false],
    ["POST", self, false],
    ["POST", append, false],
    ["POST", "/api/v1/auth/jwt/claims", false],
    ["POST", "/api/v1/auth/public-tokens", false],
  ];

  it.each(routes)("%s %s answers 401 without a key, with a wrong one and with garbage", async (method, path) => {
    const server = await serveRun();
    const body = method === "GET" ? {} : { body: "{}" };
    const answers = [
      await statusAndBody(server, method, path, { key: null, ...body }),
      await statusAndBody(server, method, path, { key: "tr_dev_other", ...body }),
      await statusAndBody(server, method, path, { key: null, headers: { authorization: "Basic eDp5" }, ...body }),
    ];
    expect(answers).toEqual([
      [401, '{"error":"Invalid or Missing API key"}'],
      [401, '{"error":"Invalid API key"}'],
      [401, '{"error":"Invalid API key"}'],
    ]);
  });

  it.each(routes)("%s %s takes a public access token: %s", async (method, path, isPublic) => {
    const server = await serveRun();
    const body = method === "GET" ? {} : { body: "{}" };
    const answer = await send(server, method, path, { key: await server.token("run_1"), ...body });
    if (isPublic) expect(answer.status).toBe(200);
    else expect([answer.status, answer.body]).toEqual([401, '{"error":"Invalid API key"}']);
  });

  it("says the same of every token it cannot trust, and something else of an unknown environment", async () => {
    const server = await serveRun();
    const sign = (change: { sub?: string; pub?: boolean; iss?: string; aud?: string; exp?: number; key?: string }) =>
      new SignJWT({ sub: change.sub ?? "env_dev", pub: change.pub ?? true, scopes: ["read:all"] })
        .setProtectedHeader({ alg: "HS256" })
        .setIssuer(change.iss ?? "https://id.trigger.dev")
        .setAudience(change.aud ?? "https://api.trigger.dev")
        .setExpirationTime(change.exp ?? Math.floor(Date.now() / 1000) + 60)
        .sign(new TextEncoder().encode(change.key ?? server.secretKey));
    const told = async (token: string) => statusAndBody(server, "GET", output, { key: token });
    const invalid = [401, '{"error":"Public Access Token is invalid"}'];
    expect((await told(await sign({})))[0]).toBe(200);
    expect(await told(await sign({ exp: 1 }))).toEqual(invalid);
    expect(await told(await sign({ key: "tr_dev_other" }))).toEqual(invalid);
    expect(await told(await sign({ iss: "https://elsewhere" }))).toEqual(invalid);
    expect(await told(await sign({ aud: "https://elsewhere" }))).toEqual(invalid);
    expect(await told(await sign({ sub: "env_other" }))).toEqual([401, '{"error":"Invalid Public Access Token"}']);
    expect(await told(await sign({ pub: false }))).toEqual([401, '{"error":"Invalid API key"}']);
    const [head, , signature] = (await sign({})).split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    const claims = Buffer.from(JSON.stringify({ sub: "env_dev", pub: true, scopes: ["admin"] })).toString("base64url");
    expect(await told(`${none}.${claims}.`)).toEqual(invalid);
    expect(await told(`${head}.${claims}.${signature}`)).toEqual(invalid);
  });

  it.each([
    ["read:runs:run_1", 200, 403],
    ["read:runs:run_2", 403, 403],
    ["read:runs", 200, 403],
    ["read:tasks:chat-task", 200, 403],
    ["read:tasks:other", 403, 403],
    ["read:tags:user:7", 200, 403],
    ["read:tags:user:8", 403, 403],
    ["read:batch:batch_1", 200, 403],
    ["read:all", 200, 403],
    ["*:runs:run_1", 200, 403],
    ["*:all", 200, 200],
    ["admin", 200, 200],
    ["write:inputStreams:run_1", 403, 200],
    ["write:inputStreams:run_2", 403, 403],
    ["write:inputStreams", 403, 200],
    ["write:all", 403, 200],
    ["write:runs:run_1", 403, 403],
    ["read:inputStreams:run_1", 403, 403],
    ["", 403, 403],
  ])("the scope %j reads: %i, sends: %i", async (scope, reads, sends) => {
    const server = await serveRun();
    const key = await server.token([scope]);
    const statuses = [
      await statusAndBody(server, "GET", output, { key, headers: drain }),
      await statusAndBody(server, "GET", input, { key }),
      await statusAndBody(server, "POST", input, { key, body: '{"data":1}' }),
    ];
    expect(statuses.map(([status]) => status)).toEqual([reads, reads, sends]);
    for (const [status, body] of statuses) if (status === 403) expect(body).toBe(unauthorized);
  });

  it("gives claims and tokens to the secret key", async () => {
    const server = await serveRun();
    expect(await statusAndBody(server, "POST", "/api/v1/auth/jwt/claims")).toEqual([
      200,
      '{"sub":"env_dev","pub":true}',
    ]);
    const body = JSON.stringify({ scopes: ["read:runs:run_1"], expirationTime: "1h" });
    const minted = await send(server, "POST", "/api/v1/auth/public-tokens", { body });
    const { token } = JSON.parse(minted.body);
    expect((await send(server, "GET", output, { key: token })).status).toBe(200);
  });
});

describe("runs that are not there", () => {
  const elsewhere = (path: string) => path.replace("run_1", "run_none");

  it("are looked up before the scopes when reading, after them when sending", async () => {
    const server = await serveRun();
    const key = await server.token("run_1");
    const reads = await send(server, "GET", elsewhere(output), { key });
    expect([reads.status, reads.body, reads.headers["x-should-retry"]]).toEqual([
      404,
      '{"error":"Not found"}',
      "false",
    ]);
    expect(await statusAndBody(server, "GET", elsewhere(input), { key })).toEqual([404, '{"error":"Not found"}']);
    expect(await statusAndBody(server, "POST", elsewhere(input), { key, body: "{}" })).toEqual([403, unauthorized]);
    expect(await statusAndBody(server, "POST", elsewhere(input), { body: "{}" })).toEqual([
      404,
      '{"ok":false,"error":"Run not found"}',
    ]);
  });

  it.each([
    ["PUT", self],
    ["POST", self],
    ["POST", append],
  ])("%s %s answers 404 as text", async (method, path) => {
    const server = await serveRun();
    const answer = await send(server, method, elsewhere(path), { body: "x" });
    expect([answer.status, answer.body, answer.headers["content-type"]]).toEqual([
      404,
      "Run not found",
      "text/plain;charset=UTF-8",
    ]);
    expect(await statusAndBody(server, method, path.replace("self", "parent"), { body: "x" })).toEqual([
      404,
      "Target not found",
    ]);
    expect(await statusAndBody(server, method, path.replace("self", "sibling"), { body: "x" })).toEqual([
      400,
      '{"error":"Params Error","details":[{"received":"sibling","code":"invalid_enum_value","options":["self","parent","root"],' +
        "\"path\":[\"target\"],\"message\":\"Invalid enum value. Expected 'self' | 'parent' | 'root', received 'sibling'\"}]}",
    ]);
  });
});

describe("a run that is over", () => {
  it.each(["completed", "failed", "canceled"] as const)("%s: takes nothing more", async (state) => {
    const server = await serveRun();
    server.completeRun("run_1", state);
    for (const [name, method, path] of [
      ["trigger-v2-put-completed-400.txt", "PUT", self],
      ["trigger-v2-append-completed-400.txt", "POST", append],
      ["trigger-v2-input-completed-400.txt", "POST", input],
    ] as const) {
      expect(await statusAndBody(server, method, path, { body: '{"data":1}' })).toEqual([400, capture(name).body]);
    }
  });
});

describe("create", () => {
  it("notes the key once, on the run that is meant", async () => {
    const server = await serve();
    const root = server.createRun({ id: "run_root" });
    const parent = server.createRun({ id: "run_parent", parentId: "run_root", rootId: "run_root" });
    const child = server.createRun({ id: "run_1", parentId: "run_parent", rootId: "run_root" });
    for (const target of ["self", "self", "parent", "root"]) {
      const answer = await send(server, "PUT", `/realtime/v1/streams/run_1/${target}/${target}-key`);
      expect(answer.status).toBe(202);
    }
    expect([root, parent, child].map((run) => run.realtimeStreams)).toEqual([
      ["root-key"],
      ["parent-key"],
      ["self-key"],
    ]);
  });
});

describe("append", () => {
  it("stores the text, answers as trigger-v2-append.txt, and honours X-Part-Id", async () => {
    const server = await serveRun();
    const real = capture("trigger-v2-append.txt");
    const first = await send(server, "POST", append, { body: '{"a":1}' });
    expect([first.status, first.body]).toEqual([real.status, real.body]);
    await send(server, "POST", append, { body: "plain text", headers: { "x-part-id": "my-part" } });
    await send(server, "POST", append, { body: "", headers: { "content-length": "0" } });
    const bodies = recordsIn(await readAll(server, output, drain)).map((record) => record.body);
    expect(bodies[0]).toMatch(/^\{"data":"\{\\"a\\":1\}","id":"[\w-]{7}"\}$/);
    expect(bodies[1]).toBe('{"data":"plain text","id":"my-part"}');
    expect(bodies[2]).toMatch(/^\{"data":"","id":"[\w-]{7}"\}$/);
  });

  it("reaches the parent and the root", async () => {
    const server = await serve();
    server.createRun({ id: "run_root" });
    server.createRun({ id: "run_1", parentId: "run_root", rootId: "run_root" });
    for (const target of ["parent", "root"]) {
      await send(server, "POST", `/realtime/v1/streams/run_1/${target}/chat/append`, { body: target });
    }
    expect(server.records("run_root", "chat")).toHaveLength(2);
    expect(server.records("run_1", "chat")).toHaveLength(0);
  });

  it("does not deduplicate with dedupeParts: false: a retry is a second record", async () => {
    const server = await serve({ dedupeParts: false });
    server.createRun({ id: "run_1" });
    for (let i = 0; i < 2; i++) await send(server, "POST", append, { body: "x", headers: { "x-part-id": "same" } });
    expect(server.records("run_1", "chat")).toHaveLength(2);
  });

  it("wants the length, and no more than 512 KiB", async () => {
    const server = await serveRun();
    const tooLarge = [413, '{"error":"Request body too large"}'];
    expect(await statusAndBody(server, "POST", append, { body: "x", chunked: true })).toEqual(tooLarge);
    expect(await statusAndBody(server, "POST", append, { body: "x".repeat(524_289) })).toEqual(tooLarge);
    expect(await statusAndBody(server, "POST", append, { body: "x".repeat(524_288) })).toEqual([200, '{"ok":true}']);
    // Before the run is looked up.
    expect(await statusAndBody(server, "POST", append.replace("run_1", "none"), { body: "x", chunked: true })).toEqual(
      tooLarge,
    );
  });

  it("meters the record after encoding: trigger-v2-append-413-metered.txt", async () => {
    const server = await serveRun();
    const real = capture("trigger-v2-append-413-metered.txt");
    const answer = await send(server, "POST", append, {
      body: '"'.repeat(524_288),
      headers: { "x-part-id": "1234567" },
    });
    expect([answer.status, answer.body.replace(/\d{7} bytes exceeds/, "N bytes exceeds")]).toEqual([
      413,
      real.body.replace(/\d{7} bytes exceeds/, "N bytes exceeds"),
    ]);
  });
});

describe("input", () => {
  it("answers as trigger-v2-input-send.txt and stores the JSON text of the data as a string", async () => {
    const server = await serveRun();
    const real = capture("trigger-v2-input-send.txt");
    const answer = await send(server, "POST", input, {
      body: '{"data":{"approved":true}}',
      headers: { origin: "https://app.example", connection: "keep-alive" },
    });
    expect([answer.status, answer.body]).toEqual([real.status, real.body]);
    const told = Object.entries(answer.headers).filter(([name]) => name !== "date");
    expect(told.sort()).toEqual(real.headers.filter(([name]) => name !== "date").sort());
    for (const body of ['{"data":null}', '{"data":"42"}', "{}", '{"other":1}']) {
      expect(await statusAndBody(server, "POST", input, { body })).toEqual([200, '{"ok":true}']);
    }
    const bodies = recordsIn(await readAll(server, output.replace("chat", "$trigger.input:chat"), drain)).map(
      ({ body = "" }) => body.replace(/inp_[0-9a-f]{12}/, "inp_"),
    );
    expect(bodies).toEqual([
      '{"data":"{\\"approved\\":true}","id":"inp_"}',
      '{"data":"null","id":"inp_"}',
      '{"data":"\\"42\\"","id":"inp_"}',
      '{"id":"inp_"}',
      '{"id":"inp_"}',
    ]);
  });

  it("refuses what is no JSON object", async () => {
    const server = await serveRun();
    expect(await statusAndBody(server, "POST", input, { body: "{" })).toEqual([
      500,
      '{"error":"Internal Server Error"}',
    ]);
    for (const body of ["1", "null", "[]", '"x"']) {
      expect(await statusAndBody(server, "POST", input, { body })).toEqual([
        400,
        '{"ok":false,"error":"Invalid request body"}',
      ]);
    }
  });

  it("wants the length, and no more than 1 MiB, metered too", async () => {
    const server = await serveRun();
    const tooLarge = [413, '{"error":"Request body too large"}'];
    expect(await statusAndBody(server, "POST", input, { body: "{}", chunked: true })).toEqual(tooLarge);
    const empty = { headers: { "content-length": "0" } };
    expect(await statusAndBody(server, "POST", input, empty)).toEqual([500, '{"error":"Internal Server Error"}']);
    expect(
      await statusAndBody(server, "POST", input, { body: JSON.stringify({ data: "x".repeat(1_048_576) }) }),
    ).toEqual(tooLarge);
    const metered = await send(server, "POST", input, { body: JSON.stringify({ data: '"'.repeat(400_000) }) });
    const real = capture("trigger-v2-input-413-metered.txt");
    expect([metered.status, metered.body]).toEqual([real.status, real.body]);
  });

  it.each(["PUT", "PATCH", "DELETE"])("%s works like POST", async (method) => {
    const server = await serveRun();
    expect(await statusAndBody(server, method, input, { body: '{"data":1}' })).toEqual([200, '{"ok":true}']);
  });
});

describe("the option dedupeParts", () => {
  it("stores a part id once, and says that it does", async () => {
    const server = await serve({ dedupeParts: true });
    server.createRun({ id: "run_1" });
    const headers = { "x-part-id": "p1", origin: "https://app.example" };
    for (const path of [input, input, append, append]) {
      const answer = await send(server, "POST", path, { body: '{"data":1}', headers });
      expect([answer.status, answer.headers["x-part-id"]]).toEqual([200, "p1"]);
      if (path === input) expect(answer.headers["access-control-expose-headers"]).toContain("x-part-id");
    }
    expect(server.records("run_1", "chat")).toHaveLength(1);
    expect(server.records("run_1", "$trigger.input:chat")).toHaveLength(1);
  });
});

describe("CORS", () => {
  const origin = "https://app.example";

  it.each([output, input, "/dev/runs"])("OPTIONS %s echoes the headers asked for", async (path) => {
    const server = await serveRun();
    const answer = await send(server, "OPTIONS", path, {
      key: null,
      headers: {
        origin,
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization,last-event-id,x-anything",
      },
    });
    expect([answer.status, answer.body]).toEqual([200, "{}"]);
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-headers": "authorization,last-event-id,x-anything",
      "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
      "access-control-max-age": "300",
    });
  });

  it("lets a page read the errors of its routes: trigger-v2-read-timeoutabc-500.txt", async () => {
    const server = await serveRun();
    const real = capture("trigger-v2-read-timeoutabc-500.txt");
    const answer = await send(server, "GET", output, {
      headers: { origin, "timeout-seconds": "abc", connection: "keep-alive" },
    });
    expect([answer.status, answer.body]).toEqual([real.status, real.body]);
    const told = Object.entries(answer.headers).filter(([name]) => name !== "date");
    expect(told.sort()).toEqual(real.headers.filter(([name]) => name !== "date").sort());
    for (const path of [output, input, output.replace("run_1", "run_none")]) {
      const failed = await send(server, "GET", path, {
        headers: { origin },
        key: path.includes("none") ? server.secretKey : null,
      });
      expect(failed.status).toBeGreaterThanOrEqual(400);
      expect(failed.headers["access-control-allow-origin"]).toBe(origin);
    }
  });

  it("is not spoken by the writers' routes", async () => {
    const server = await serveRun();
    const preflight = { origin, "access-control-request-method": "POST" };
    expect(await statusAndBody(server, "OPTIONS", self, { key: null, headers: preflight })).toEqual([
      401,
      '{"error":"Invalid or Missing API key"}',
    ]);
    expect(await statusAndBody(server, "OPTIONS", append, { key: null, headers: preflight })).toEqual([
      400,
      '{"message":"Unexpected Server Error"}',
    ]);
    for (const [method, path] of [
      ["PUT", self],
      ["POST", append],
      ["OPTIONS", self],
      ["OPTIONS", append],
    ] as const) {
      const answer = await send(server, method, path, { headers: { origin }, body: "x" });
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    }
  });
});

describe("addresses", () => {
  it("are decoded segment by segment: one stream under every spelling", async () => {
    const server = await serve({ secondMs: 0 });
    server.createRun({ id: "run_1" });
    const key = "a/b?c#d %2F ü🎉";
    const encoded = encodeURIComponent(key);
    await send(server, "POST", `/realtime/v1/streams/run_1/self/${encoded}/append`, { body: "x" });
    expect(server.records("run_1", key)).toHaveLength(1);
    expect(recordsIn(await readAll(server, `/realtime/v1/streams/run_1/${encoded}`))).toHaveLength(1);
    expect(await statusAndBody(server, "GET", "/realtime/v1/streams/run_1/a%ZZ")).toEqual([400, "Bad Request"]);
  });

  it("with a raw slash are another route: trigger-v2-key-raw-slash.txt", async () => {
    const server = await serveRun();
    const real = capture("trigger-v2-key-raw-slash.txt");
    const key = await server.token("run_1");
    expect(await statusAndBody(server, "GET", "/realtime/v1/streams/run_1/a/b", { key })).toEqual([
      real.status,
      real.body,
    ]);
    expect((await statusAndBody(server, "GET", "/realtime/v1/streams/run_1/a/b"))[0]).toBe(400);
    expect(await statusAndBody(server, "GET", self)).toEqual([405, "Only HEAD requests are allowed for this endpoint"]);
  });

  it("with names past S2's 512 bytes are a 500: trigger-v2-longkey.txt", async () => {
    const server = await serveRun();
    const real = capture("trigger-v2-longkey.txt");
    const long = "k".repeat(500);
    expect(await statusAndBody(server, "GET", output.replace("chat", long))).toEqual([real.status, real.body]);
    expect((await send(server, "POST", append.replace("chat", long), { body: "x" })).status).toBe(500);
  });

  it("with a slash at the end move, for good", async () => {
    const server = await serveRun();
    const answer = await send(server, "GET", `${output}/?a=/`);
    expect([answer.status, answer.headers.location]).toEqual([301, `${output}?a=/`]);
  });

  it("of streams answer HEAD with the headers alone", async () => {
    const server = await serveRun();
    const answer = await send(server, "HEAD", output);
    expect([answer.status, answer.headers["x-stream-version"], answer.body]).toEqual([200, "v2", ""]);
  });

  it("that nobody knows are 404", async () => {
    const server = await serveRun();
    for (const path of [
      "/index.html",
      "/api/v1/runs",
      "/realtime/v1/streams/run_1",
      "/realtime/v1/streams//x",
      `${append}/x`,
    ]) {
      expect((await send(server, "GET", path)).status).toBe(404);
    }
  });
});
