import { expect, it } from "vitest";
import { chaos, wrongs } from "./chaos.ts";

// The whole of it, 100 kills and 10,000 appends, is tests/long/chaos.test.ts.
it("row 55: 10 SIGKILLs to S2 and the dev server lose nothing acknowledged and double nothing for a reader", async () => {
  const told = await chaos({ kills: 10, appends: 1_000, seed: 4 });
  expect(told.flatMap(wrongs)).toEqual([]);
  for (const { writer, acknowledged, rejected } of told) {
    // A send gives up after ten tries; a writer goes on.
    expect([writer, acknowledged.length + (writer === "send" ? rejected.size : 0)]).toEqual([writer, 250]);
  }
}, 240_000);
