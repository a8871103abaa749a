// `node scripts/record.mjs <name> "<title>" -- <command…>`: runs a command and keeps the end of its standard output, and of which sources it is,
// in docs/reliability/<name>.json, from which `npm run reliability` makes the document. With the name alone: the same command again.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture, exec, readJson, root, Stop, script } from "./lib.mjs";

const KEPT_LINES = 60;
const FOLDER = join("docs", "reliability");

/** When, and of which sources: to be asked before a run, because it takes long. The document and its records are no sources. */
export function origin() {
  return {
    date: `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
    commit: capture("git", ["rev-parse", "--short", "HEAD"]),
    dirty: capture("git", ["status", "--porcelain", "--", ".", ":!docs"]) !== "",
  };
}

async function main() {
  const [name, title, dashes, ...command] = process.argv.slice(2);
  if (name && title === undefined) {
    const path = join(FOLDER, `${name}.json`);
    const kept = readJson(path);
    if (!kept.command) throw new Stop(`${path} was not written by this script`);
    return record(name, kept.title, kept.command.split(" "));
  }
  if (dashes !== "--" || command.length === 0)
    throw new Stop('usage: node scripts/record.mjs NAME, or NAME "TITLE" -- COMMAND…');
  return record(name, title, command);
}

async function record(name, title, [program, ...args]) {
  const output = [];
  const onLine = (line, stream) => {
    // What is built and how far it is goes to the standard error.
    if (stream !== "stdout" || line.trim() === "") return;
    // No paths of this machine.
    output.push(line.trimEnd().replaceAll(root, "."));
    if (output.length > KEPT_LINES) output.shift();
  };
  const command = [program, ...args].join(" ");
  const from = origin();
  const start = performance.now();
  const code = await exec(program, args, { onLine });
  if (code !== 0) throw new Stop(`${command} exited with ${code}; nothing was kept`);
  const seconds = Math.round((performance.now() - start) / 1000);
  mkdirSync(join(root, FOLDER), { recursive: true });
  const text = JSON.stringify({ title, command, ...from, seconds, output }, null, 2);
  writeFileSync(join(root, FOLDER, `${name}.json`), `${text}\n`);
}

script(import.meta.url, main);
