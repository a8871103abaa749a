// Where the time goes that the other sections measure: of decoding, by what runs; of making the core ready, step by step.
import { join } from "node:path";
import type { Plugin } from "esbuild";
import type { CDPSession } from "playwright-core";
import { crateOf } from "../../scripts/crates.mjs";
import { cache } from "../../scripts/lib.mjs";
import { buildModule, MODULES } from "../../scripts/wasm.mjs";
import { CORPORA, type CorpusName } from "./corpora.ts";
import { type Spread, show, spread, table } from "./measure.ts";
import { coldSteps, openBench } from "./page-browser.ts";

const STEPS = ["unpackCore", "compileCore", "instantiateCore"] as const;
type Step = (typeof STEPS)[number];

/** All corpora in the reads of most goals, and in short ones those that cannot reach theirs. */
const DECODED: [corpus: CorpusName, read: number, passes: number][] = [
  ...(Object.keys(CORPORA) as CorpusName[]).map((corpus): [CorpusName, number, number] => [corpus, 65_536, 30]),
  ["c", 200, 5],
  ["f", 200, 5],
];

export type ProfileResult = {
  /** Of a corpus the share of the samples in which each of these ran, in percent. */
  decode: { corpus: CorpusName; read: number; shares: Record<string, Spread> }[];
  /** Main-thread CPU of each step from bytes to ready, on a new page, in milliseconds. */
  start: Record<Step, Spread>;
};

export async function profile({ rounds = 7, parts = 20_000 } = {}): Promise<ProfileResult> {
  const result = { decode: await ofDecoding(rounds, parts), start: await coldSteps(rounds, ["fetchCore", ...STEPS]) };
  console.log(describe(result).join("\n"));
  return result;
}

async function ofDecoding(rounds: number, parts: number): Promise<ProfileResult["decode"]> {
  const bench = await openBench(undefined, [await withNames()]);
  const page = await bench.open();
  // A builtin has no frame of its own.
  await page.evaluate(() => {
    const native = JSON.parse;
    JSON.parse = function jsonParse(text: string) {
      return native(text);
    };
  });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Profiler.enable");
  await cdp.send("Profiler.setSamplingInterval", { interval: 100 });
  const result: ProfileResult["decode"] = [];
  for (const [corpus, read, passes] of DECODED) {
    const count = parts * CORPORA[corpus].share;
    await page.evaluate((what) => window.bench.prepare(...what), [corpus, count, read] as const);
    const decode = () => page.evaluate((passes) => window.bench.decode("ours", passes), passes);
    // Sampled as well: what was inlined while nobody looked is not told apart later.
    await sharesOf(cdp, decode);
    const samples: Record<string, number>[] = [];
    for (let round = 0; round < rounds; round++) samples.push(await sharesOf(cdp, decode));
    const names = [...new Set(samples.flatMap((shares) => Object.keys(shares)))];
    const shares = names.map((name) => [name, spread(samples.map((shares) => shares[name] ?? 0))]);
    result.push({ corpus, read, shares: Object.fromEntries(shares) });
  }
  await bench.close();
  return result;
}

/** The reader's wasm with the names of its functions, in place of the one without. */
async function withNames(): Promise<Plugin> {
  const reader = MODULES.find(({ feature }) => feature === "reader");
  if (!reader) throw new Error("there is no module that reads");
  const to = join(cache, "profile");
  await buildModule(reader, { to, isNamed: true });
  return {
    name: "with-names",
    setup({ onResolve }) {
      onResolve({ filter: /generated\/(runstream|wasm-inline)\.js$/ }, ({ path }) => ({
        path: join(to, path.slice(path.lastIndexOf("/"))),
      }));
    },
  };
}

/** In percent of the time in which the main thread was not idle. */
async function sharesOf(cdp: CDPSession, work: () => Promise<unknown>): Promise<Record<string, number>> {
  await cdp.send("Profiler.start");
  await work();
  const { profile } = await cdp.send("Profiler.stop");
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times: Record<string, number> = {};
  let sum = 0;
  for (const [i, id] of (profile.samples ?? []).entries()) {
    const what = whatIs(frames.get(id) ?? { functionName: "", url: "" });
    const time = profile.timeDeltas?.[i] ?? 0;
    if (what === undefined) continue;
    times[what] = (times[what] ?? 0) + time;
    sum += time;
  }
  return Object.fromEntries(Object.entries(times).map(([what, time]) => [what, (100 * time) / sum]));
}

const NATIVE: Record<string, string | undefined> = {
  "(idle)": undefined,
  "(program)": "the browser",
  "(garbage collector)": "garbage collector",
  decode: "`TextDecoder`",
  jsonParse: "`JSON.parse`",
};

function whatIs({ functionName, url }: { functionName: string; url: string }): string | undefined {
  if (url.startsWith("wasm:")) return `wasm: ${crateOf(functionName)}`;
  if (functionName in NATIVE) return NATIVE[functionName];
  return url === "" ? "the browser" : "JavaScript of this package and of the benchmark";
}

/** What takes less of every corpus is added up. */
const LEAST = 2;

export function describe({ decode, start }: ProfileResult): string[] {
  const most = (name: string) => Math.max(...decode.map(({ shares }) => shares[name]?.median ?? 0));
  const names = [...new Set(decode.flatMap(({ shares }) => Object.keys(shares)))]
    .filter((name) => most(name) >= LEAST)
    .sort((a, b) => most(b) - most(a));
  const rest = decode.map(({ shares }) =>
    Object.entries(shares).reduce((sum, [name, { median }]) => (names.includes(name) ? sum : sum + median), 0),
  );
  return [
    table(
      ["%", ...decode.map(({ corpus, read }) => (read < 65_536 ? `${corpus}, reads of ${read} B` : corpus))],
      [
        ...names.map((name) => [name, ...decode.map(({ shares }) => (shares[name] ? show(shares[name]) : ""))]),
        [`all that is under ${LEAST} % everywhere`, ...rest.map((share) => share.toFixed(1))],
      ],
    ),
    "",
    table(
      ["from bytes to ready", "main-thread CPU"],
      [
        ["base64, and unpacking", show(start.unpackCore, " ms")],
        ["compiling, on the main thread", show(start.compileCore, " ms")],
        ["instantiating", show(start.instantiateCore, " ms")],
      ],
    ),
  ];
}
