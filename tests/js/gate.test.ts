import { expect, test } from "vitest";
import { judge, notJudged } from "../../scripts/gate.mjs";

test.each([
  ["is what it was", 100, 100, "passed"],
  ["is over its budget by no more than the tolerance", 110, 100, "passed"],
  ["is over it by more", 110.1, 100, "failed"],
  ["is less", 50, 100, "passed"],
  ["is something where there was nothing", 1, 0, "failed"],
  ["is still nothing", 0, 0, "passed"],
  ["has no budget", 1, undefined, "failed"],
  ["was not measured", undefined, 1, "failed"],
  ["is no number", Number.NaN, 1, "failed"],
])("the gate judges a metric that %s", (_, value, budget, verdict) => {
  expect(judge(value, budget, 0.1).verdict).toBe(verdict);
});

test("what the gate does not judge is a warning on GitHub", () => {
  expect(notJudged("instructions", "no valgrind", false)).not.toContain("::");
  expect(notJudged("instructions", "no valgrind", true)).toMatch(/^::warning title=[^:]*instructions::no valgrind$/m);
});
