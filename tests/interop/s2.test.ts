// The official packages and S2's own, unchanged, with a real S2 behind our dev server.
import { AppendInput, AppendRecord, S2 } from "@s2-dev/streamstore";
import { auth, streams as theirs } from "@trigger.dev/sdk";
import type { Page } from "playwright-core";
import { configure, streams as ours } from "runstream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { openBrowser, type TestBrowser, until } from "../e2e/browser.ts";
import { BASIN, type ServerProcess, startS2 } from "../s2/processes.ts";
import { enter, leave, pointAt } from "./official.ts";

let s2: ServerProcess;
let browser: TestBrowser;
let server: DevServer;
let page: Page;
let client: { baseURL: string; accessToken: string };
let runId: string;

beforeAll(async () => {
  s2 = await startS2();
  browser = await openBrowser("development", undefined, "tests/interop/page.tsx");
});
afterAll(async () => {
  await s2.kill();
  await browser.close();
});
beforeEach(async () => {
  server = await startDevServer({ port: 0, s2: { endpoint: s2.url, basin: BASIN } });
  pointAt(server);
  configure({ baseURL: server.url, accessToken: server.secretKey });
  runId = server.createRun().id;
  const scopes = { read: { runs: [runId] }, write: { inputStreams: [runId] } };
  client = { baseURL: server.url, accessToken: await auth.createPublicToken({ scopes }) };
  page = await browser.open();
});
afterEach(async () => {
  leave();
  await page.close();
  await server.close();
});

const some = (n: number, who = "") => Array.from({ length: n }, (_, i) => ({ who, i, text: `héllo 🎉 ${i}` }));

