// "Start in five minutes", followed to the letter: every block in order, in an empty directory.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { launchOptions } from "../../scripts/browser.mjs";
import { type Block, blocksOf, root } from "./pages.ts";

const around = mkdtempSync(join(tmpdir(), "runstream-start-"));
const app = join(around, "app");
const servers: ChildProcess[] = [];
let browser: Browser | undefined;

afterAll(async () => {
  await browser?.close();
  // Each is the leader of a group, which npx's children are in.
  for (const { pid } of servers) if (pid) process.kill(-pid, "SIGTERM");
  rmSync(around, { recursive: true, force: true, maxRetries: 5 });
});

test("a person who follows the page sees a component that streams", { timeout: 300_000 }, async () => {
  mkdirSync(app);
  const [devPort, pagePort] = [await portLike(4983), await portLike(5173)];
  const code = ({ code }: Block) => code.replaceAll("4983", `${devPort}`);

  const blocks = blocksOf("start");
  const [tarball] = blocks.splice(
    blocks.findIndex(({ label }) => label === "in the clone"),
    1,
  );
  await shell(tarball?.code ?? "", root);
  for (const name of readdirSync(root)) if (name.endsWith(".tgz")) renameSync(join(root, name), join(around, name));

  let page: Page | undefined;
  const shown: string[] = [];
  for (const block of blocks) {
    const { language, label } = block;
    if (language !== "sh") writeFileSync(join(app, label ?? ""), code(block));
    else if (block.code.startsWith("npx runstream dev"))
      await start(`npx runstream dev --port ${devPort}`, "Ctrl-C stops it");
    else if (block.code.startsWith("npx vite")) {
      await start(`npx vite --port ${pagePort} --strictPort`, "ready in");
      page = await open(`http://localhost:${pagePort}`);
      await page.getByText("live", { exact: true }).waitFor();
    } else {
      const isOver = shell(block.code, app).then(() => true);
      while (page && !(await Promise.race([isOver, false]))) {
        const text = (await page.locator("p").first().textContent()) ?? "";
        if (text !== shown.at(-1)) shown.push(text);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await isOver;
    }
  }
  const sentence = "Every part arrives once, in order, while it is being written. ";
  await page?.getByText(sentence, { exact: true }).waitFor();
  expect(shown.length).toBeGreaterThan(5);
  for (const text of shown) expect(sentence.startsWith(text)).toBe(true);
});

/** The port of the page, unless something else on this machine listens there. */
async function portLike(port: number): Promise<number> {
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
      });
    });
  return listen(port).catch(() => listen(0));
}

const shell = (commands: string, cwd: string) =>
  promisify(execFile)("sh", ["-ec", commands], { cwd, env: { ...process.env, NODE_ENV: "" } });

/** Resolves when it has said that it is there. */
function start(command: string, ready: string): Promise<void> {
  const child = spawn("sh", ["-c", command], { cwd: app, detached: true, env: { ...process.env, NODE_ENV: "" } });
  servers.push(child);
  let said = "";
  return new Promise((resolve, reject) => {
    for (const output of [child.stdout, child.stderr])
      output.on("data", (text) => {
        said += text;
        if (said.includes(ready)) resolve();
      });
    child.once("exit", () => reject(new Error(`${command} ended:\n${said}`)));
  });
}

async function open(address: string): Promise<Page> {
  browser = await chromium.launch(launchOptions());
  const page = await browser.newPage();
  await page.goto(address);
  return page;
}
