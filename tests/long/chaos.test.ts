import { expect, it } from "vitest";
import { chaos, wrongs } from "../s2/chaos.ts";

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

it(`row 55: 100 SIGKILLs during 10,000 appends lose nothing acknowledged and double nothing (SEED=${seed})`, async () => {
  const told = await chaos({ kills: 100, appends: 10_000, seed });
  expect(told.flatMap(wrongs)).toEqual([]);
  for (const { writer, acknowledged, rejected } of told) {
    // A send gives up after ten tries; a writer goes on.
    expect([writer, acknowledged.length + (writer === "send" ? rejected.size : 0)]).toEqual([writer, 2_500]);
  }
}, 1_800_000);
