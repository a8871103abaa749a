// What scripts/gate.mjs judges: each group's metrics by name. Nothing here looks at a clock.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cache, capture, cargoTarget, root, run, Stop } from "../../scripts/lib.mjs";

const folder = join(cache, "gate");
const manifest = join("tests", "gate", "Cargo.toml");
const CORPORA = ["a", "b", "c", "d", "e", "f"];
const PARTS = 10_000;
const READS = [64 * 1024, 200];

/** Four digits are enough, and a budget that says more would change with every commit. */
const round = (value) => Number(value.toPrecision(4));

/** Builds the program, with and without the core's counters, and writes the corpora. */
export async function prepare() {
  mkdirSync(folder, { recursive: true });
  for (const features of [[], ["--features", "counted"]]) {
    const target = ["--target-dir", targetOf(features.length > 0)];
    await run("cargo", ["build", "--release", "--locked", "--manifest-path", manifest, ...target, ...features]);
  }
  await writeCorpora();
}

const targetOf = (isCounted) => join(cargoTarget, isCounted ? "gate-counted" : "gate");
const program = (isCounted) => join(targetOf(isCounted), "release", "runstream-gate");
const corpusFile = (name) => join(folder, `${name}.sse`);

/** The corpora of the benchmark, and single events of some size, as files. */
async function writeCorpora() {
  const { build } = await import("esbuild");
  const outfile = join(folder, "corpora.mjs");
  await build({
    entryPoints: [join(root, "tests", "bench", "corpora.ts")],
    bundle: true,
    format: "esm",
    outfile,
    logLevel: "warning",
  });
  const { CORPORA: described, corpus, v2 } = await import(pathToFileURL(outfile).href);
  for (const name of CORPORA)
    writeFileSync(corpusFile(name), corpus(name, Math.ceil(PARTS * described[name].share)).bytes);
  for (const [name, event] of Object.entries(EVENTS))
    for (const times of [1, 2]) writeFileSync(corpusFile(`${name}-${times}`), event(times * 16 * 1024, v2));
}

/** One event each, made of a pattern repeated so many times. */
const EVENTS = {
  string: (count, v2) => v2([JSON.stringify("text".repeat(count))], 1, () => 0),
  escapes: (count, v2) => v2([JSON.stringify("\n\u0001\\".repeat(count))], 1, () => 0),
  nested: (count, v2) => v2(["[".repeat(count) + "]".repeat(count)], 1, () => 0),
  records: (count, v2) => v2(Array(Math.ceil(count / 16)).fill("0"), count, () => 0),
  lines: (count) => `id: 1-0\ndata: [\n${"data: 0,\n".repeat(count)}data: 0]\n\n`,
};

const versionOf = (name) => (["e", "f"].includes(name) || name.startsWith("lines") ? "v1" : "v2");

function pass(name, read, isCounted = false) {
  const output = capture(program(isCounted), [corpusFile(name), versionOf(name), String(read)]);
  if (output === undefined) throw new Stop(`runstream-gate failed on corpus ${name}`);
  const result = JSON.parse(output);
  if (result.records === 0) throw new Stop(`runstream-gate found no part in corpus ${name}`);
  return result;
}

export function scanned() {
  const found = {};
  for (const name of CORPORA) {
    for (const read of [1, 10, 64 * 1024]) {
      const { bytes, sse, json } = pass(name, read, true);
      found[`${name}, ${read} B reads, decoder`] = round(sse / bytes);
      found[`${name}, ${read} B reads, scanner`] = round(json / bytes);
    }
  }
  return found;
}

/** 1 is linear work; 2 would be quadratic. */
export function linear() {
  const found = {};
  for (const name of Object.keys(EVENTS)) {
    for (const read of [1, 10, 64 * 1024]) {
      const [once, twice] = [1, 2].map((times) => pass(`${name}-${times}`, read, true));
      const perByte = ({ bytes, sse, json }) => (sse + json) / bytes;
      found[`${name}, ${read} B reads`] = round(perByte(twice) / perByte(once));
    }
  }
  return found;
}

export function allocations() {
  const found = {};
  for (const name of CORPORA) {
    for (const read of READS) {
      const { records, flushes, allocations, allocated } = pass(name, read);
      const at = `${name}, ${read} B reads`;
      found[`${at}, per record`] = round(allocations / records);
      found[`${at}, per flush`] = round(allocations / flushes);
      found[`${at}, bytes per record`] = round(allocated / records);
      found[`${at}, bytes per flush`] = round(allocated / flushes);
    }
  }
  return found;
}

export function crossings() {
  const file = join(root, "tests", "gate", "crossings.mjs");
  const found = {};
  for (const name of ["a", "e"]) {
    const output = capture(process.execPath, [file, corpusFile(name), versionOf(name)]);
    if (output === undefined) throw new Stop(`tests/gate/crossings.mjs failed on corpus ${name}`);
    for (const [what, count] of Object.entries(JSON.parse(output))) found[`${name}, ${what}`] = round(count);
  }
  return found;
}

export function instructions() {
  const found = {};
  for (const name of CORPORA) {
    for (const read of READS)
      found[`${name}, ${read} B reads`] = round(collected(name, read) / pass(name, read).records);
  }
  return found;
}

function collected(name, read) {
  const args = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=measured"];
  const { stderr } = spawnSync("valgrind", [...args, program(false), corpusFile(name), versionOf(name), String(read)], {
    encoding: "utf8",
  });
  const count = Number(/Collected : (\d+)/.exec(stderr ?? "")?.[1] ?? 0);
  if (count === 0) throw new Stop(`callgrind counted nothing on corpus ${name}:\n${stderr}`);
  return count;
}
