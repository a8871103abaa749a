// Sets up, builds and runs every test there is: `npm test`, `npm test -- js e2e`. The last line is the sum.
// A section whose folder does not exist yet is left out; one that exists and runs nothing has failed.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromedriver, webdriverJson } from "./browser.mjs";
import { buildPackage } from "./build.mjs";
import { fuzz } from "./fuzz.mjs";
import { gate } from "./gate.mjs";
import { cache, exec, files, root, Stop, script, seconds, toolsBin } from "./lib.mjs";
import { buildS2 } from "./s2.mjs";
import { setup } from "./setup.mjs";
import { simulate } from "./sim.mjs";
import { buildWasm } from "./wasm.mjs";

const locked = process.env.CI ? ["--locked"] : [];

/**
 * `needs`: what is built first. `run`: resolves to `{ code, passed, failed, skipped?, tests? }`; the `tests` are listed at the end.
 * `onlyWhenAsked`: takes long, and is run by its name or with `--all`.
 */
export const sections = {
  rust: { at: "src", run: rust },
  sim: { at: "tests/sim", run: sim },
  gate: { at: "tests/gate", needs: [buildWasm], valgrind: true, run: () => gate() },
  wasm: { at: "tests/web.rs", browser: true, run: wasm },
  js: { at: "tests/js", needs: [buildWasm], run: vitest },
  packaging: { at: "tests/packaging", needs: [buildWasm, buildPackage], browser: true, run: vitest },
  s2: { at: "tests/s2", needs: [buildWasm, buildPackage, buildS2], run: vitest },
  docs: { at: "tests/docs", needs: [buildWasm], run: vitest },
  site: { at: "tests/site", needs: [buildWasm, buildPackage], browser: true, run: vitest },
  interop: { at: "tests/interop", needs: [buildWasm, buildS2], browser: true, run: vitest },
  e2e: { at: "tests/e2e", needs: [buildWasm, buildPackage], browser: true, run: vitest },
  environments: {
    at: "tests/packaging/environments",
    needs: [buildWasm, buildPackage],
    browser: true,
    run: environments,
    onlyWhenAsked: true,
  },
  fuzz: { at: "tests/fuzz", run: fuzzing, onlyWhenAsked: true },
  long: {
    at: "tests/long",
    needs: [buildWasm, buildPackage, buildS2],
    browser: true,
    run: vitest,
    onlyWhenAsked: true,
  },
};

async function main() {
  const chosen = choose(process.argv.slice(2));
  const results = [];
  const section = async (name, work) => {
    const start = performance.now();
    console.log(`\n━━ ${name} ━━`);
    results.push({ name, ...(await work()), ms: performance.now() - start });
  };
  const step = (name, work) => section(name, () => work().then(() => ({}), broken));

  const wants = (what) => chosen.some((name) => sections[name][what]);
  await step("setup", () => setup({ browser: wants("browser"), valgrind: wants("valgrind") }));
  for (const build of new Set(chosen.flatMap((name) => sections[name].needs ?? []))) {
    if (results.some(({ failed }) => failed)) break;
    await step(build.name, build);
  }
  const isReady = !results.some(({ failed }) => failed);
  for (const name of isReady ? chosen : []) await section(name, () => sections[name].run(name).then(judge, broken));

  console.log();
  const counts = ({ passed, failed, skipped }) =>
    `${passed} passed, ${failed} failed${skipped ? `, ${skipped} SKIPPED` : ""}`;
  for (const { ms, ...result } of results)
    console.log(
      `${result.name.padEnd(14)}${seconds(ms).padStart(8)}${result.passed === undefined ? "" : `   ${counts(result)}`}`,
    );
  for (const { title, status, duration } of results.flatMap(({ tests = [] }) => tests))
    console.log(`${status === "passed" ? "pass" : "FAIL"}  ${seconds(duration ?? 0).padStart(7)}   ${title}`);
  const sum = (key) => results.reduce((total, result) => total + (result[key] ?? 0), 0);
  console.log(`\n${counts({ passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") })}`);
  process.exitCode = sum("failed") > 0 ? 1 : 0;
}

function choose(argv) {
  const all = argv.includes("--all");
  const named = argv.filter((arg) => arg !== "--all");
  const unknown = named.filter((name) => !Object.hasOwn(sections, name));
  if (unknown.length > 0)
    throw new Stop(`no section ${unknown.join(", ")}; there are ${Object.keys(sections).join(", ")}`);
  if (named.length > 0) return named;
  return Object.keys(sections).filter(
    (name) => files(sections[name].at).length > 0 && (all || !sections[name].onlyWhenAsked),
  );
}

