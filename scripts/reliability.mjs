// `npm run reliability`: writes docs/reliability.md from what the tests, the simulator, the fuzzer and the benchmark printed.
// Nothing in it is typed by hand; what was not run says so.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cache, capture, readJson, root, Stop, script } from "./lib.mjs";
import { origin } from "./record.mjs";

const folder = join(root, "docs", "reliability");

async function main() {
  const statements = readJson("tests/fixtures/behaviour.json");
  const tests = results();
  const rows = Object.entries(statements).map(([row, statement]) => {
    const own = tests.filter(({ rows }) => rows.includes(row));
    const failed = own.filter(({ ok }) => !ok).length;
    return {
      row,
      statement,
      count: own.length,
      verdict: own.length === 0 ? "**no test**" : failed ? `**${failed} fail**` : "holds",
    };
  });
  const table = rows.map(({ row, statement, count, verdict }) => `| ${row} | ${statement} | ${count} | ${verdict} |`);
  writeFileSync(
    join(root, "docs", "reliability.md"),
    [
      "# Reliability",
      "",
      "Made by `npm run reliability` from the last `npm test` and the files in `docs/reliability/`, which the commands write.",
      `What says how the core's sources, \`src/\`, changed since compares them with those of ${told(origin())}.`,
      "",
      "## What must hold",
      "",
      "Tests that name a row, from the core on the host, the client in Node and the hooks in Chromium.",
      "",
      "| row | statement | tests | |",
      "|---|---|---|---|",
      ...table,
      "",
      ...recorded(),
    ].join("\n"),
  );
  const bad = rows.filter(({ verdict }) => verdict !== "holds");
  console.log(`docs/reliability.md: ${rows.length - bad.length} of ${rows.length} rows hold`);
  if (bad.length > 0) throw new Stop(`not so: ${bad.map(({ row }) => row).join(", ")}`);
}

/** Every test of the last `npm test` that names rows. */
function results() {
  const reports = join(cache, "test");
  if (!existsSync(join(reports, "rust.json"))) throw new Stop("no reports of tests; run npm test first");
  const named = [];
  for (const name of readdirSync(reports)) {
    const report = JSON.parse(readFileSync(join(reports, name), "utf8"));
    if (report.testResults) {
      for (const { fullName, status } of report.testResults.flatMap(({ assertionResults }) => assertionResults)) {
        if (status === "passed" || status === "failed") named.push([fullName, status === "passed"]);
      }
    } else named.push(...Object.entries(report));
  }
  return named.map(([name, ok]) => ({ rows: rowsOf(name), ok }));
}

/** `row_08_…`, `row_22_23_…` in Rust, `row 8: …` or `row 31, …` in TypeScript. */
function rowsOf(name) {
  const found = [...name.matchAll(/row[ _](\d+[a-z]?(?:_\d+[a-z]?)*)(?![a-z0-9])/g)];
  return found.flatMap(([, rows]) => rows.split("_").map((row) => row.replace(/^0+/, "")));
}

/** What longer runs left behind: by scripts/record.mjs the end of what a command printed, by the fuzzer its counts. */
function recorded() {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .flatMap((name) => {
      const record = JSON.parse(readFileSync(join(folder, name), "utf8"));
      if (name === "fuzz.json") return fuzzed(record);
      const { command, seconds, title, output } = record;
      const took = seconds === undefined ? "" : `, ${seconds} s`;
      const from = `\`${command}\`, ${told(record)}${took}. The core's sources since: ${changes(record)}.`;
      return [`## ${title}`, "", from, "", "```", ...output, "```", ""];
    });
}

const told = ({ date, commit = "unknown", dirty }) =>
  `${date}, commit ${commit}${dirty ? " with changes not committed" : ""}`;

/** What became of the core's sources since a record's commit. */
function changes({ commit }) {
  if (commit === undefined) return "unknown";
  const stat = capture("git", ["diff", "--shortstat", commit, "--", "src"]);
  return stat === undefined ? "unknown, as this clone lacks the commit" : stat || "no change";
}

function fuzzed({ totals, runs }) {
  const rows = runs.map((run) => {
    const { target, executions, seconds, crashes } = run;
    return `| ${[target, executions, seconds, crashes, told(run), changes(run)].join(" | ")} |`;
  });
  return [
    "## Fuzzing",
    "",
    "`npm run fuzz -- --report`:",
    "",
    "| target | executions | seconds | crashes | | the core's sources since |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
    `All of these together: the decoder ${totals.decoder.executions} executions, ${totals.decoder.crashes} crashes; ` +
      `the state machine ${totals.stateMachine.executions} executions, ${totals.stateMachine.crashes} crashes.`,
    "",
  ];
}

script(import.meta.url, main);
