import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { main } from "../../js/dev-server/command.ts";
import type { DevServer } from "../../js/dev-server/server.ts";
import { read, readAll, send, serve, valuesIn } from "./dev-server-http.ts";

interface Outcome {
  code: number;
  out: string;
  error: string;
}

async function runstream(
  args: string[],
  whileRunning: (server: DevServer) => Promise<void> = async () => {},
): Promise<Outcome> {
  let out = "";
  let error = "";
  const code = await main(args, {
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    untilStopped: whileRunning,
  });
  return { code, out, error };
}

describe("runstream dev", () => {
  it("prints the address, a run, a token that works and what the writer needs", async () => {
    let answer = 0;
    const { code, out } = await runstream(["dev", "--port", "0", "--secret-key", "tr_dev_x"], async (server) => {
      expect(server.secretKey).toBe("tr_dev_x");
      const token = await server.token("run_demo");
      answer = (await send(server, "POST", "/realtime/v1/streams/run_demo/input/a", { key: token, body: "{}" })).status;
    });
    expect([code, answer]).toEqual([0, 200]);
    expect(out).toMatch(/^runstream dev server on http:\/\/127\.0\.0\.1:\d+\n/);
    expect(out).toMatch(/run id +run_demo\n +public access token +eyJ[\w-]+\.[\w-]+\.[\w-]+\n/);
    expect(out).toMatch(/TRIGGER_API_URL=http:\/\/127\.0\.0\.1:\d+\n +TRIGGER_SECRET_KEY=tr_dev_x\n/);
  });

  it("overlooks from: latest on demand", async () => {
    await runstream(["dev", "--port=0", "--ignore-start-latest"], async (server) => {
      server.append("run_demo", "chat", 1);
      const headers = { "timeout-seconds": "0", "x-trigger-stream-start": "latest" };
      expect(valuesIn(await readAll(server, "/realtime/v1/streams/run_demo/chat", headers))).toEqual([1]);
    });
  });

  it("keeps records for as long as it is told", async () => {
    await runstream(["dev", "--port=0", "--retention", "1s"], async (server) => {
      server.append("run_demo", "chat", 1);
      expect(server.records("run_demo", "chat")).toHaveLength(1);
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1000 });
      expect(server.records("run_demo", "chat")).toHaveLength(0);
      vi.useRealTimers();
    });
  });

  it.each([
    [[], 'no command given; did you mean "runstream dev"?'],
    [["serve"], 'unknown command "serve"; the only one is "dev".'],
    [["dev", "now"], 'unexpected argument "now"; "dev" takes options only.'],
    [["dev", "--port", "http"], '--port "http" is not a port; give a whole number from 0 to 65535.'],
    [["dev", "--port", "65536"], '--port "65536" is not a port'],
    [["dev", "--port", "80.5"], '--port "80.5" is not a port'],
    [["dev", "--port"], "Option '--port <value>' argument missing"],
    [["dev", "--secret-key", ""], '--secret-key "" is empty'],
    [["dev", "--nope"], "Unknown option '--nope'."],
    [["dev", "--retention", "long"], '--retention "long" is not a time; give one such as 12h or 28d.'],
    [["dev", "--s2", "localhost:4984"], '--s2 "localhost:4984" is not a URL; give one such as http://127.0.0.1:4984.'],
    [["dev", "--s2", "http://127.0.0.1:4984"], "--s2 needs the name of a basin too: --basin <name>."],
    [["dev", "--basin", "b"], "--basin and --s2-token are for --s2; give that too."],
  ])("%j is a mistake: %s", async (args, message) => {
    const { code, out, error } = await runstream(args);
    expect([code, out]).toEqual([2, ""]);
    expect(error).toContain(`runstream: ${message}`);
    expect(error).toContain('Run "runstream dev --help" for the options.\n');
  });

  it("runs in front of an S2, says where the streams are, and sends writers there", async () => {
    const s2 = createServer((_, res) => res.end("{}")).listen(0, "127.0.0.1");
    await once(s2, "listening");
    const url = `http://127.0.0.1:${(s2.address() as { port: number }).port}`;
    let headers: object = {};
    const args = ["dev", "--port=0", "--s2", url, "--basin", "my-basin", "--s2-token", "tok"];
    const { code, out, error } = await runstream(args, async (server) => {
      ({ headers } = await send(server, "PUT", "/realtime/v1/streams/run_1/self/chat"));
    });
    expect([code, error]).toEqual([0, ""]);
    expect(out).toContain(`The streams are in the basin "my-basin" of ${url}; runs and waitpoints are in memory.`);
    expect(headers).toMatchObject({ "x-s2-endpoint": `${url}/v1`, "x-s2-access-token": "tok" });
    s2.close();
  });

  it("says that there is no S2, or no such basin, and goes on", async () => {
    const s2 = createServer((_, res) => res.writeHead(404).end("{}")).listen(0, "127.0.0.1");
    await once(s2, "listening");
    const url = `http://127.0.0.1:${(s2.address() as { port: number }).port}`;
    const args = ["dev", "--port=0", "--s2", url, "--basin", "my-basin"];
    const noBasin = await runstream(args);
    expect(noBasin.code).toBe(0);
    expect(noBasin.error).toBe(
      `runstream: S2 at ${url}/v1 has no basin "my-basin"; create it, or give another --basin.\n`,
    );
    s2.close();
    s2.closeAllConnections();
    await once(s2, "close");
    const { error } = await runstream(args);
    expect(error).toMatch(/^runstream: no S2 at .*ECONNREFUSED.*; start it, or give another --s2\.\n$/);
  });

  it("names the port that is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { code, error } = await runstream(["dev", "--port", String(port)]);
    expect([code, error]).toEqual([
      1,
      `runstream: port ${port} is already in use; stop what listens there, or choose another with --port.\n`,
    ]);
    other.close();
  });

  it.each([["--help"], ["dev", "-h"], ["help"]])("%s helps", async (...args) => {
    const { code, out } = await runstream(args);
    expect(code).toBe(0);
    for (const word of ["--port", "--secret-key", "--ignore-start-latest", "4983", "--s2 <url>", "--basin <name>"])
      expect(out).toContain(word);
  });
});

