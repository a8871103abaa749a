// Input streams, each way, between their SDK and our client, with a real S2 behind our dev server.
import { streams as theirs } from "@trigger.dev/sdk";
import { configure, streams as ours, withRun } from "runstream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { BASIN, type ServerProcess, startS2 } from "../s2/processes.ts";
import { enter, leave, pointAt } from "./official.ts";

let s2: ServerProcess;
let server: DevServer;
let runId: string;

beforeAll(async () => {
  s2 = await startS2();
});
afterAll(() => s2.kill());
beforeEach(async () => {
  server = await startDevServer({ port: 0, s2: { endpoint: s2.url, basin: BASIN } });
  pointAt(server);
  configure({ baseURL: server.url, accessToken: server.secretKey });
  runId = server.createRun().id;
});
afterEach(async () => {
  leave();
  await server.close();
});

const their = theirs.input<unknown>({ id: "approval" });
const our = ours.input<unknown>({ id: "approval" });
const values = [{ approved: true, note: "héllo 🎉" }, "text", "42", 7, false, null, [1, [2]]];

describe("we send", () => {
  it("and their on has every message, in order, those of before it was called as well", async () => {
    enter(runId);
    for (const value of values.slice(0, 3)) await our.send(runId, value);
    const got: unknown[] = [];
    const { off } = their.on((data) => void got.push(data));
    await Promise.all(values.slice(3).map((value) => our.send(runId, value)));
    await expect.poll(() => got.length, { timeout: 10_000 }).toBe(values.length);
    expect(got).toEqual(values);
    off();
  });

  it("and their once takes one each", async () => {
    enter(runId);
    for (const n of [0, 1, 2]) await our.send(runId, { n });
    for (const n of [0, 1, 2]) expect(await their.once().unwrap()).toEqual({ n });
  });

  it("and their wait is over: with what was there, and with what comes", async () => {
    enter(runId);
    await our.send(runId, { n: 0 });
    expect(await their.wait().unwrap()).toEqual({ n: 0 });
    const next = their.wait({ timeout: "1m" });
    await expect.poll(() => server.requests.filter(({ path }) => path.endsWith("/wait")).length).toBe(4);
    await our.send(runId, { n: 1 });
    expect(await next.unwrap()).toEqual({ n: 1 });
  });
});

describe("they send", () => {
  const inRun = <T>(fn: () => Promise<T>) => withRun({ id: runId }, fn);

  it("and our on and once have every message once, in order", async () => {
    for (const value of values.slice(0, 3)) await their.send(runId, value);
    await inRun(async () => {
      expect(await our.once().unwrap()).toEqual(values[0]);
      const got: unknown[] = [];
      our.on((data) => void got.push(data));
      for (const value of values.slice(3)) await their.send(runId, value);
      await expect.poll(() => got.length, { timeout: 10_000 }).toBe(values.length - 1);
      expect(got).toEqual(values.slice(1));
    });
  });

  it("and our wait is over: with what was there, and with what comes", async () => {
    await their.send(runId, { n: 0 });
    await inRun(async () => {
      expect(await our.wait().unwrap()).toEqual({ n: 0 });
      const next = our.wait({ timeout: "1m" });
      await expect.poll(() => server.requests.filter(({ path }) => path.includes("/wait")).length).toBeGreaterThan(1);
      await their.send(runId, { n: 1 });
      expect(await next.unwrap()).toEqual({ n: 1 });
    });
  });
});
