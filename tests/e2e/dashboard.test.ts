import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { launchOptions } from "../../scripts/browser.mjs";
import { buildDashboard } from "../../scripts/dashboard.mjs";

// The dev server's own page, built from the sources, in Chromium.

let browser: Browser;
let server: DevServer;
let page: Page;
let problems: string[];

beforeAll(async () => {
  await buildDashboard();
  browser = await chromium.launch(launchOptions());
});
afterAll(() => browser.close());
beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  page = await browser.newPage();
  problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
});
afterEach(async () => {
  expect(problems).toEqual([]);
  await page.close();
  await server.close();
});

/** The page looks once a second. */
const eventually = <T>(ask: () => T) => expect.poll(ask, { timeout: 10_000 });
const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
const readers = () => page.getByRole("list", { name: "Readers" }).getByRole("listitem");
/** Position and value of the records shown. */
const shown = () =>
  page
    .locator(".parts tr")
    .evaluateAll((rows) => rows.map((row) => [0, 2].map((i) => row.children[i]?.textContent ?? "")));

/** The page of a run, with its stream being read. */
async function watch(runId: string, stream = "chat"): Promise<void> {
  await page.goto(`${server.url}/#${runId}/${encodeURIComponent(stream)}`);
  await page.getByRole("status").getByText("live").waitFor();
}

it("makes a run, and shows what is written to it: in order, with positions, as it comes and afterwards", async () => {
  await page.goto(server.url);
  await page.getByText("None yet.").waitFor();
  await press("New run");
  await page.waitForURL(/#run_/);
  const id = page.url().split("#")[1] ?? "";
  server.append(id, "chat", "zero");
  server.append(id, "chat", { n: 1 });
  await page.getByRole("tab", { name: /^chat 2$/ }).waitFor();
  await eventually(shown).toEqual([
    ["0", '"zero"'],
    ["1", '{"n":1}'],
  ]);
  server.append(id, "chat", null);
  await eventually(shown).toHaveLength(3);

  await page.reload();
  await eventually(shown).toEqual([
    ["0", '"zero"'],
    ["1", '{"n":1}'],
    ["2", "null"],
  ]);
});

it("shows who reads, cuts them, and shows from where they resumed", async () => {
  server.createRun({ id: "run_1" });
  server.appendAll("run_1", "chat", ["a", "b", "c"]);
  await watch("run_1");
  await eventually(() => readers().allTextContents()).toEqual([expect.stringContaining("from the beginning")]);
  await press("Cut");
  await eventually(() => readers().count()).toBe(2);
  expect(await readers().first().textContent()).toContain("resumed after 2");
  expect(await readers().last().textContent()).toContain("closed by fault");
  server.append("run_1", "chat", "d");
  await eventually(shown).toEqual(["a", "b", "c", "d"].map((text, i) => [String(i), `"${text}"`]));
  expect(server.connections.map(({ lastEventId }) => lastEventId)).toEqual([undefined, "2"]);
});

it("plays faults: those of readers at once, those of writers when one comes", async () => {
  server.createRun({ id: "run_1" });
  server.append("run_1", "chat", 1);
  await watch("run_1");
  await press("503 × 3");
  await page.getByText("status on read").nth(2).waitFor();
  expect(server.faults.fired.map(({ kind }) => kind)).toEqual(["status", "status", "status"]);
  await page.getByRole("status").getByText("live").waitFor();
  server.append("run_1", "chat", 2);
  await eventually(shown).toHaveLength(2);

  await press("Lose answer");
  await page.getByText("1 waiting").waitFor();
  const append = fetch(`${server.url}/realtime/v1/streams/run_1/self/chat/append`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.secretKey}` },
    body: "three",
  });
  await expect(append).rejects.toThrow();
  await page.getByText("drop-answer on append").waitFor();
  await eventually(shown).toHaveLength(3);

  await press("Deleting");
  await page.getByText("1 waiting").waitFor();
  await press("Forget them");
  await eventually(() => server.faults.pending).toBe(0);
});

it("deletes a stream, and shows that what follows is another one", async () => {
  server.createRun({ id: "run_1" });
  server.appendAll("run_1", "chat", ["old", "older"]);
  await watch("run_1");
  await press("Delete");
  await page.getByText("what follows is another stream").waitFor();
  server.append("run_1", "chat", "new");
  await eventually(shown).toEqual([
    ["0", '"old"'],
    ["1", '"older"'],
    ["", expect.stringContaining("reset")],
    ["0", '"new"'],
  ]);
});

it("sends to an input stream, shows what was sent, and what a run that is over answers", async () => {
  server.createRun({ id: "run_1" });
  await page.goto(`${server.url}/#run_1`);
  await page.getByLabel("Stream", { exact: true }).fill("approval");
  await page.getByLabel("Data").fill('{"approved":true}');
  await press("Send");
  await page.getByRole("tab", { name: "input approval 1" }).waitFor();
  await eventually(shown).toEqual([["0", '{"approved":true}']]);
  expect(server.records("run_1", "$trigger.input:approval")).toHaveLength(1);

  await press("Complete");
  await page.getByText("completed", { exact: true }).first().waitFor();
  await page.getByLabel("Data").fill("late");
  await press("Send");
  await page.getByRole("alert").getByText("completed run").waitFor();
});

it("writes a part, and leads to a run's parent", async () => {
  server.createRun({ id: "run_root" });
  server.createRun({ id: "run_1", parentId: "run_root", rootId: "run_root" });
  server.append("run_1", "chat", 1);
  await watch("run_1");
  await page.getByLabel("Data").fill("plain text");
  await press("Write");
  await eventually(shown).toEqual([
    ["0", "1"],
    ["1", '"plain text"'],
  ]);
  await page.getByRole("button", { name: "run_root" }).last().click();
  await eventually(() => page.url()).toBe(`${server.url}/#run_root`);
  await page.getByRole("button", { name: "New child run" }).click();
  await eventually(async () => (await (await fetch(`${server.url}/dev/runs`)).json()).runs).toHaveLength(3);
});

it("says what is no part, and what a run waits for", async () => {
  server.createRun({ id: "run_1" });
  server.appendRaw("run_1", "chat", { headers: [["trigger-control", "turn-complete"]] });
  server.appendRaw("run_1", "chat", { body: "not JSON" });
  const body = JSON.stringify({ streamId: "approval", timeout: "1h" });
  const headers = { authorization: `Bearer ${server.secretKey}` };
  const made = await fetch(`${server.url}/api/v1/runs/run_1/input-streams/wait`, { method: "POST", headers, body });
  const { waitpointId } = (await made.json()) as { waitpointId: string };
  const wait = `${server.url}/engine/v1/runs/run_1/waitpoints/tokens/${waitpointId}/wait`;
  await fetch(wait, { method: "POST", headers });
  await watch("run_1");
  await eventually(shown).toEqual([
    ["0", "control trigger-control: turn-complete"],
    ["1", expect.stringMatching(/^bad .*not JSON/)],
  ]);
  await page.getByText(`waits for ${waitpointId}`).waitFor();
  await page.getByText("waiting", { exact: true }).first().waitFor();
});

it("fits a telephone, and says when the server is gone", async () => {
  server.createRun({ id: "run_1" });
  server.append("run_1", "chat", "x".repeat(300));
  server.append("run_1", `long-${"key-".repeat(30)}`, 1);
  await page.setViewportSize({ width: 360, height: 740 });
  await watch("run_1");
  await eventually(shown).toHaveLength(1);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await server.close();
  await page.getByRole("alert").getByText("does not answer").waitFor();
});