describe("the server", () => {
  it("listens on this machine only, and lets go of every socket when it closes", async () => {
    const server = await serve();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    server.createRun({ id: "run_1" });
    const reader = await read(server, "/realtime/v1/streams/run_1/chat");
    await server.close();
    expect(await reader.over).not.toBe("end");
    expect(server.connections[0]?.closedBy).toBe("shutdown");
    await expect(fetch(`${server.url}/dev/health`)).rejects.toThrow();
  });

  it("refuses two runs of one id, and names the run that is not there", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    expect(() => server.createRun({ id: "run_1" })).toThrow('Run "run_1" already exists');
    expect(() => server.append("run_2", "chat", 1)).toThrow('Run "run_2" does not exist');
    expect(server.createRun().id).toMatch(/^run_[1-9a-z]{21}$/);
  });

  it("stores input as a send does", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    for (const data of [{ ok: true }, undefined]) {
      server.appendInput("run_1", "approval", data);
      await send(server, "POST", "/realtime/v1/streams/run_1/input/approval", { body: JSON.stringify({ data }) });
    }
    const bodies = server
      .records("run_1", "$trigger.input:approval")
      .map((record) => ("body" in record ? record.body : ""));
    const [direct, sent, nothing, nothingSent] = bodies.map((body) => body.replace(/inp_[0-9a-f]{12}/, "inp_"));
    expect([direct, nothing]).toEqual([sent, nothingSent]);
  });

  it("keeps a list of requests and of connections", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    const path = "/realtime/v1/streams/run_1/chat?x=1";
    const reader = await read(server, path, { "last-event-id": "7", "timeout-seconds": "9" });
    expect(server.requests).toMatchObject([{ method: "GET", path, status: 200, headers: { "last-event-id": "7" } }]);
    expect(server.connections).toMatchObject([
      { id: 1, runId: "run_1", streamKey: "chat", version: "v2", lastEventId: "7", timeoutSeconds: 9, status: 200 },
    ]);
    await reader.until("event: ping");
    expect(server.connections[0]?.bytesWritten).toBe(reader.text.length);
    expect(server.connections[0]?.closedAt).toBeUndefined();
    expect(server.cut({ run: "run_2" })).toBe(0);
    expect(server.cut({ run: "run_1", stream: "chat" })).toBe(1);
    expect(await reader.over).toBe("ECONNRESET");
    await expect.poll(() => server.connections[0]?.closedAt).toBeInstanceOf(Date);
    expect(server.requests[0]?.status).toBe(200);
  });
});

