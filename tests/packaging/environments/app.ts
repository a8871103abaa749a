// Makes the apps that the environments are tried with.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { expect, vi } from "vitest";
import { type DevServer, startDevServer } from "../../../js/dev-server/server.ts";
import { launchOptions } from "../../../scripts/browser.mjs";
import { installed, isolate } from "../install.ts";
import type { App } from "./environment.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const cache = fileURLToPath(new URL("../../../.cache/environments", import.meta.url));

/** More than one batch, more than ASCII. */
const PARTS = Array.from({ length: 40 }, (_, i) => (i % 7 === 0 ? { step: i, note: "“żółw” 🐢\n" } : `part ${i} `));
/** How many of them a reader gets before its connection is cut for the first time. */
const CUT_AFTER = 15;

/** The app of an environment, and what ends all that it began. */
export async function openApp(name: string): Promise<{ app: App; close(): Promise<void> }> {
  const folder = join(cache, name);
  install(name, folder);
  const server = await startDevServer({ port: 0 });
  const closers: (() => unknown)[] = [() => server.close()];
  const env = (more = {}) => ({ ...process.env, NO_COLOR: "1", NODE_ENV: undefined, VITEST: undefined, ...more });
  let browser: Browser | undefined;

  const app: App = {
    folder,
    async execute(command, args, more) {
      try {
        const { stdout } = await promisify(execFile)(path(folder, command), args, { cwd: folder, env: env(more) });
        return stdout;
      } catch (thrown) {
        const { stdout, stderr, message } = thrown as { stdout?: string; stderr?: string; message: string };
        throw new Error([message, stdout, stderr].join("\n"));
      }
    },
    async start(command, args, says, more) {
      const child = spawn(path(folder, command), args, { cwd: folder, env: env(more), detached: true });
      closers.push(() => end(child));
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
      let failure: unknown;
      child.on("error", (error) => (failure = error));
      child.on("exit", (code) => (failure ??= `it ended with ${code}`));
      await vi.waitUntil(() => failure || says.test(output), { timeout: 120_000, interval: 50 }).catch(() => {});
      const said = says.exec(output);
      if (!said) throw new Error(`${command} did not say ${says} (${failure ?? "yet"}):\n${output}`);
      return said;
    },
    async freePort() {
      const probe = createServer();
      const port = await listen(probe);
      await new Promise((resolve) => probe.close(resolve));
      return port;
    },
    async serve(served = ".", headers = {}) {
      const site = createServer((req, res) => {
        const name = new URL(req.url ?? "/", "http://x").pathname.replace(/\/$/, "/index.html");
        const file = [join(folder, served, name), join(folder, name)].find((path) => existsSync(path));
        if (!file) return res.writeHead(404).end();
        res.writeHead(200, { "content-type": MEDIA[extname(file)] ?? "text/plain", ...headers });
        res.end(readFileSync(file));
      });
      closers.push(
        () => site.close(),
        () => site.closeAllConnections(),
      );
      return `http://127.0.0.1:${await listen(site)}`;
    },
    async shows(url, { isWasm = true, before } = {}) {
      const { accessToken, runId } = await written(server);
      browser ??= await chromium.launch(launchOptions());
      closers.push(() => browser?.close());
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(error.message));
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      await page.addInitScript(countInstances);
      await before?.(page);
      const query = new URLSearchParams({ runId, accessToken, baseURL: server.url });
      await page.goto(`${url}?${query}`);
      const shown = () =>
        page
          .locator("output")
          .textContent()
          .then((text) => JSON.parse(text ?? "[]"));
      const showsAll = async (parts: unknown[]) => {
        const story = JSON.stringify(parts);
        await page
          .waitForFunction((story) => document.querySelector("output")?.textContent === story, story, {
            timeout: 30_000,
          })
          .catch(async () => expect(await shown().catch(() => problems)).toEqual(parts));
      };
      await showsAll(PARTS);
      const instances = await page.evaluate(() => (window as { instances?: number }).instances);
      expect(instances).toBe(isWasm ? 1 : 0);
      expectCut(server, runId);
      // A connection that is cut is an error on the console of the browser, not of the page.
      expect(problems.filter((problem) => !problem.includes("ERR_INCOMPLETE_CHUNKED_ENCODING"))).toEqual([]);
      const all: unknown[] = [...PARTS];
      const write = async (part: unknown) => {
        server.append(runId, "story", part);
        all.push(part);
        await showsAll(all);
        expectCut(server, runId);
      };
      return { page, write };
    },
    async roundTrip(ask, { isWasm = true, knowsRun = true } = {}) {
      const runId = server.createRun().id;
      cutOnce(server, runId);
      const argument = { runId, accessToken: server.secretKey, baseURL: server.url, parts: PARTS };
      const { read, instances, refusal } = await ask(argument);
      expect(read).toEqual(PARTS);
      expect(refusal).toBe(knowsRun ? undefined : "unsupported");
      expect(server.records(runId, "story")).toHaveLength(PARTS.length);
      // The reader's module and the writer's.
      expect(instances).toBe(isWasm ? 2 : 0);
      expectCut(server, runId);
    },
    async renders(ask, { isWasm = true } = {}) {
      const { accessToken, runId } = await written(server);
      const { read, error, instances } = await ask({ runId, accessToken, baseURL: server.url, parts: PARTS });
      expect(error).toBe("");
      expect(read).toEqual(PARTS);
      expect(instances).toBe(isWasm ? 1 : 0);
      expectCut(server, runId);
    },
  };
  return {
    app,
    async close() {
      for (const close of closers.reverse()) await close();
    },
  };
}

