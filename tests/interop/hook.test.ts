// The official SDK, unchanged, writes through the dev server; our hook shows it in a real browser.
import { apiClientManager, realtimeStreams } from "@trigger.dev/core/v3";
import { StandardRealtimeStreamsManager } from "@trigger.dev/core/v3/workers";
import { auth, configure, streams } from "@trigger.dev/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { openBrowser, type TestBrowser, until } from "../e2e/browser.ts";

let browser: TestBrowser;
let server: DevServer;
let manager: StandardRealtimeStreamsManager;

beforeAll(async () => {
  browser = await openBrowser();
  server = await startDevServer({ port: 0 });
  // Outside a worker the SDK writes nothing and says nothing: the worker's own manager makes it write.
  realtimeStreams.setGlobalManager({
    pipe: (...args) => manager.pipe(...args),
    append: (...args) => manager.append(...args),
  });
});
afterAll(async () => {
  await browser.close();
  await server.close();
});
beforeEach(() => {
  apiClientManager.disable();
  configure({ baseURL: server.url, accessToken: server.secretKey });
  manager = new StandardRealtimeStreamsManager(apiClientManager.clientOrThrow(), server.url);
});

describe.each(["v2", "v1"] as const)("a run read as %s", (version) => {
  it("is piped into by their SDK, cut on the way, and shown whole by our hook with a token of theirs", async () => {
    const { id } = server.createRun({ version });
    const accessToken = await auth.createPublicToken({ scopes: { read: { runs: [id] } } });
    const page = await browser.open();
    const options = { baseURL: server.url, accessToken };
    await page.evaluate(([id, options]) => window.page.read("a", id, "chat", options), [id, options] as const);
    server.faults.add({ kind: "cut", afterRecords: 20 }, { kind: "end", afterRecords: 20 });
    const parts = Array.from({ length: 60 }, (_, i) => ({ i, text: `héllo 🎉 ${i}` }));
    const { waitUntilComplete } = streams.pipe(
      "chat",
      (async function* () {
        for (const part of parts) {
          yield part;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      })(),
      { target: id },
    );
    await waitUntilComplete();
    const state = await until(
      () => page.evaluate(() => window.page.state("a")),
      (now) => (now?.parts.length ?? 0) >= parts.length,
    );
    expect(state?.parts).toEqual(parts);
    expect(server.connections.filter(({ runId }) => runId === id).length).toBeGreaterThan(1);
    await page.close();
  });
});
