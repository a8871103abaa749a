// Fuzzes the core: `npm run fuzz -- [--seconds N] [--runs N] [--sanitizer address] [--report] [target…]`. Each target
// runs alone and in one process, for a minute if nothing else is said. The last line is JSON: executions and crashes.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { cache, capture, cargoTarget, root, run, Stop, script, seconds, timed, which, withLock } from "./lib.mjs";
import { origin } from "./record.mjs";

const CARGO_FUZZ = "0.13.2";
const DIR = join("tests", "fuzz");
const REPORT = join("docs", "reliability", "fuzz.json");

/** The longest input of each, in bytes. Short ones say as much and run faster. */
const targets = {
  sse: { maxLen: 80 },
  batch: { maxLen: 160 },
  diff: { maxLen: 80, seeds: "sse" },
  script: { maxLen: 128 },
};
/** What feeds bytes and JSON to the decoders; the other one is the state machine. */
const DECODERS = ["sse", "batch", "diff"];

const home = join(cache, "fuzz");
const target = join(cargoTarget, "fuzz");

/**
 * Fuzzes the chosen targets one after the other. Resolves to `{ [target]: { executions, seconds, crashes } }`.
 * @param {{ names?: string[], time?: number, runs?: number, sanitizer?: string }} [options] `time` in seconds; `runs`
 * ends a target after that many executions instead; `sanitizer`: "none" (default) or "address". The core has no unsafe
 * code, so the address sanitizer has little to find and takes half of the speed.
 */
export async function fuzz({ names = Object.keys(targets), time = 60, runs, sanitizer = "none" } = {}) {
  const unknown = names.filter((name) => !Object.hasOwn(targets, name));
  if (unknown.length > 0)
    throw new Stop(`no target ${unknown.join(", ")}; there are ${Object.keys(targets).join(", ")}`);
  needNightly();
  await installCargoFuzz();
  const common = ["--fuzz-dir", DIR, "--target-dir", target, "--sanitizer", sanitizer];
  const host = capture("rustc", ["+nightly", "-vV"])?.match(/^host: (.*)$/m)?.[1] ?? "";
  // Following every comparison halves the speed; the dictionaries say what it would find.
  const build = ["+nightly", "fuzz", "build", "--no-trace-compares", ...common];
  await timed("build the fuzz targets", () => withLock("fuzz", () => run("cargo", build, { env: withCargoFuzz() })));
  const results = {};
  for (const name of names) {
    if (interrupted) break;
    const program = join(target, host, "release", name);
    results[name] = await one(name, program, runs === undefined ? ["-max_total_time", time] : ["-runs", runs]);
    if (results[name].crashes > 0) {
      console.log(`\nTo see it again:\n  PATH="${join(home, "bin")}:$PATH" \\`);
      for (const input of results[name].inputs)
        console.log(`  cargo +nightly fuzz run ${common.join(" ")} ${name} ${relative(root, input)}`);
    }
  }
  return results;
}

/** By Ctrl-C: what was done until then counts. */
let interrupted = false;
/** How libFuzzer ends then. */
const INTERRUPTED = 72;

async function one(name, program, [limit, value]) {
  const [corpus, artifacts] = [join(home, "corpus", name), join(home, "artifacts", name)];
  for (const dir of [corpus, artifacts]) mkdirSync(dir, { recursive: true });
  const before = new Set(readdirSync(artifacts));
  console.log(`· ${name} (${limit.slice(1)} ${value})`);
  const start = performance.now();
  const args = [
    `${limit}=${value}`,
    `-max_len=${targets[name].maxLen}`,
    `-dict=${join(root, DIR, "dict", `${name}.dict`)}`,
    `-artifact_prefix=${artifacts}/`,
    ...["-timeout=10", "-rss_limit_mb=1024", "-reload=0", "-print_final_stats=1"],
    // What is found goes into the first folder; the others are only read.
    corpus,
    join(root, DIR, "seeds", targets[name].seeds ?? name),
  ];
  const { code, said } = await listen(name, program, args);
  const executions = Number(/stat::number_of_executed_units:\s*(\d+)/.exec(said)?.[1] ?? 0);
  const inputs = readdirSync(artifacts)
    .filter((file) => !before.has(file))
    .map((file) => join(artifacts, file));
  const crashes = code === 0 || code === INTERRUPTED ? 0 : Math.max(inputs.length, 1);
  const ms = performance.now() - start;
  if (crashes > 0) console.log(said);
  console.log(`  ${name}: ${executions.toLocaleString("en")} executions, ${crashes} crashes, ${seconds(ms)}`);
  return { executions, seconds: Math.round(ms / 1000), crashes, inputs };
}

