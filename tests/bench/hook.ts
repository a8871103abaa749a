// Clause "The hook": what a burst, a paced stream and a million parts cost the main thread of a page.
import type { Page } from "playwright-core";
import { interleaved, mainThread, ratio, type Spread, show, spread, table } from "./measure.ts";
import type { Hook, HookOptions } from "./page.tsx";
import { openBench } from "./page-browser.ts";
import { serveStreams } from "./server.ts";

const HOOKS: Hook[] = ["official", "ours"];
const BURSTS = {
  "20000 parts, 1 a batch": "burst-a-20000",
  "20000 parts": "burst-b-20000",
  "300000 parts": "burst-b-300000",
};
const PACED = { "1000 parts/s for 5 s": "paced-1000-5" };
const MILLION = 1_000_000;

type Measured = { what: string; cpu: Record<Hook, Spread>; ratio: Spread };

export type HookResult = {
  measured: Measured[];
  /** Of 300,000 parts that came at once, by this package. */
  burst: { renders: number; perFrame: number; timers: number; longestTask: number };
  /** Bytes in use after a tenth of a million parts with `reduce`, and after all of them. */
  fold: { parts: number; heapBefore: number; heapAfter: number };
};

export async function hook({ rounds = 5 } = {}): Promise<HookResult> {
  const bench = await openBench(serveStreams);
  const measured: Measured[] = [];
  const page = await bench.open();
  const { cpu } = await mainThread(page);
  for (const [what, run] of Object.entries({ ...BURSTS, ...PACED })) {
    const parts = run.startsWith("paced") ? 5_000 : Number(run.split("-")[2]);
    const once = (hook: Hook) => cpu(() => read(page, hook, run, parts));
    if (parts <= 20_000) for (const hook of HOOKS) await once(hook);
    const samples = await interleaved(rounds, HOOKS, once);
    const row = {
      what,
      cpu: { official: spread(samples.official), ours: spread(samples.ours) },
      ratio: ratio(samples.official, samples.ours),
    };
    measured.push(row);
    console.log(describeRow(row).join(" | "));
  }
  await page.close();
  const result = { measured, burst: await watched(await bench.open()), fold: await fold(await bench.open()) };
  console.log(result.burst, result.fold);
  await bench.close();
  return result;
}

async function read(page: Page, hook: Hook, run: string, parts: number, options: HookOptions = {}) {
  await page.evaluate(
    async ([hook, run, parts, options]) => {
      window.bench.mount(hook, [run], options);
      await window.bench.reach(parts);
      window.bench.unmount();
    },
    [hook, run, parts, options] as const,
  );
}

/** The longest task in CPU time, as Chromium traces it, and what the page can count itself. */
async function watched(page: Page): Promise<HookResult["burst"]> {
  await page.evaluate(() => window.bench.watch());
  await read(page, "ours", "burst-b-20000", 20_000);
  const browser = page.context().browser();
  await browser?.startTracing(page, { categories: ["toplevel", "devtools.timeline", "__metadata"] });
  await read(page, "ours", "burst-b-300000", 300_000);
  const trace = JSON.parse(String(await browser?.stopTracing())) as { traceEvents: TraceEvent[] };
  const { renders, perFrame } = await page.evaluate(() => window.bench.shown());
  return {
    renders,
    perFrame,
    timers: await page.evaluate(() => window.bench.timers()),
    longestTask: longestTask(trace.traceEvents),
  };
}

type TraceEvent = { name: string; pid: number; tid: number; tdur?: number; args?: { name?: string } };

/** Of the renderers' main threads, in milliseconds of CPU time. */
function longestTask(events: TraceEvent[]): number {
  const key = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const isMain = ({ name, args }: TraceEvent) => name === "thread_name" && args?.name === "CrRendererMain";
  const main = new Set(events.filter(isMain).map(key));
  const tasks = events.filter((event) => event.name.includes("RunTask") && main.has(key(event)));
  if (tasks.length === 0) throw new Error("the trace has no tasks");
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1_000;
}

async function fold(page: Page): Promise<HookResult["fold"]> {
  const { cdp } = await mainThread(page);
  const heap = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    return (await cdp.send("Runtime.getHeapUsage")).usedSize;
  };
  await page.evaluate((run) => window.bench.mount("ours", [run], { fold: true }), `burst-b-${MILLION}`);
  await page.evaluate((parts) => window.bench.reach(parts), MILLION / 10);
  const heapBefore = await heap();
  await page.evaluate((parts) => window.bench.reach(parts), MILLION);
  return { parts: MILLION, heapBefore, heapAfter: await heap() };
}

const describeRow = ({ what, cpu, ratio }: Measured) => [
  what,
  show(cpu.official),
  show(cpu.ours),
  `**${show(ratio)}**`,
];

export function describe({ measured }: HookResult): string {
  return table(["", "official, ms", "ours, ms", "official / ours"], measured.map(describeRow));
}
