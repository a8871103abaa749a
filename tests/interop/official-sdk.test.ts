import { apiClientManager, realtimeStreams } from "@trigger.dev/core/v3";
import { StandardRealtimeStreamsManager } from "@trigger.dev/core/v3/workers";
import { auth, configure, streams } from "@trigger.dev/sdk";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";

// The official SDK, unchanged, against the dev server: what it writes lands, and it reads what is there.

let server: DevServer;

/** Outside a worker `streams.pipe` and `append` do nothing, and say nothing: the worker's own manager makes them write. */
let manager: StandardRealtimeStreamsManager;
beforeAll(() => {
  realtimeStreams.setGlobalManager({
    pipe: (...args) => manager.pipe(...args),
    append: (...args) => manager.append(...args),
  });
});

beforeEach(async () => {
  server = await startDevServer({ port: 0, v1BlockMs: 50, secondMs: 250 });
  apiClientManager.disable();
  configure({ baseURL: server.url, accessToken: server.secretKey });
  manager = new StandardRealtimeStreamsManager(apiClientManager.clientOrThrow(), server.url);
});

afterEach(() => server.close());

async function collect<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

async function* generate<T>(...values: T[]): AsyncGenerator<T> {
  for (const value of values) yield value;
}

const values = [{ text: "héllo 🎉", nested: [1, null] }, "two", 3, null, false, "", "line\nbreak\u2028"];

describe.each(["v2", "v1"] as const)("a run read as %s", (version) => {
  it("is piped into from outside a task, and read back", async () => {
    const { id } = server.createRun({ version });
    const { waitUntilComplete } = streams.pipe("chat", generate(...values), { target: id });
    await waitUntilComplete();
    expect(server.requests.map(({ method }) => method)).toEqual(["PUT", "POST"]);
    expect(await collect(await streams.read(id, "chat", { timeoutInSeconds: 1 }))).toEqual(values);
    expect(server.faults.fired).toEqual([]);
  });

  it("is read while it is written", async () => {
    const { id } = server.createRun({ version });
    const reading = collect(await streams.read<number>(id, "chat", { timeoutInSeconds: 4 }));
    const { waitUntilComplete } = streams.pipe(
      "chat",
      (async function* () {
        for (let i = 0; i < 20; i++) {
          yield i;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })(),
      { target: id },
    );
    await waitUntilComplete();
    expect(await reading).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it("takes defined streams, appends and writers", async () => {
    const { id } = server.createRun({ version });
    const chat = streams.define<{ n: number } | string>({ id: "chat" });
    await chat.append({ n: 1 }, { target: id });
    const { waitUntilComplete } = chat.writer({ target: id, execute: ({ write }) => write({ n: 2 }) });
    await waitUntilComplete();
    await streams.append("chat", "plain", { target: id });
    expect(await collect(await chat.read(id, { timeoutInSeconds: 1 }))).toEqual([{ n: 1 }, { n: 2 }, "plain"]);
  });

  it("takes input", async () => {
    const { id } = server.createRun({ version });
    const approval = streams.input<{ approved: boolean }>({ id: "approval" });
    await approval.send(id, { approved: true });
    const [record] = server.records(id, "$trigger.input:approval");
    const stored = record && "body" in record ? JSON.parse(record.body).data : JSON.parse(record?.lines[0] ?? "");
    expect(JSON.parse(stored)).toEqual({ approved: true });
    // The path the SDK itself reads input by.
    const read = await streams.read<string>(id, "input/approval", { timeoutInSeconds: 1 });
    expect((await collect(read)).map((text) => JSON.parse(text))).toEqual([{ approved: true }]);
  });

  it("is refused when it is over, with the server's own words", async () => {
    const { id } = server.createRun({ version });
    server.completeRun(id);
    await expect(streams.append("chat", "late", { target: id })).rejects.toThrow();
    await expect(streams.input({ id: "a" }).send(id, 1)).rejects.toThrow(/completed run/);
  });
});

describe("public access tokens", () => {
  it("made by auth.createPublicToken are accepted, for what they allow", async () => {
    const { id } = server.createRun();
    server.append(id, "chat", "hello");
    const token = await auth.createPublicToken({ scopes: { read: { runs: [id] }, write: { inputStreams: [id] } } });
    await auth.withAuth({ accessToken: token }, async () => {
      expect(await collect(await streams.read(id, "chat", { timeoutInSeconds: 1 }))).toEqual(["hello"]);
      await streams.input({ id: "a" }).send(id, "hi");
      const client = apiClientManager.clientOrThrow();
      await expect(client.appendToStream(id, "self", "chat", "x")).rejects.toThrow("Invalid API key");
    });
    const readOnly = await auth.createPublicToken({ scopes: { read: { runs: [id] } }, expirationTime: "1h" });
    await auth.withAuth({ accessToken: readOnly }, async () => {
      await expect(streams.input({ id: "a" }).send(id, "hi")).rejects.toThrow("Unauthorized");
    });
  });

  it("made by the dev server are accepted by the SDK", async () => {
    const { id } = server.createRun();
    server.append(id, "chat", 1);
    await auth.withAuth({ accessToken: await server.token(id) }, async () => {
      expect(await collect(await streams.read(id, "chat", { timeoutInSeconds: 1 }))).toEqual([1]);
    });
  });
});

it("the official reader resumes after a reset, by the position it read last", async () => {
  const { id } = server.createRun();
  server.appendAll(id, "chat", [0, 1, 2, 3, 4]);
  server.faults.add({ kind: "cut", afterRecords: 2 });
  expect(await collect(await streams.read(id, "chat", { timeoutInSeconds: 1 }))).toEqual([0, 1, 2, 3, 4]);
  expect(server.connections.map(({ lastEventId }) => lastEventId)).toEqual([undefined, "1"]);
});

it("the official reader starts at the tail with from: latest", async () => {
  const { id } = server.createRun();
  server.append(id, "chat", "old");
  const reading = collect(await streams.read(id, "chat", { timeoutInSeconds: 1, from: "latest" }));
  await expect.poll(() => server.connections[0]?.bytesWritten).toBeGreaterThan(0);
  server.append(id, "chat", "new");
  expect(await reading).toEqual(["new"]);
});

it("the official writer resumes after a cut, exactly where it was", async () => {
  const { id } = server.createRun();
  server.faults.add({ kind: "cut", on: "ingest", afterRecords: 3 });
  const { waitUntilComplete } = streams.pipe("chat", generate(0, 1, 2, 3, 4, 5), { target: id });
  await waitUntilComplete();
  expect(server.requests.map(({ method }) => method)).toEqual(["PUT", "POST", "HEAD", "POST"]);
  expect(await collect(await streams.read(id, "chat", { timeoutInSeconds: 1 }))).toEqual([0, 1, 2, 3, 4, 5]);
}, 20_000);
