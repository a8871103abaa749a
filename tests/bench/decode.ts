// Clause "Decode": from the reads of an answer to the parts.
import { type Contender, contenders, type Prepared, prepare } from "./contenders.ts";
import { CORPORA, type CorpusName } from "./corpora.ts";
import { interleaved, mainThread, ratio, type Spread, show, spread, table } from "./measure.ts";
import { openBench } from "./page-browser.ts";

export const READS = [65_536, 16_384, 200];
const names = Object.keys(contenders) as Contender[];
/** One pass of the official client takes as long as many of the others'. */
const PASSES: Record<Contender, number> = { official: 1, ours: 5, fallback: 2, handWritten: 5, floor: 10, reading: 10 };

export type Row = {
  runtime: "chromium" | "node";
  corpus: CorpusName;
  read: number;
  /** CPU milliseconds of a pass over the corpus. */
  cpu: Record<Contender, Spread>;
  toOfficial: Spread;
  toHandWritten: Spread;
  /** How many times the floor it costs. */
  toFloor: Spread;
};

type Runner = {
  prepare(name: CorpusName, count: number, read: number): Promise<void>;
  run(contender: Contender, passes: number): Promise<number>;
};

export async function decode({
  rounds = 5,
  parts = 20_000,
  corpora = Object.keys(CORPORA) as CorpusName[],
} = {}): Promise<Row[]> {
  const bench = await openBench();
  const page = await bench.open();
  const { cpu } = await mainThread(page);
  const chromium: Runner = {
    prepare: (...what) => page.evaluate((what) => window.bench.prepare(...what), what),
    run: (...what) => cpu(() => page.evaluate((what) => window.bench.decode(...what), what)),
  };
  const rows: Row[] = [];
  for (const [runtime, runner] of Object.entries({ chromium, node: inNode() }))
    for (const name of corpora)
      for (const read of READS) {
        await runner.prepare(name, parts * CORPORA[name].share, read);
        const pass = async (who: Contender) => (await runner.run(who, PASSES[who])) / PASSES[who];
        for (const who of names) await pass(who);
        const samples = await interleaved(rounds, names, pass);
        rows.push({
          runtime: runtime as Row["runtime"],
          corpus: name,
          read,
          cpu: Object.fromEntries(names.map((who) => [who, spread(samples[who])])) as Row["cpu"],
          toOfficial: ratio(samples.official, samples.ours),
          toHandWritten: ratio(samples.handWritten, samples.ours),
          toFloor: ratio(samples.ours, samples.floor),
        });
        console.log(describe(rows.slice(-1)).split("\n").at(-1));
      }
  await bench.close();
  return rows;
}

/** The process's CPU time, the threads that collect rubbish and compile included. */
function inNode(): Runner {
  let what: Prepared;
  return {
    async prepare(...args) {
      what = await prepare(...args);
    },
    async run(who, passes) {
      const before = process.cpuUsage();
      for (let i = 0; i < passes; i++) await contenders[who](what.corpus, what.reads);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    },
  };
}

export function describe(rows: Row[]): string {
  const head = [
    "",
    "corpus",
    "reads of",
    ...names.map((name) => `${name}, ms`),
    "official / ours",
    "hand-written / ours",
    "ours / floor",
  ];
  return table(
    head,
    rows.map(({ runtime, corpus, read, cpu, toOfficial, toHandWritten, toFloor }) => [
      runtime,
      corpus,
      `${read} B`,
      ...names.map((name) => show(cpu[name])),
      `**${show(toOfficial)}**`,
      show(toHandWritten),
      show(toFloor),
    ]),
  );
}
