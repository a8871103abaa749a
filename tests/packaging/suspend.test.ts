// examples/suspend, with the package as it would be installed: processes that come and go around a wait.
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { app } from "./install.js";

const folder = join(app, "suspend");
let server: DevServer;
let runId: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  cpSync(fileURLToPath(new URL("../../examples/suspend", import.meta.url)), folder, { recursive: true });
  server = await startDevServer({ port: 0 });
  runId = server.createRun().id;
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill();
  await server.close();
});

/** Starts a script of the example; `output` grows. */
function start(script: string, ...args: string[]) {
  const env = { ...process.env, TRIGGER_API_URL: server.url, TRIGGER_SECRET_KEY: server.secretKey };
  const child = spawn(process.execPath, [join(folder, script), runId, ...args], { env });
  children.push(child);
  const started = { output: "", exit: new Promise((resolve) => child.on("exit", resolve)) };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (started.output += data));
  return started;
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("a process that waits exits, is begun again when the input arrives, and comes to the same result every time", async () => {
  const host = start("host.mjs");
  await vi.waitUntil(() => host.output.includes("waits, without a process"), { timeout: 30_000 });
  const pid = Number(/in process (\d+)/.exec(host.output)?.[1]);
  expect(isAlive(pid)).toBe(false);
  expect(server.connections.filter(({ closedAt }) => closedAt === undefined)).toEqual([]);

  const approve = start("approve.mjs", "alice");
  expect(await approve.exit).toBe(0);
  expect(await host.exit).toBe(0);
  expect(host.output).toContain(`${runId} is done: published, says alice`);
  expect(host.output.match(/runs in process/g)).toHaveLength(2);

  const again = start("host.mjs");
  expect(await again.exit).toBe(0);
  expect(again.output).toContain(`${runId} is done: published, says alice`);
  expect(again.output.match(/runs in process/g)).toHaveLength(1);
});

test("what is suspended holds nothing: a process that does no more ends by itself", async () => {
  const script = `
    import { streams, withRun } from "runstream";
    const suspend = () => new Promise(() => console.log("suspended"));
    await withRun({ id: process.argv[2], suspend }, () => {
      return streams.input({ id: "approval" }).wait({ timeout: "1h", pollInSeconds: 1 });
    });`;
  writeFileSync(join(folder, "held.mjs"), script);
  const held = start("held.mjs");
  // 13 is what Node says of a promise that nothing can settle any more.
  expect(await held.exit).toBe(13);
  expect(held.output).toContain("suspended");
});
