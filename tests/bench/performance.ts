// `npm run bench`: what this package costs beside the official client. Prints tables and, last, one line of JSON.
// `-- --write` keeps what it found in docs/performance/ and makes docs/performance.md of all that is kept there;
// `-- --document` does the latter alone. Names of sections run only those: `npm run bench -- decode hook`.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { launchOptions } from "../../scripts/browser.mjs";
import { crates } from "./crates.ts";
import { decode } from "./decode.ts";
import { loadResults, type Results, writeDocument } from "./document.ts";
import { growth } from "./growth.ts";
import { hook } from "./hook.ts";
import { many } from "./many.ts";
import { profile } from "./profile.ts";
import { size } from "./size.ts";
import { writer } from "./writer.ts";

const docs = fileURLToPath(new URL("../../docs", import.meta.url));
const sections: { [Name in keyof Results]-?: () => Promise<NonNullable<Results[Name]>> } = {
  size: () => size(),
  crates: () => crates(),
  profile: () => profile(),
  hook: () => hook(),
  many: () => many(),
  growth: () => growth(),
  writer: () => writer(),
  decode: () => decode(),
};

const args = process.argv.slice(2);
const names = Object.keys(sections) as (keyof Results)[];
const given = names.filter((name) => args.includes(name));
const unknown = args.filter((arg) => !arg.startsWith("--") && !names.includes(arg as keyof Results));
if (unknown.length > 0) throw new Error(`no section ${unknown.join(", ")}; there are ${names.join(", ")}`);
const results: Results = {};
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
const [cpu] = cpus();
const on = `commit ${commit}, ${await browserVersion()}, Node ${process.versions.node}, ${cpus().length} cores of ${cpu?.model.trim()}`;
for (const name of args.includes("--document") ? [] : given.length > 0 ? given : names) {
  const start = performance.now();
  console.log(`\n━━ ${name} ━━`);
  Object.assign(results, { [name]: await sections[name]() });
  console.log(`${name}: ${((performance.now() - start) / 1_000).toFixed(0)} s`);
  if (!args.includes("--write")) continue;
  mkdirSync(`${docs}/performance`, { recursive: true });
  const kept = { date: new Date().toISOString().slice(0, 10), on, result: results[name] };
  writeFileSync(`${docs}/performance/${name}.json`, `${JSON.stringify(kept, null, 2)}\n`);
}
if (args.includes("--write") || args.includes("--document")) writeDocument(docs);
console.log(JSON.stringify(summary()));

async function browserVersion(): Promise<string> {
  const browser = await chromium.launch(launchOptions());
  const version = browser.version();
  await browser.close();
  return `Chromium ${version}`;
}

/** The medians of the ratios, in Chromium; what was not measured now is as it was kept. */
function summary() {
  const { decode: rows = [], hook, size } = { ...loadResults(docs), ...results };
  const pick = (read: number, ratio: "toOfficial" | "toHandWritten") =>
    Object.fromEntries(
      rows
        .filter((row) => row.runtime === "chromium" && row.read === read)
        .map((row) => [row.corpus, rounded(row[ratio].median)]),
    );
  const { initial, total } = size ?? {};
  return {
    decode: pick(65_536, "toOfficial"),
    vsJs: pick(65_536, "toHandWritten"),
    small: pick(200, "toOfficial"),
    hook: Object.fromEntries(
      Object.entries(hook?.measured ?? {}).flatMap(([name, { toOfficial }]) =>
        toOfficial ? [[name, rounded(toOfficial.median)]] : [],
      ),
    ),
    size: { initial, total },
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
