// `npm run gate`: what the core and its boundary cost, in numbers that no clock has a part in, against
// tests/gate/budgets.json; `-- --write` makes the budgets what was measured.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { allocations, crossings, instructions, linear, prepare, scanned } from "../tests/gate/measure.mjs";
import { capture, readJson, root, Stop, script, which } from "./lib.mjs";
import { setup } from "./setup.mjs";
import { buildWasm } from "./wasm.mjs";

const BUDGETS = "tests/gate/budgets.json";

/**
 * `tolerance`: what a group may exceed its budgets by; memcpy is not the same instructions on every machine. `limit`: the
 * one budget of a group that none is kept for. `why`: the reason why a group is not judged here, if there is one.
 */
const GROUPS = {
  scanned: { title: "bytes looked at, per byte fed", tolerance: 0.01, measure: scanned },
  linear: { title: "that in an event of twice the size, against once", limit: 1, tolerance: 0.02, measure: linear },
  allocations: { title: "allocations", tolerance: 0.01, measure: allocations },
  crossings: { title: "calls between wasm and JavaScript, both ways", tolerance: 0.01, measure: crossings },
  instructions: { title: "instructions per record", tolerance: 0.1, measure: instructions, why: noInstructions },
};

/** One test for each budget. Resolves to `{ code, passed, failed, skipped }`: what was not judged has not passed. */
export async function gate({ write = false } = {}) {
  const budgets = write ? {} : readJson(BUDGETS);
  await prepare();
  const sum = { code: 0, passed: 0, failed: 0, skipped: 0 };
  for (const [name, { title, limit, tolerance, measure, why }] of Object.entries(GROUPS)) {
    const reason = why?.(budgets.toolchain ?? toolchain());
    if (write && reason) throw new Stop(`no budget without a measurement: ${reason.text}`);
    console.log(`\n${name}: ${title}`);
    if (reason) console.log(notJudged(name, reason.text));
    const measured = reason?.isFinal ? {} : measure();
    if (write && limit === undefined) budgets[name] = measured;
    const kept = budgets[name] ?? {};
    for (const metric of new Set([...Object.keys(kept), ...Object.keys(measured)])) {
      const { verdict, text } = judge(measured[metric], limit ?? kept[metric], tolerance);
      sum[reason ? "skipped" : verdict] += 1;
      console.log(`  ${metric.padEnd(34)}${reason ? (measured[metric] ?? "-") : text}`);
    }
  }
  if (write) writeFileSync(join(root, BUDGETS), `${JSON.stringify({ toolchain: toolchain(), ...budgets }, null, 2)}\n`);
  console.log(`\n${sum.passed} within budget, ${sum.failed} over it, ${sum.skipped} SKIPPED`);
  return { ...sum, code: sum.failed > 0 ? 1 : 0 };
}

/** On GitHub also a warning above the log, where nobody has to look for it. */
export function notJudged(group, why, isOnGitHub = Boolean(process.env.GITHUB_ACTIONS)) {
  const text = `  SKIPPED, not judged: ${why}`;
  return isOnGitHub ? `${text}\n::warning title=The gate did not judge ${group}::${why}` : text;
}

/** Whether a metric is within its budget, and what to print. What is no number is over it. */
export function judge(value, budget, tolerance) {
  if (budget === undefined) return { verdict: "failed", text: `${value} FAILED: has no budget` };
  if (value === undefined) return { verdict: "failed", text: `FAILED: was not measured; its budget is ${budget}` };
  const change = budget === 0 ? value : (value - budget) / budget;
  const text = `${String(value).padStart(10)} of ${budget}`;
  if (!(change <= tolerance)) return { verdict: "failed", text: `${text} FAILED: ${percent(change)} more` };
  const note = change < -tolerance ? `, ${percent(-change)} less: npm run gate -- --write` : "";
  return { verdict: "passed", text: text + note };
}

const percent = (share) => `${(share * 100).toFixed(1)} %`;

/** Why the instructions cannot be judged, if they cannot. `isFinal`: nor can they be counted. */
function noInstructions(budgeted) {
  if (!which("valgrind")) return { isFinal: true, text: "valgrind is not installed" };
  if (budgeted === toolchain()) return undefined;
  return { text: `the budgets are those of ${budgeted}, and this is ${toolchain()}` };
}

/** What decides on the instructions: the compiler to the commit, and what it compiles for. */
function toolchain() {
  const said = capture("rustc", ["-vV"]) ?? "";
  const [version, host] = [/^rustc (.*)$/m, /^host: (.*)$/m].map((pattern) => pattern.exec(said)?.[1]);
  return `${version} ${host}`;
}

script(import.meta.url, async () => {
  await setup({ valgrind: true });
  await buildWasm();
  const { code } = await gate({ write: process.argv.includes("--write") });
  process.exitCode = code;
});