/** A runner that failed without counting a failure, or that ran nothing, is one failure. */
function judge({ code, passed, failed, skipped = 0, tests }) {
  if (code === 0 && passed + failed > 0) return { passed, failed, skipped, tests };
  if (code === 0) console.log("ran no test");
  return { passed, failed: Math.max(failed, 1), skipped, tests };
}

function broken(error) {
  console.error(error instanceof Stop ? error.message : error);
  return { passed: 0, failed: 1 };
}

function rust() {
  return cargo("cargo", ["test", "--no-fail-fast", ...locked]);
}

/** One test for the sessions, one that a seed means the same twice, and one for each wrong version of the core. */
async function sim() {
  const codes = [await simulate(["--sessions", "20000"]), await simulate(["--check-determinism", "--sessions", "200"])];
  let [caught, survived] = [0, 0];
  const mutantsCode = await simulate(["--mutants", "--sessions", "5000"], (line) => {
    const sum = /^\{"mutants":(\d+),"caught":(\d+),/.exec(line);
    if (sum) [caught, survived] = [Number(sum[2]), Number(sum[1]) - Number(sum[2])];
  });
  const failed = codes.filter((code) => code !== 0).length;
  return { code: failed || mutantsCode, passed: caught + codes.length - failed, failed: survived + failed };
}

function wasm() {
  const args = ["test", "--mode", "no-install", "--headless", "--chrome", "--chromedriver", chromedriver()];
  return cargo(join(toolsBin, "wasm-pack"), [...args, "--", "--test", "web", ...locked], {
    PATH: toolsBin + delimiter + process.env.PATH,
    WASM_BINDGEN_TEST_WEBDRIVER_JSON: webdriverJson(),
    // 5 s and 20 s otherwise: too little for a busy machine with two cores.
    WASM_BINDGEN_TEST_DRIVER_TIMEOUT: "60",
    WASM_BINDGEN_TEST_TIMEOUT: "300",
  });
}

async function cargo(command, args, env) {
  let [passed, failed] = [0, 0];
  const tests = {};
  const onLine = (line) => {
    const test = /^test (\S+) \.\.\. (ok|FAILED)$/.exec(line);
    if (test) tests[test[1]] = test[2] === "ok";
    const result = /^\s*test result: .*?(\d+) passed; (\d+) failed/.exec(line);
    passed += Number(result?.[1] ?? 0);
    failed += Number(result?.[2] ?? 0);
  };
  const code = await exec(command, args, { env, onLine });
  // For `npm run reliability`, like the reports of vitest.
  mkdirSync(join(cache, "test"), { recursive: true });
  writeFileSync(join(cache, "test", `${command === "cargo" ? "rust" : "wasm"}.json`), JSON.stringify(tests));
  return { code, passed, failed };
}

/** A short time for each target; `npm run fuzz` takes as long as it is given. */
async function fuzzing() {
  const crashes = Object.values(await fuzz({ time: 10 })).map((target) => target.crashes);
  const failed = crashes.filter((count) => count > 0).length;
  return { code: 0, passed: crashes.length - failed, failed };
}

/** Every environment there is; the quick ones are a part of `packaging`, too. */
async function environments(name) {
  const result = await vitest("packaging", {
    report: name,
    args: ["tests/packaging/environments.test.ts"],
    env: { RUNSTREAM_ENVIRONMENTS: "all" },
  });
  const tests = result.report?.testResults.flatMap(({ assertionResults }) => assertionResults);
  return { ...result, tests };
}

async function vitest(project, { report: name = project, args = [], env } = {}) {
  const path = join(cache, "test", `${name}.json`);
  mkdirSync(join(cache, "test"), { recursive: true });
  rmSync(path, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${path}`];
  const runner = join(root, "node_modules", "vitest", "vitest.mjs");
  const code = await exec(process.execPath, [runner, "run", "--project", project, ...reporters, ...args], { env });
  if (!existsSync(path)) return { code: code || 1, passed: 0, failed: 0 };
  const report = JSON.parse(readFileSync(path, "utf8"));
  return { code, passed: report.numPassedTests, failed: report.numFailedTests, report };
}

script(import.meta.url, main);
