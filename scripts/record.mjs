// `node scripts/record.mjs <name> "<title>" -- <command…>`: runs a command and keeps the end of what it printed in
// docs/reliability/<name>.json, from which `npm run reliability` makes the document.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exec, root, Stop, script } from "./lib.mjs";

const KEPT_LINES = 60;

async function main() {
  const [name, title, dashes, ...command] = process.argv.slice(2);
  if (dashes !== "--" || command.length === 0)
    throw new Stop('usage: node scripts/record.mjs NAME "TITLE" -- COMMAND…');
  const output = [];
  const [program, ...args] = command;
  const onLine = (line) => {
    // No paths of this machine.
    output.push(line.trimEnd().replaceAll(root, "."));
    if (output.length > KEPT_LINES) output.shift();
  };
  const code = await exec(program, args, { onLine });
  if (code !== 0) throw new Stop(`${command.join(" ")} exited with ${code}; nothing was kept`);
  const folder = join(root, "docs", "reliability");
  mkdirSync(folder, { recursive: true });
  const record = { title, command: command.join(" "), date: new Date().toISOString().slice(0, 10), output };
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(record, null, 2)}\n`);
}

script(import.meta.url, main);
