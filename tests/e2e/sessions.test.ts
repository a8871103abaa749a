import { expect, test } from "vitest";
import { runSessions } from "./sessions.ts";

test("100 sessions with 20 faults each lose, double and reorder nothing, and leave no socket", {
  timeout: 600_000,
}, async () => {
  const failures: string[] = [];
  const outcome = await runSessions(100, 1, (line) => failures.push(line));
  console.log(JSON.stringify(outcome));
  expect(failures).toEqual([]);
  expect(outcome).toMatchObject({ lost: 0, doubled: 0, reordered: 0, stuck: 0, wrong_error: 0, leaked: 0 });
  expect(outcome.recoverable).toBeGreaterThanOrEqual(70);
});
