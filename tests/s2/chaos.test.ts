import { expect, it } from "vitest";
import { chaos, wrongs } from "./chaos.ts";

// The whole of it, 100 kills and 10,000 appends, is tests/long/chaos.test.ts.
it("row 55: 10 SIGKILLs to S2 and the dev server lose nothing acknowledged and double nothing for a reader", async () => {
  const told = await chaos({ kills: 10, appends: 1_000, seed: 4 });
  expect(told.flatMap(wrongs)).toEqual([]);
  // Who is not told goes on asking: writers and senders alike, since here a part id makes a send safe to repeat.
  for (const { writer, acknowledged } of told) expect([writer, acknowledged.length]).toEqual([writer, 250]);
}, 240_000);
