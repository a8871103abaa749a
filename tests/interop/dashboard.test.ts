import { type Browser, chromium, type Page } from "playwright-core";
import { streams } from "runstream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { launchOptions } from "../../scripts/browser.mjs";
import { buildDashboard } from "../../scripts/dashboard.mjs";
import { BASIN, type ServerProcess, startS2 } from "../s2/processes.ts";

// The dashboard of a dev server whose streams are in a real S2.

let s2: ServerProcess;
let server: DevServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  await buildDashboard();
  s2 = await startS2();
  server = await startDevServer({ port: 0, s2: { endpoint: s2.url, basin: BASIN } });
  browser = await chromium.launch(launchOptions());
  page = await browser.newPage();
});

afterAll(async () => {
  await browser.close();
  await server.close();
  await s2.kill();
});

const eventually = <T>(ask: () => T) => expect.poll(ask, { timeout: 10_000 });
const values = () => page.locator(".parts .value").allTextContents();

async function* letters() {
  yield* ["a", "b", "c"];
}

it("shows what was piped into S2, sends, cuts and plays faults as in memory", async () => {
  const { id } = server.createRun();
  await page.goto(`${server.url}/#${id}`);
  await page.getByText(`streams in ${BASIN}`).waitFor();
  const client = { baseURL: server.url, accessToken: server.secretKey };
  await streams.pipe("chat", letters(), { target: id, ...client }).waitUntilComplete();
  await page.getByRole("tab", { name: "chat" }).waitFor();
  await eventually(values).toEqual(['"a"', '"b"', '"c"']);

  await page.getByRole("button", { name: "503 × 3" }).click();
  await page.getByText("status on read").nth(2).waitFor();
  await page.getByText("resumed after 2").first().waitFor();
  await page.getByLabel("Data").fill("d");
  await page.getByRole("button", { name: "Write" }).click();
  await eventually(values).toEqual(['"a"', '"b"', '"c"', '"d"']);

  await page.getByLabel("What to do").selectOption("Send to input");
  await page.getByLabel("Stream", { exact: true }).fill("approval");
  await page.getByLabel("Data").fill('{"approved":true}');
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByRole("tab", { name: "input approval" }).waitFor();
  await eventually(values).toEqual(['{"approved":true}']);
});
