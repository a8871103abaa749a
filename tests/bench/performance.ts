// `npm run bench`: what this package costs beside the official client. Prints tables and, last, one line of JSON.
// `npm run bench -- --write` keeps what it found in docs/performance/, from which `npm run performance` makes the document.
// Names of sections run only those: `npm run bench -- decode hook`.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decode } from "./decode.ts";
import { hook } from "./hook.ts";

const folder = fileURLToPath(new URL("../../docs/performance", import.meta.url));
const sections = { decode: () => decode({}), hook: () => hook() };

const args = process.argv.slice(2);
const chosen = args.filter((arg) => arg in sections) as Array<keyof typeof sections>;
for (const name of chosen.length > 0 ? chosen : (Object.keys(sections) as typeof chosen)) {
  const result = await sections[name]();
  if (!args.includes("--write")) continue;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    `${folder}/${name}.json`,
    `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), result }, null, 2)}\n`,
  );
}
