// examples/suspend, with the package as it would be installed, and as its README says: processes that come and go around a wait.
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { blocksOf, root } from "../site/pages.ts";
import { portLike, run, start } from "../site/shell.ts";
import { app } from "./install.js";

const cwd = join(app, "suspend");
let port: number;
beforeAll(async () => {
  cpSync(join(root, "examples", "suspend"), cwd, { recursive: true });
  port = await portLike(4983);
});

const blocks = blocksOf("examples/suspend/README.md").map(({ code }) => code);
const [serving = "", begin = "", approve = "", again = ""] = blocks;
const onPort = (commands: string) => commands.replace("4983", `${port}`);
const serve = () => start(`${serving.trim()} --port ${port}`, { cwd }).says("Ctrl-C stops it");

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("a process that waits exits, is begun again when the input arrives, and comes to the same result every time", async () => {
  expect(blocks).toHaveLength(4);
  await serve();
  const host = start(onPort(begin), { cwd });
  await host.says("waits, without a process");
  const pid = Number(/in process (\d+)/.exec(host.output)?.[1]);
  expect(isAlive(pid)).toBe(false);
  const { connections } = await (await fetch(`http://127.0.0.1:${port}/dev/connections`)).json();
  expect(connections).not.toEqual([]);
  for (const connection of connections) expect(connection).toHaveProperty("closedAt");

  expect(await run(onPort(approve), { cwd })).toBe("alice approved run_demo\n");
  expect(await host.over).toBe(0);
  expect(host.output).toContain("run_demo is done: published, says alice");
  expect(host.output.match(/runs in process/g)).toHaveLength(2);

  const [exported = ""] = begin.split("\n");
  const output = await run(onPort(`${exported}\n${again}`), { cwd });
  expect(output).toContain("run_demo is done: published, says alice");
  expect(output.match(/runs in process/g)).toHaveLength(1);
});

test("what is suspended holds nothing: a process that does no more ends by itself", async () => {
  await serve();
  const script = `
    import { streams, withRun } from "runstream";
    const suspend = () => new Promise(() => console.log("suspended"));
    await withRun({ id: "run_demo", suspend }, () => {
      return streams.input({ id: "approval" }).wait({ timeout: "1h", pollInSeconds: 1 });
    });`;
  writeFileSync(join(cwd, "held.mjs"), script);
  const held = start(onPort(begin).replace("host.mjs run_demo", "held.mjs"), { cwd });
  // 13 is what Node says of a promise that nothing can settle any more.
  expect(await held.over).toBe(13);
  expect(held.output).toContain("suspended");
});
