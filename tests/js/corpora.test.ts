import { expect, test } from "vitest";
import { prepare } from "../bench/contenders.ts";
import { CORPORA, type CorpusName, corpus } from "../bench/corpora.ts";

// 7 cuts through every kind of token, 200 is what the benchmark reads; in one read lies everything else.
test.each(Object.keys(CORPORA) as CorpusName[])(
  "corpus %s: the wasm, the official client and the hand-written decoder make the same parts",
  async (name) => {
    for (const read of [7, 200, 65_536]) {
      const { corpus } = await prepare(name, 120 * CORPORA[name].share, read);
      expect(corpus.count).toBe(120 * CORPORA[name].share);
    }
  },
  20_000,
);

test("a corpus is the same bytes each time", () => {
  expect(corpus("d", 50)).toEqual(corpus("d", 50));
});
