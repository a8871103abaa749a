// What the benchmark drives in Chromium: the decoders, and the two hooks in the same shell.
import { type Contender, contenders, type Prepared, prepare } from "./contenders.ts";
import type { CorpusName } from "./corpora.ts";

let prepared: Prepared;

const bench = {
  async prepare(name: CorpusName, count: number, read: number) {
    prepared = await prepare(name, count, read);
  },
  async decode(who: Contender, passes: number) {
    for (let i = 0; i < passes; i++) await contenders[who](prepared.corpus, prepared.reads);
  },
};

declare global {
  interface Window {
    bench: typeof bench;
  }
}

window.bench = bench;
