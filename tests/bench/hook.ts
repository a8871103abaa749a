// Clause "The hook": what bursts, a paced stream and a million parts cost the main thread of a page.
import type { Page } from "playwright-core";
import type { TestBrowser } from "../e2e/browser.ts";
import { interleaved, type MainThread, mainThread, ratio, type Spread, show, spread, table } from "./measure.ts";
import type { Hook, HookOptions, ReaderOf } from "./page.tsx";
import { openBench } from "./page-browser.ts";
import { held, pace, serveStreams } from "./server.ts";

export const HOOKS: Hook[] = ["official", "ours", "handWritten"];
const MILLION = 1_000_000;

type Run = { run: string; parts: number };
type Workload = Run & { what: string };
const burst = (parts: number): Workload => ({
  what: `${parts.toLocaleString("en")} parts at once`,
  run: `burst-b-${parts}`,
  parts,
});
const WARM: Run = { run: "burst-b-10000", parts: 10_000 };
const PACED: Workload = { what: "1,000 parts/s for 3 s", run: "paced-1000-3", parts: 3_000 };
const WORKLOADS = {
  "20000a": { ...burst(20_000), what: "20,000 parts at once, 1 a batch", run: "burst-a-20000" },
  "20000": burst(20_000),
  "75000": burst(75_000),
  "150000": burst(150_000),
  "300000": burst(300_000),
  paced: PACED,
  late: after(50_000),
  latest: after(MILLION),
};

/** A stream that goes on when so many parts are shown already. */
function after(parts: number): Workload {
  return { what: `${PACED.what}, after ${parts.toLocaleString("en")} parts`, run: `held-b-${parts}`, parts };
}

type Name = keyof typeof WORKLOADS;
/** They say how the others grow; the official hook's growth is in section `growth`, up to what it takes minutes for. */
const WITHOUT_OFFICIAL: Name[] = ["75000", "150000", "latest"];
type Measured = { what: string; cpu: Partial<Record<Hook, Spread>>; toOfficial?: Spread; toHandWritten: Spread };
export type Watched = { renders: number; perFrame: number; timers: number; longestTask: Spread };
/** In bytes. */
type Memory = Record<"heap" | "wasm", Spread>;

export type HookResult = {
  measured: Record<Name, Measured>;
  watched: { what: string; hook: Hook; of: Watched }[];
  /** What is in use after a tenth of a million parts with `reduce`, and after all of them. */
  fold: { parts: number; before: Memory; after: Memory; heapGrowth: Spread };
  /** CPU at 300,000 parts over CPU at 75,000: 4 is linear, 16 quadratic. */
  growth: Record<"ours" | "handWritten", Spread>;
  /** CPU of a paced stream after a million parts over that after 50,000. */
  lateGrowth: Record<"ours" | "handWritten", Spread>;
};

export async function hook({ rounds = 5 } = {}): Promise<HookResult> {
  const bench = await openBench(serveStreams);
  const measured = {} as HookResult["measured"];
  const cpu = {} as Record<Name, Record<Hook, number[]>>;
  for (const name of Object.keys(WORKLOADS) as Name[]) {
    const { what, run, parts } = WORKLOADS[name];
    const hooks = HOOKS.filter((hook) => hook !== "official" || !WITHOUT_OFFICIAL.includes(name));
    const samples = await interleaved(rounds, hooks, (hook) =>
      onNewPage(bench, hook, (warm) =>
        run.startsWith("held") ? paceLate(warm, WORKLOADS[name]) : cpuOf(warm, [{ run }], parts),
      ),
    );
    cpu[name] = samples;
    measured[name] = {
      what,
      cpu: Object.fromEntries(hooks.map((hook) => [hook, spread(samples[hook])])),
      ...(samples.official && { toOfficial: ratio(samples.official, samples.ours) }),
      toHandWritten: ratio(samples.handWritten, samples.ours),
    };
    console.log(describeRow(measured[name]).join(" | "));
  }
  const grown = (to: Name, from: Name) => ({
    ours: ratio(cpu[to].ours, cpu[from].ours),
    handWritten: ratio(cpu[to].handWritten, cpu[from].handWritten),
  });
  const growth = grown("300000", "75000");
  const lateGrowth = grown("latest", "late");
  const watched: HookResult["watched"] = [];
  for (const [hook, what] of [
    ["official", burst(20_000)],
    ["ours", burst(20_000)],
    ["ours", burst(300_000)],
    ["ours", PACED],
  ] as const)
    watched.push({ what: what.what, hook, of: await watch(bench, hook, what, rounds) });
  const result = { measured, watched, fold: await fold(bench, rounds), growth, lateGrowth };
  console.log(JSON.stringify({ watched, fold: result.fold, growth, lateGrowth }));
  await bench.close();
  return result;
}

