// What every script here shares. No dependency: set-up runs it before `npm ci`.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const cache = join(root, ".cache");
export const toolsBin = join(cache, "tools");
export const cargoTarget = process.env.CARGO_TARGET_DIR ?? join(root, "target");

/** An error whose message is all the user needs: no stack. */
export class Stop extends Error {}

/** Runs `main` when the module it is called from is the script that Node was started with. */
export function script(url, main) {
  if (process.argv[1] === undefined || fileURLToPath(url) !== process.argv[1]) return;
  main().catch((error) => {
    console.error(error instanceof Stop ? `\n${error.message}` : error);
    process.exit(1);
  });
}

/** Runs a command, its output streaming through; `onLine` also sees every line, and its stream's name. Resolves to the exit code. */
export function exec(command, args, { cwd = root, env = {}, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }), ...env },
      stdio: ["ignore", onLine ? "pipe" : "inherit", onLine ? "pipe" : "inherit"],
    });
    for (const name of onLine ? ["stdout", "stderr"] : []) {
      let rest = "";
      child[name].setEncoding("utf8").on("data", (text) => {
        process[name].write(text);
        const lines = (rest + text).split("\n");
        rest = lines.pop();
        for (const line of lines) onLine(line, name);
      });
      child[name].on("end", () => rest && onLine(rest, name));
    }
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ? 1 : code));
  });
}

/** As `exec`, but anything but success stops the script. */
export async function run(command, args, options) {
  const code = await exec(command, args, options).catch((error) => error.message);
  if (code !== 0) throw new Stop(`failed (${code}): ${command} ${args.join(" ")}`);
}

/** A command's standard output, or undefined when it cannot run or fails. */
export function capture(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

export function which(name) {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((dir) => join(dir, name))
    .find((path) => existsSync(path) && statSync(path).isFile());
}

/** Every file under the given paths (relative to the root), sorted; what does not exist is left out. */
export function files(...paths) {
  return paths
    .flatMap((path) => {
      const full = join(root, path);
      if (!existsSync(full)) return [];
      if (statSync(full).isFile()) return [path];
      return readdirSync(full, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)));
    })
    .sort();
}

/** One hash over names and contents, and over anything else that matters. */
export function hash(paths, ...also) {
  const sum = createHash("sha256").update(JSON.stringify(also));
  for (const path of paths) sum.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  return sum.digest("hex");
}

/** Does the work of the step `name` unless it was last done with these inputs and every output is still there. */
export async function whenStale(name, { inputs, outputs, work }) {
  const path = join(cache, `${name}.stamp`);
  const isFresh = () => readOr(path, "") === inputs() && outputs.every((output) => existsSync(output));
  if (isFresh()) return;
  await withLock(name, async () => {
    if (isFresh()) return;
    const current = inputs();
    rmSync(path, { force: true });
    await timed(`build ${name}`, work);
    writeFileSync(path, current);
  });
}

/** One process at a time per `name`. The lock of a process that died is taken over. */
export async function withLock(name, work) {
  mkdirSync(cache, { recursive: true });
  const path = join(cache, `${name}.lock`);
  for (let told = false; ; await sleep(200)) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = readOr(path, "");
    if (owner !== "" && !isAlive(Number(owner))) rmSync(path, { force: true });
    else if (!told) {
      told = true;
      console.error(`${name}: waiting for process ${owner} (it holds ${relative(root, path)})`);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Says what is being done, and when it is done, how long it took; on the standard error, as it is no result. */
export async function timed(label, work) {
  const start = performance.now();
  console.error(`· ${label}`);
  const result = await work();
  console.error(`  ${label}: ${seconds(performance.now() - start)}`);
  return result;
}

export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

export const readJson = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));

function readOr(path, otherwise) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
