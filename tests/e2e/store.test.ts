// The store in Chromium, shown by plain DOM.
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { openBrowser, type TestBrowser, until } from "./browser.ts";

let browser: TestBrowser;
let page: Page;
let server: DevServer;
let runId: string;
let client: { baseURL: string; accessToken: string };

beforeAll(async () => {
  browser = await openBrowser("production", undefined, "tests/e2e/store-page.ts");
});
afterAll(() => browser.close());
beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  runId = server.createRun().id;
  client = { baseURL: server.url, accessToken: await server.token(runId) };
  page = await browser.open();
});
afterEach(async () => {
  await page.close();
  await server.close();
});

const show = () => page.evaluate(([runId, client]) => window.plain.show(runId, client), [runId, client] as const);
const shows = (text: string, elements = 1) =>
  until(
    () => page.evaluate(() => window.plain.texts()),
    (texts) => texts.length === elements && texts.every((shown) => shown === text),
  );
const say = (text: string) => void server.append(runId, "answer", text);
const openSockets = () => server.connections.filter(({ closedAt }) => closedAt === undefined).length;

test("text arrives as it is written, and a cut loses nothing", async () => {
  say("Hel");
  await show();
  await shows("Hel");
  say("lo");
  await shows("Hello");
  server.cut();
  say(" world");
  await shows("Hello world");
  expect(server.connections.length).toBeGreaterThan(1);
  expect(await page.evaluate(() => window.plain.isLive())).toBe(true);
});

test("two elements share one connection, and nothing stays open when both are left", async () => {
  await show();
  await show();
  say("Hello");
  await shows("Hello", 2);
  expect(openSockets()).toBe(1);
  await page.evaluate(() => window.plain.leave());
  await until(openSockets, (open) => open === 0);
});

test("the reader may stop, and go on", async () => {
  await show();
  say("a");
  await shows("a");
  await page.evaluate(() => window.plain.press());
  await until(openSockets, (open) => open === 0);
  say("b");
  await page.evaluate(() => window.plain.press());
  await shows("ab");
});

test("what is wrong stands beside the text, until it is well again", async () => {
  await show();
  say("Hello");
  await shows("Hello");
  server.faults.add({ kind: "status", status: 503, times: "always" });
  server.cut();
  const problem = () => page.evaluate(() => window.plain.problem());
  expect(await until(problem, (text) => text !== "", 20_000)).toContain("503");
  await shows("Hello");
  server.faults.clear();
  say(" again");
  await until(problem, (text) => text === "", 20_000);
  await shows("Hello again");
});

test("a burst is shown once a frame, a hidden page once a second", async () => {
  const total = 20_000;
  for (let i = 0; i < total; i += 1_000) {
    const numbers = Array.from({ length: 1_000 }, (_, n) => i + n);
    server.appendAll(runId, "numbers", numbers);
  }
  const ask = () =>
    page.evaluate(([runId, client, total]) => window.plain.count(runId, client, total), [
      runId,
      client,
      total,
    ] as const);
  // Two more: the first, which is there at once, and the one that waited for nothing.
  const burst = await ask();
  expect(burst.isWhole).toBe(true);
  expect(burst.snapshots).toBeLessThanOrEqual(burst.ms / 16 + 2);
  await page.evaluate(() => window.plain.setVisibility("hidden"));
  const hidden = await ask();
  expect(hidden.isWhole).toBe(true);
  expect(hidden.snapshots).toBeLessThanOrEqual(hidden.ms / 1_000 + 2);
});