const MEDIA: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

function install(name: string, folder: string) {
  const source = join(here, name);
  const lock = join(source, "package-lock.json");
  if (existsSync(lock)) {
    const stamp = join(folder, "node_modules", ".stamp");
    const wanted = createHash("sha256").update(readFileSync(lock)).digest("hex");
    if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      for (const file of ["package.json", "package-lock.json"]) cpSync(join(source, file), join(folder, file));
      execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder, stdio: "inherit" });
      writeFileSync(stamp, wanted);
    }
  }
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    if (file !== "node_modules") rmSync(join(folder, file), { recursive: true });
  }
  for (const from of ["shared", name]) cpSync(join(here, from), folder, { recursive: true });
  rmSync(join(folder, "environment.ts"));
  isolate(cache);
  const target = join(folder, "node_modules", "runstream");
  rmSync(target, { recursive: true, force: true });
  cpSync(installed, target, { recursive: true });
}

/** A program of the app's own, else of the repository's, else of the machine's. */
function path(folder: string, command: string): string {
  if (command === "node") return process.execPath;
  const found = [folder, fileURLToPath(new URL("../../..", import.meta.url))]
    .map((root) => join(root, "node_modules", ".bin", command))
    .find((candidate) => existsSync(candidate));
  return found ?? command;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** It, and what it started. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  process.kill(-child.pid, "SIGKILL");
  await gone;
}

/** A run whose story is told, for a page. */
async function written(server: DevServer): Promise<{ runId: string; accessToken: string }> {
  const runId = server.createRun().id;
  for (const part of PARTS) server.append(runId, "story", part);
  cutOnce(server, runId);
  return { runId, accessToken: await server.token(runId) };
}

function cutOnce(server: DevServer, runId: string) {
  server.faults.add({ kind: "cut", run: runId, afterRecords: CUT_AFTER });
}

function expectCut(server: DevServer, runId: string) {
  expect(server.faults.fired.filter(({ run }) => run === runId)).toHaveLength(1);
  expect(server.connections.filter((connection) => connection.runId === runId)).toHaveLength(2);
}

function countInstances() {
  const { instantiate, instantiateStreaming } = WebAssembly;
  const page = window as { instances?: number };
  page.instances = 0;
  const count =
    <T extends (...args: never[]) => unknown>(work: T) =>
    (...args: never[]) => {
      page.instances = (page.instances ?? 0) + 1;
      return work.apply(WebAssembly, args);
    };
  WebAssembly.instantiate = count(instantiate as never) as never;
  WebAssembly.instantiateStreaming = count(instantiateStreaming as never) as never;
}