/** A page on which a hook has read some run, and shown the same of it as the other hooks did: its code is warm then. */
export type Warm = MainThread & { page: Page; hook: Hook };

const digests = new Map<string, string>();

export async function openWarm(bench: TestBrowser, hook: Hook, { run, parts }: Run = WARM): Promise<Warm> {
  const page = await bench.open();
  await page.evaluate(([hook, run]) => window.bench.mount(hook, [{ run }]), [hook, run] as const);
  await page.evaluate((parts) => window.bench.reach(parts), parts);
  const digest = await page.evaluate(() => window.bench.digest());
  if ((digests.get(run) ?? digest) !== digest) throw new Error(`the ${hook} hook shows other parts of ${run}`);
  digests.set(run, digest);
  await page.evaluate(() => window.bench.unmount());
  return { page, hook, ...(await mainThread(page)) };
}

/** Main-thread CPU from mounting readers, over the last part, to their unmount and what it leaves to be done. */
export function cpuOf({ page, hook, cpuInAll }: Warm, readers: ReaderOf[], parts: number): Promise<number> {
  return cpuInAll(() => read(page, hook, readers, parts));
}

/** What one sample leaves in a page shall not be in the next. */
async function onNewPage<T>(bench: TestBrowser, hook: Hook, work: (warm: Warm) => Promise<T>): Promise<T> {
  const warm = await openWarm(bench, hook);
  const result = await work(warm);
  await warm.page.close();
  return result;
}

async function read(page: Page, hook: Hook, readers: ReaderOf[], parts: number, options: HookOptions = {}) {
  await page.evaluate(
    async ([hook, readers, parts, options]) => {
      window.bench.mount(hook, readers, options);
      await window.bench.reach(parts);
      window.bench.unmount();
    },
    [hook, readers, parts, options] as const,
  );
}

/** What a stream costs that goes on when many parts are shown. */
async function paceLate({ page, hook, cpuInAll }: Warm, { run, parts }: Run): Promise<number> {
  await page.evaluate(([hook, run]) => window.bench.mount(hook, [{ run }]), [hook, run] as const);
  await page.evaluate((parts) => window.bench.reach(parts), parts);
  const [answer] = [...held].slice(-1);
  return cpuInAll(async () => {
    if (answer) pace(answer, 1_000, 3, parts);
    await page.evaluate((parts) => window.bench.reach(parts), parts + PACED.parts);
  });
}

/** The longest task in CPU time, as Chromium traces it, and what the page can count itself. */
async function watch(bench: TestBrowser, hook: Hook, { run, parts }: Workload, rounds: number): Promise<Watched> {
  const longest: number[] = [];
  const counts: Omit<Watched, "longestTask">[] = [];
  for (let round = 0; round < rounds; round++)
    await onNewPage(bench, hook, async (warm) => {
      const { page } = warm;
      await page.evaluate(() => window.bench.watch());
      const browser = page.context().browser();
      await browser?.startTracing(page, { categories: ["toplevel", "__metadata"] });
      await cpuOf(warm, [{ run }], parts);
      const trace = JSON.parse(String(await browser?.stopTracing())) as { traceEvents: TraceEvent[] };
      longest.push(longestTask(trace.traceEvents));
      counts.push(await page.evaluate(() => ({ ...window.bench.rendered(), timers: window.bench.timers() })));
    });
  const most = (what: keyof (typeof counts)[number]) => Math.max(...counts.map((count) => count[what]));
  return {
    renders: most("renders"),
    perFrame: most("perFrame"),
    timers: most("timers"),
    longestTask: spread(longest),
  };
}

