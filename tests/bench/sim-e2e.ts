// `npm run sim:e2e -- --sessions N [--seed S] [--csp]`: any number of sessions through the real stack; with --csp, on a page
// that may have no WebAssembly.
import { parseArgs } from "node:util";
import { STRICT } from "../e2e/browser.ts";
import { runSessions } from "../e2e/sessions.ts";

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    csp: { type: "boolean" },
  },
});
if (values.csp) process.env.PAGE_CSP = STRICT;
const [sessions, seed] = [Number(values.sessions), Number(values.seed)];
if (!Number.isInteger(sessions) || sessions < 1 || !Number.isInteger(seed)) {
  console.error(
    `--sessions is ${values.sessions} and --seed ${values.seed}; give whole numbers, and at least one session`,
  );
  process.exit(2);
}
const outcome = await runSessions(sessions, seed, (line) => console.log(line));
console.log(JSON.stringify(outcome));
const { lost, doubled, reordered, stuck, wrong_error, leaked } = outcome;
process.exit(lost + doubled + reordered + stuck + wrong_error + leaked > 0 ? 1 : 0);
