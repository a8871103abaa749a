// However the package is loaded, there is one of what must be one in a realm.
import { execFile } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { app, installed } from "./install.js";

let server: DevServer;
let runId: string;
beforeEach(async () => {
  cpSync(installed, join(app, "twice"), { recursive: true });
  server = await startDevServer({ port: 0 });
  runId = server.createRun().id;
});
afterEach(() => server.close());

/** Runs `code` in an app that has loaded the package, or its `entry`, in three ways: as `copies`. The third is installed twice. */
async function evaluate(entry: string, code: string): Promise<unknown> {
  const whole = `
    import { createRequire } from "node:module";
    const require = createRequire(process.cwd() + "/app.cjs");
    const copies = [
      await import("runstream${entry}"),
      require("runstream${entry}"),
      await import("./twice/dist/${entry.slice(1) || "index"}.js"),
    ];
    const [baseURL, accessToken, runId] = process.argv.slice(1);
    ${code}`;
  const args = ["--input-type=module", "-e", whole, "--", server.url, server.secretKey, runId];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: app });
  return JSON.parse(stdout);
}

test("hooks of every copy share one connection, one core and the provider", async () => {
  server.append(runId, "story", "once");
  const code = `
    const { Window } = await import("happy-dom");
    globalThis.window = new Window();
    globalThis.document = window.document;
    globalThis.navigator ??= window.navigator;
    const { createElement } = await import("react");
    const { createRoot } = await import("react-dom/client");
    let instances = 0;
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = (module, imports) => {
      if (!imports.env) instances++;
      return instantiate(module, imports);
    };
    const readers = copies.map(({ useRealtimeStream }) => () => useRealtimeStream(runId, "story").parts.join());
    const { TriggerAuthContext } = copies[0];
    const div = document.createElement("div");
    createRoot(div).render(
      createElement(TriggerAuthContext.Provider, { value: { baseURL, accessToken } }, readers.map((reader, key) => createElement(reader, { key }))),
    );
    for (let i = 0; i < 1_000 && div.textContent !== "onceonceonce"; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    console.log(JSON.stringify([div.textContent, instances]));
    process.exit();`;
  expect(await evaluate("/react", code)).toEqual(["onceonceonce", 1]);
  expect(server.connections).toHaveLength(1);
});

test("appends through every copy stay in the order of the calls, by what one of them was configured with", async () => {
  const code = `
    copies[1].configure({ baseURL, accessToken });
    const appends = Array.from({ length: 60 }, (_, i) => copies[i % 3].streams.append("log", i, { target: runId }));
    console.log(JSON.stringify((await Promise.all(appends)).length));`;
  expect(await evaluate("", code)).toBe(60);
  const stored = server.records(runId, "log").map((record) => JSON.parse((record as { body: string }).body).data);
  expect(stored).toEqual(Array.from({ length: 60 }, (_, i) => i));
  expect(server.requests.filter(({ method }) => method === "PUT")).toHaveLength(1);
});

test("the run of one copy is the run of every copy, and so is what it is told", async () => {
  server.appendInput(runId, "go", 1);
  const code = `
    const id = "go";
    const got = await copies[0].withRun({ id: runId, accessToken, baseURL }, () =>
      Promise.all([0, 1, 2].map((i) => copies[i].streams.input({ id }).once({ timeoutMs: 1000 }).then(({ ok }) => ok))),
    );
    console.log(JSON.stringify(got));`;
  expect(await evaluate("", code)).toEqual([true, false, false]);
});