describe("the routes under /dev", () => {
  const call = async (server: DevServer, method: string, path: string, body?: unknown) => {
    const answer = await send(server, method, path, {
      key: null,
      headers: { origin: "http://demo.example" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(answer.headers["access-control-allow-origin"]).toBe("http://demo.example");
    return { status: answer.status, ...JSON.parse(answer.body) };
  };

  it("make a run with a token that reads and sends, again for a run that exists", async () => {
    const server = await serve({ secondMs: 0, v1BlockMs: 0 });
    const made = await call(server, "POST", "/dev/runs", {});
    expect(made).toMatchObject({ status: 201, id: expect.stringMatching(/^run_/) });
    const again = await call(server, "POST", "/dev/runs", { id: made.id });
    expect(again).toMatchObject({ status: 200, id: made.id });
    for (const { id, publicAccessToken: key } of [made, again]) {
      expect((await send(server, "GET", `/realtime/v1/streams/${id}/chat`, { key })).status).toBe(200);
      expect((await send(server, "POST", `/realtime/v1/streams/${id}/input/a`, { key, body: "{}" })).status).toBe(200);
    }
    expect((await call(server, "POST", "/dev/runs", { id: "run_v1", version: "v1" })).status).toBe(201);
    expect((await send(server, "GET", "/realtime/v1/streams/run_v1/chat")).headers).not.toHaveProperty(
      "x-stream-version",
    );
  });

  it("tell of runs, their streams, readers and faults", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    server.createRun({ id: "run_2", parentId: "run_1", rootId: "run_1", version: "v1" });
    const { runs } = await call(server, "GET", "/dev/runs");
    expect(runs).toMatchObject([
      { id: "run_2", parentId: "run_1", rootId: "run_1", version: "v1", state: "executing", streamCount: 0 },
      { id: "run_1" },
    ]);
    server.appendAll("run_1", "chat", [1, 2, 3]);
    server.appendInput("run_1", "approval", true);
    const headers = { "last-event-id": "1", referer: "http://app.example/chat?x" };
    const first = await read(server, "/realtime/v1/streams/run_1/chat", headers);
    await first.until("event: ping");
    server.faults.add({ kind: "status", status: 503, run: "run_1" }, { kind: "cut", run: "run_1", times: "always" });
    await send(server, "GET", "/realtime/v1/streams/run_1/chat", { headers: { origin: "http://b.example" } });
    const run = await call(server, "GET", "/dev/runs/run_1");
    expect(run).toMatchObject({
      id: "run_1",
      streamCount: 2,
      streams: [
        { key: "chat", name: "chat", isInput: false, records: 3, readers: 1 },
        { key: "$trigger.input:approval", name: "approval", isInput: true, records: 1, readers: 0 },
      ],
      connections: [
        { origin: "http://b.example", status: 503, faultsFired: ["status"] },
        { origin: "http://app.example", lastEventId: "1", recordsWritten: 1 },
      ],
      faults: { pending: 1, fired: [{ kind: "status", stream: "chat" }] },
    });
    expect((await call(server, "GET", "/dev/runs/run_2")).connections).toEqual([]);
    await call(server, "DELETE", "/dev/faults", { run: "run_2" });
    expect((await call(server, "GET", "/dev/runs/run_1")).faults.pending).toBe(1);
    await call(server, "DELETE", "/dev/faults", { run: "run_1" });
    expect((await call(server, "GET", "/dev/runs/run_1")).faults).toEqual({ pending: 0, fired: [] });
    first.close();
  });

  it("tell what a run waits for", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    const body = JSON.stringify({ streamId: "approval", timeout: "1h" });
    const waiting = await send(server, "POST", "/api/v1/runs/run_1/input-streams/wait", { body });
    const { waitpointId: id } = JSON.parse(waiting.body);
    await send(server, "POST", `/engine/v1/runs/run_1/waitpoints/tokens/${id}/wait`, { body: "{}" });
    expect((await call(server, "GET", "/dev/runs/run_1")).waitsFor).toEqual({ id, timeoutAt: expect.any(String) });
    server.appendInput("run_1", "approval", 1);
    expect(await call(server, "GET", "/dev/runs/run_1")).not.toHaveProperty("waitsFor");
  });

  it("append, delete and complete", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    await call(server, "POST", "/dev/runs/run_1/streams/a%2Fb", { data: { n: 1 }, partId: "p" });
    expect(server.records("run_1", "a/b")).toMatchObject([{ body: '{"data":{"n":1},"id":"p"}' }]);
    expect(await call(server, "DELETE", "/dev/runs/run_1/streams/a%2Fb")).toEqual({ status: 200, deleted: true });
    expect(await call(server, "DELETE", "/dev/runs/run_1/streams/a%2Fb")).toEqual({ status: 200, deleted: false });
    await call(server, "POST", "/dev/runs/run_1/complete", { state: "failed" });
    expect((await send(server, "POST", "/realtime/v1/streams/run_1/input/a", { body: "{}" })).status).toBe(400);
  });

  it("script faults and cut connections", async () => {
    const server = await serve();
    server.createRun({ id: "run_1" });
    const added = await call(server, "POST", "/dev/faults", [
      { kind: "cut" },
      [{ kind: "duplicate" }, { kind: "replay" }],
    ]);
    expect(added).toEqual({ status: 200, ok: true, pending: 2 });
    await (await read(server, "/realtime/v1/streams/run_1/chat")).over;
    expect(await call(server, "GET", "/dev/faults")).toMatchObject({
      pending: 1,
      fired: [{ kind: "cut", run: "run_1", stream: "chat", on: "read" }],
    });
    await call(server, "DELETE", "/dev/faults");
    expect(server.faults.pending).toBe(0);
    const reader = await read(server, "/realtime/v1/streams/run_1/chat");
    expect(await call(server, "POST", "/dev/connections/cut", { stream: "other" })).toEqual({ status: 200, cut: 0 });
    expect(await call(server, "POST", "/dev/connections/cut")).toEqual({ status: 200, cut: 1 });
    expect(await reader.over).toBe("ECONNRESET");
    const { connections } = await call(server, "GET", "/dev/connections");
    expect(connections).toMatchObject([{ closedBy: "fault" }, { closedBy: "fault" }]);
    expect(await call(server, "GET", "/dev/health")).toEqual({ status: 200, ok: true });
  });

  it("say what is wrong", async () => {
    const server = await serve();
    expect(await call(server, "POST", "/dev/faults", { kind: "x" })).toMatchObject({
      status: 400,
      error: expect.stringContaining('Unknown fault kind "x"'),
    });
    expect(await call(server, "POST", "/dev/runs/run_2/complete")).toMatchObject({
      status: 400,
      error: expect.stringContaining('Run "run_2" does not exist'),
    });
    expect(await call(server, "POST", "/dev/runs", 7)).toEqual({
      status: 400,
      error: "The body must be a JSON object.",
    });
    expect(await call(server, "GET", "/dev/nope")).toMatchObject({
      status: 404,
      error: "No such route: GET /dev/nope",
    });
  });
});