async function* slowly<T>(values: readonly T[], ms = 5): AsyncGenerator<T> {
  for (const value of values) {
    yield value;
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

async function collect<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

const read = (key = "chat") =>
  page.evaluate(([runId, key, client]) => window.page.read("a", runId, key, client), [runId, key, client] as const);

/** What our hook shows once it shows so many parts. */
const shown = (count: number) =>
  until(
    () => page.evaluate(() => window.page.state("a")),
    (state) => (state?.parts.length ?? 0) >= count,
    30_000,
  ).then((state) => state?.parts);

describe("their SDK writes", () => {
  it("by pipe, over h2c to S2, and our hook shows every part once, cut on the way", async () => {
    const parts = some(100);
    server.faults.add({ kind: "cut", afterRecords: 20 }, { kind: "end", afterRecords: 30 });
    await read();
    const { waitUntilComplete } = theirs.pipe("chat", slowly(parts), { target: runId });
    await waitUntilComplete();
    expect(await shown(100)).toEqual(parts);
    expect(server.connections.length).toBeGreaterThan(2);
    // The records went past the dev server.
    const asked = server.requests.filter(({ path }) => path.includes("/self/"));
    expect(asked.map(({ method }) => method)).toEqual(["PUT"]);
  });

  it("by append, writer and a defined stream, and our read has it as their read has it", async () => {
    const chat = theirs.define<unknown>({ id: "chat" });
    await theirs.append("chat", "text", { target: runId });
    await chat.append({ n: 1 }, { target: runId });
    await chat.writer({ target: runId, execute: ({ write }) => write([2]) }).waitUntilComplete();
    const all = ["text", { n: 1 }, [2]];
    expect(await collect(await theirs.read(runId, "chat", { timeoutInSeconds: 1 }))).toEqual(all);
    expect(await collect(await ours.read(runId, "chat", { ...client, timeoutInSeconds: 1 }))).toEqual(all);
  });

  it("input, and our read has it", async () => {
    await theirs.input({ id: "approval" }).send(runId, { approved: true });
    const read = await ours.read<string>(runId, "$trigger.input:approval", { ...client, timeoutInSeconds: 1 });
    expect((await collect(read)).map((text) => JSON.parse(text))).toEqual([{ approved: true }]);
  });
});

describe("our client writes", () => {
  it("by pipe, and their read, their hook and our hook show every part once", async () => {
    const parts = some(100);
    await read();
    const args = [runId, "chat", client] as const;
    await page.evaluate(([runId, key, client]) => window.official.read("o", runId, key, client), args);
    const reading = theirs.read<unknown>(runId, "chat", { timeoutInSeconds: 3 }).then(collect);
    expect(await ours.pipe("chat", slowly(parts), { target: runId }).waitUntilComplete()).toEqual({
      lastEventId: "99",
    });
    expect(await shown(100)).toEqual(parts);
    const official = await until(
      () => page.evaluate(() => window.official.state("o")),
      (state) => (state?.parts.length ?? 0) >= 100,
    );
    expect(official).toEqual({ parts, error: undefined });
    expect(await reading).toEqual(parts);
  });

  it("by append, writer and a defined stream, and their read has the values as they were", async () => {
    const chat = ours.define<unknown>({ id: "chat" });
    await ours.append("chat", "text", { target: runId });
    await chat.append({ n: 1 }, { target: runId });
    await chat.writer({ target: runId, execute: ({ write }) => write([2]) }).waitUntilComplete();
    expect(await collect(await theirs.read(runId, "chat", { timeoutInSeconds: 1 }))).toEqual(["text", { n: 1 }, [2]]);
  });

  it("beside another of ours and one of theirs on one stream, and every part is shown once, each writer's in order", async () => {
    const writers = {
      ours1: (parts: unknown[]) => ours.pipe("chat", slowly(parts, 3), { target: runId }),
      ours2: (parts: unknown[]) => ours.pipe("chat", slowly(parts, 4), { target: runId }),
      theirs: (parts: unknown[]) => theirs.pipe("chat", slowly(parts, 5), { target: runId }),
    };
    await read();
    server.faults.add({ kind: "cut", afterRecords: 30 });
    await Promise.all(Object.entries(writers).map(([who, pipe]) => pipe(some(100, who)).waitUntilComplete()));
    const all = (await shown(300)) as { who: string }[];
    expect(all).toHaveLength(300);
    for (const who of Object.keys(writers)) expect(all.filter((part) => part.who === who)).toEqual(some(100, who));
  });
});

describe("S2's own SDK writes", () => {
  const stream = () => {
    const endpoints = { account: s2.url, basin: s2.url };
    const name = `org/org_dev/env/dev/env_dev/runs/${runId}/chat`;
    return new S2({ accessToken: "ignored", endpoints }).basin(BASIN).stream(name);
  };

  it("envelopes in a session, and our hook shows every part once", async () => {
    const parts = some(200);
    await read();
    const session = await stream().appendSession();
    for (let i = 0; i < parts.length; i += 10) {
      const bodies = parts.slice(i, i + 10).map((data, j) => JSON.stringify({ data, id: `part${i + j}` }));
      await session.submit(AppendInput.create(bodies.map((body) => AppendRecord.string({ body }))));
    }
    await session.close();
    expect(await shown(200)).toEqual(parts);
  });

  it("the same part twice, as a writer that retries does, and it is shown once", async () => {
    const record = (n: number) => AppendRecord.string({ body: JSON.stringify({ data: n, id: `same00${n}` }) });
    for (const batch of [
      [0, 1],
      [1, 2],
      [0, 3],
    ])
      await stream().append(AppendInput.create(batch.map(record)));
    await read();
    expect(await shown(4)).toEqual([0, 1, 2, 3]);
    expect((await page.evaluate(() => window.page.state("a")))?.duplicates).toBe(2);
  });

  it("commands between the parts, which are never shown", async () => {
    const body = (n: number) => AppendRecord.string({ body: JSON.stringify({ data: n, id: `part00${n}` }) });
    await stream().append(AppendInput.create([body(0), AppendRecord.fence("mine"), body(1)]));
    await read();
    expect(await shown(2)).toEqual([0, 1]);
  });
});

describe("our hook sends", () => {
  it("and their on and once receive it", async () => {
    const approval = theirs.input<{ n: number }>({ id: "approval" });
    enter(runId);
    const got: unknown[] = [];
    const first = approval.once();
    const { off } = approval.on((data) => void got.push(data));
    await page.evaluate(([...args]) => window.page.sender(...args), ["s", runId, "approval", client] as const);
    await until(
      () => page.evaluate(() => window.page.sending("s")),
      ({ isReady }) => isReady === true,
    );
    const sent = await page.evaluate(() => window.page.send("s", [{ n: 0 }, { n: 1 }, { n: 2 }]));
    expect(sent).toEqual(["sent", "sent", "sent"]);
    expect(await first.unwrap()).toEqual({ n: 0 });
    await until(
      () => got.length,
      (n) => n >= 3,
    );
    expect(got).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
    off();
  });
});