/** Runs the fuzzer and keeps the last of what it says: it says much, and only the end is worth reading. */
function listen(name, program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    const stop = () => {
      interrupted = true;
      child.kill("SIGINT");
    };
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, stop);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      said = (said + text).slice(-20_000);
      const pulse = Number(/^#(\d+)\s+pulse/m.exec(text)?.[1] ?? 0);
      if (pulse >= 1_000_000) console.log(`  ${name}: ${pulse.toLocaleString("en")} so far`);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, stop);
      resolve({ code: code ?? 1, said });
    });
  });
}

function needNightly() {
  if (!which("rustup"))
    throw new Stop("Fuzzing needs a nightly Rust next to the stable one, and so rustup: https://rustup.rs");
  // Asked so, because running it would make rustup install it.
  if (!/^nightly/m.test(capture("rustup", ["toolchain", "list"]) ?? ""))
    throw new Stop(
      "Fuzzing needs a nightly Rust: `rustup toolchain install nightly --profile minimal`, then run this again.",
    );
  if (!["c++", "g++", "clang++"].some(which))
    throw new Stop(
      "libFuzzer is compiled from C++: install a compiler (Debian: `apt-get install g++`), then run this again.",
    );
}

async function installCargoFuzz() {
  if (existsSync(join(home, "bin", "cargo-fuzz"))) return;
  await withLock("fuzz", async () => {
    if (existsSync(join(home, "bin", "cargo-fuzz"))) return;
    const args = ["install", "cargo-fuzz", "--version", CARGO_FUZZ, "--locked", "--debug", "--root", home];
    await timed(`compile cargo-fuzz ${CARGO_FUZZ} (once)`, () => run("cargo", args));
  });
}

const withCargoFuzz = () => ({ PATH: `${join(home, "bin")}:${process.env.PATH}` });

/** Adds these runs to the report, and the sums over all that it has. */
function report(results, from) {
  const path = join(root, REPORT);
  const { runs } = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { runs: [] };
  for (const [name, { inputs, ...counts }] of Object.entries(results)) runs.push({ ...from, target: name, ...counts });
  const sum = (isCounted) => {
    const counted = runs.filter(({ target }) => isCounted(target));
    const add = (key) => counted.reduce((total, each) => total + each[key], 0);
    return { executions: add("executions"), seconds: add("seconds"), crashes: add("crashes") };
  };
  const totals = {
    decoder: sum((name) => DECODERS.includes(name)),
    stateMachine: sum((name) => !DECODERS.includes(name)),
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ totals, runs }, undefined, 2)}\n`);
  console.log(`written: ${REPORT}`);
}

script(import.meta.url, async () => {
  const { values, positionals } = read(process.argv.slice(2));
  const count = (name) => {
    if (values[name] === undefined) return undefined;
    if (!/^[1-9]\d*$/.test(values[name])) throw new Stop(`--${name} is "${values[name]}"; give a whole number from 1`);
    return Number(values[name]);
  };
  const from = origin();
  const results = await fuzz({
    names: positionals.length > 0 ? positionals : undefined,
    time: count("seconds"),
    runs: count("runs"),
    sanitizer: values.sanitizer,
  });
  if (values.report) report(results, from);
  const line = Object.entries(results).map(([name, { executions, crashes }]) => [name, { executions, crashes }]);
  console.log(JSON.stringify(Object.fromEntries(line)));
  if (Object.values(results).some(({ crashes }) => crashes > 0)) process.exitCode = 1;
});

function read(args) {
  const text = { type: "string" };
  const options = { seconds: text, runs: text, sanitizer: text, report: { type: "boolean" } };
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Stop(error.message);
  }
}