type TraceEvent = { name: string; pid: number; tid: number; tdur?: number; args?: { name?: string } };

/** Of the renderers' main threads, in milliseconds of CPU time. */
function longestTask(events: TraceEvent[]): number {
  const key = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const isMain = ({ name, args }: TraceEvent) => name === "thread_name" && args?.name === "CrRendererMain";
  const main = new Set(events.filter(isMain).map(key));
  const tasks = events.filter((event) => event.name.includes("RunTask") && main.has(key(event)));
  const longest = Math.max(0, ...tasks.map(({ tdur = 0 }) => tdur)) / 1_000;
  if (longest === 0) throw new Error("the trace has no tasks with their CPU time");
  return longest;
}

async function fold(bench: TestBrowser, rounds: number): Promise<HookResult["fold"]> {
  const run = `burst-b-${MILLION}`;
  const [before, after]: [number[][], number[][]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const page = await bench.open();
    const { cdp } = await mainThread(page);
    const memory = async () => {
      await cdp.send("HeapProfiler.collectGarbage");
      const { usedSize } = await cdp.send("Runtime.getHeapUsage");
      return [usedSize, await page.evaluate(() => window.bench.wasmBytes())];
    };
    await page.evaluate((run) => window.bench.mount("ours", [{ run }], { fold: true }), run);
    await page.evaluate((parts) => window.bench.reach(parts), MILLION / 10);
    before.push(await memory());
    await page.evaluate((parts) => window.bench.reach(parts), MILLION);
    after.push(await memory());
    await page.close();
  }
  const of = (samples: number[][], at: number) => samples.map((sample) => sample[at] ?? Number.NaN);
  const spreads = (samples: number[][]): Memory => ({ heap: spread(of(samples, 0)), wasm: spread(of(samples, 1)) });
  const heapGrowth = ratio(of(after, 0), of(before, 0));
  return { parts: MILLION, before: spreads(before), after: spreads(after), heapGrowth };
}

const describeRow = ({ what, cpu, toOfficial, toHandWritten }: Measured) => [
  what,
  ...HOOKS.map((hook) => (cpu[hook] ? show(cpu[hook]) : "")),
  toOfficial ? `**${show(toOfficial)}**` : "",
  show(toHandWritten),
];

export function describe({ measured, watched, fold, growth, lateGrowth }: HookResult): string[] {
  const mega = ({ median, min, max }: Spread) => show({ median: median / 1e6, min: min / 1e6, max: max / 1e6 }, " MB");
  const mb = ({ heap, wasm }: Memory) => `${mega(heap)} of heap and ${mega(wasm)} of wasm memory`;
  const head = ["", ...HOOKS.map((hook) => `${hook}, ms`), "official / ours", "hand-written / ours"];
  const counts = ["renders", "renders between two frames", "timers alive", "longest task, ms of CPU"];
  return [
    table(head, Object.values(measured).map(describeRow)),
    "",
    `From 75,000 to 300,000 parts the cost grows ${show(growth.ours, "x")} (ours), ${show(growth.handWritten, "x")} (handWritten); 4x is linear, 16x quadratic.`,
    `A paced stream after 1,000,000 parts costs ${show(lateGrowth.ours, "x")} (ours), ${show(lateGrowth.handWritten, "x")} (handWritten) of one after 50,000.`,
    "",
    table(
      ["", "", ...counts.map((count) => (count.startsWith("longest") ? count : `${count}, at most`))],
      watched.map(({ what, hook, of }) => [
        what,
        hook,
        ...[of.renders, of.perFrame, of.timers].map(String),
        show(of.longestTask),
      ]),
    ),
    "",
    `A stream of ${fold.parts.toLocaleString("en")} parts with \`reduce\`: ${mb(fold.before)} after a tenth of them, ${mb(fold.after)} after all.`,
  ];
}
