import { expect, test, vi } from "vitest";
import { STRICT } from "./browser.ts";
import { runSessions } from "./sessions.ts";

test("50 sessions with 20 faults each lose, double and reorder nothing where WebAssembly is forbidden", {
  timeout: 600_000,
}, async () => {
  vi.stubEnv("PAGE_CSP", STRICT);
  const failures: string[] = [];
  const outcome = await runSessions(50, 1_001, (line) => failures.push(line));
  console.log(JSON.stringify(outcome));
  expect(failures).toEqual([]);
  expect(outcome).toMatchObject({ lost: 0, doubled: 0, reordered: 0, stuck: 0, wrong_error: 0, leaked: 0 });
  expect(outcome.recoverable).toBeGreaterThanOrEqual(35);
});
