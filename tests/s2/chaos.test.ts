import { expect, it } from "vitest";
import { chaos, wrongs } from "./chaos.ts";

// The whole of it, 100 kills and 10,000 appends, is tests/long/chaos.test.ts.
it("row 55: 10 SIGKILLs to S2 and the dev server lose nothing acknowledged and double nothing for a reader", async () => {
  const told = await chaos({ kills: 10, appends: 1_000, seed: 4 });
  expect(told.flatMap(wrongs)).toEqual([]);
  for (const { writer, acknowledged, rejected } of told) {
    // A send has one try where its effect is unknown; the writers go on until they know.
    if (writer === "send") expect(acknowledged.length + rejected.size).toBe(250);
    else expect([writer, acknowledged.length]).toEqual([writer, 250]);
  }
}, 240_000);
