// Clause "Many streams": 100 live subscriptions on one page, idle, and how soon a part is on the page.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import type { TestBrowser } from "../e2e/browser.ts";
import { HOOKS } from "./hook.ts";
import { interleaved, mainThread, type Spread, show, spread, table } from "./measure.ts";
import type { Hook, ReaderOf } from "./page.tsx";
import { openBench } from "./page-browser.ts";
import { clock, held, live, serveOrigins, serveStreams } from "./server.ts";

const MANY = 100;
/** Five connections to each: Chromium opens no more than six to one origin over HTTP/1.1, and one is for preflights. */
const PORTS = MANY / 5;
const IDLE_SECONDS = 20;
const LATENCY_SECONDS = 4;
/** In all, whether over one stream or over many. */
const PARTS_PER_SECOND = 50;
const NEVER = "none";

type Latency = { p50: Spread; p99: Spread };

export type ManyResult = {
  subscriptions: number;
  idleSeconds: number;
  /** Microseconds of main-thread CPU a second, of one idle subscription: what the page takes without any is subtracted. */
  idleCpu: Record<Hook, Spread>;
  /** Bytes that one more subscription takes, of the garbage-collected heap, of the wasm memory and of the process. */
  memory: Record<Hook, Record<keyof Memory, Spread>>;
  /** Milliseconds from the write to the socket to the DOM, over so many streams. */
  latency: Record<"1" | "100", Record<Hook, Latency>>;
  partsPerSecond: number;
};

type Memory = { heap: number; wasm: number; process: number };

export async function many({ rounds = 5 } = {}): Promise<ManyResult> {
  const { origins, close } = await serveOrigins(PORTS);
  const readers = (count: number): ReaderOf[] =>
    Array.from({ length: count }, (_, i) => ({ run: `idle-${i}`, from: origins[i % PORTS] as string }));
  const result: ManyResult = {
    subscriptions: MANY,
    idleSeconds: IDLE_SECONDS,
    idleCpu: await idleCpu(readers(MANY), rounds),
    memory: await memory(readers(MANY + 1), rounds),
    latency: { "1": await latency(readers(1), rounds), "100": await latency(readers(MANY), rounds) },
    partsPerSecond: PARTS_PER_SECOND,
  };
  close();
  console.log(describe(result).join("\n"));
  return result;
}

/** One page for each hook and one with no reader, all at the same time. */
async function idleCpu(readers: ReaderOf[], rounds: number): Promise<ManyResult["idleCpu"]> {
  const bench = await openBench(serveStreams);
  const names = [...HOOKS, NEVER] as const;
  const pages = await Promise.all(
    names.map(async (name) => {
      const page = await bench.open();
      if (name !== NEVER) await mounted(page, name, readers);
      return { name, ...(await mainThread(page)) };
    }),
  );
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    const idle = new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1_000));
    const took = await Promise.all(pages.map(({ cpu }) => cpu(() => idle)));
    for (const [i, name] of names.entries()) samples[name]?.push(took[i] ?? Number.NaN);
  }
  await bench.close();
  const none = samples[NEVER] ?? [];
  return forHooks((hook) =>
    spread((samples[hook] ?? []).map((ms, i) => ((ms - (none[i] ?? 0)) * 1_000) / IDLE_SECONDS / MANY)),
  );
}

/** Resolves when the server has them all. Their subscriptions live until the page is closed. */
async function mounted(page: Page, hook: Hook, readers: ReaderOf[]) {
  const before = held.size;
  await page.evaluate(([hook, readers]) => window.bench.mount(hook, readers, { timed: true }), [
    hook,
    readers,
  ] as const);
  while (held.size < before + readers.length) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A browser for each sample, so that no other page is in the process. The first subscription brings the core, and is not counted. */
async function memory([first, ...rest]: ReaderOf[], rounds: number): Promise<ManyResult["memory"]> {
  const kinds = ["heap", "wasm", "process"] as const;
  const samples = forHooks(() => ({ heap: [], wasm: [], process: [] }) as Record<keyof Memory, number[]>);
  await interleaved(rounds, HOOKS, async (hook) => {
    const bench = await openBench(serveStreams);
    const page = await bench.open();
    await mounted(page, hook, [first as ReaderOf]);
    const before = await memoryOf(page);
    await mounted(page, hook, rest);
    const after = await memoryOf(page);
    for (const kind of kinds) samples[hook][kind].push((after[kind] - before[kind]) / rest.length);
    await bench.close();
    return 0;
  });
  return forHooks((hook) => ({
    heap: spread(samples[hook].heap),
    wasm: spread(samples[hook].wasm),
    process: spread(samples[hook].process),
  }));
}

async function memoryOf(page: Page): Promise<Memory> {
  const { cdp } = await mainThread(page);
  // What was in the making is over, and what it left is collected.
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let i = 0; i < 3; i++) await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  return {
    heap: usedSize,
    wasm: await page.evaluate(() => window.bench.wasmBytes()),
    process: await privateBytes(page),
  };
}

/** Of all the browser's renderers: those that are idle do not grow. Not a number where there is no /proc. */
async function privateBytes(page: Page): Promise<number> {
  const cdp = await page.context().browser()?.newBrowserCDPSession();
  const { processInfo = [] } = (await cdp?.send("SystemInfo.getProcessInfo")) ?? {};
  const kilobytes = processInfo
    .filter(({ type }) => type === "renderer")
    .flatMap(({ id }) => [...rollup(id).matchAll(/^Private_\w+: +(\d+) kB$/gm)].map(([, kb]) => Number(kb)));
  return kilobytes.length > 0 ? kilobytes.reduce((sum, kb) => sum + kb) * 1_024 : Number.NaN;
}

function rollup(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  } catch {
    return "";
  }
}

/** Parts that carry the time at which they were written, one stream after the other, at no rhythm that frames could fall in with. */
async function latency(readers: ReaderOf[], rounds: number): Promise<Record<Hook, Latency>> {
  const bench = await openBench(serveStreams);
  const sampled = forHooks(() => [] as number[][]);
  const pages = {} as Record<Hook, Awaited<ReturnType<typeof timedPage>>>;
  for (const hook of HOOKS) pages[hook] = await timedPage(bench, hook, readers);
  await interleaved(rounds, HOOKS, async (hook) => {
    const { page, write, clockAhead } = pages[hook];
    const end = performance.now() + LATENCY_SECONDS * 1_000;
    let written = 0;
    while (performance.now() < end) {
      write(written++);
      await new Promise((resolve) => setTimeout(resolve, (2_000 / PARTS_PER_SECOND) * Math.random()));
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    const latencies = await page.evaluate(() => window.bench.latencies());
    if (latencies.length !== written) throw new Error(`${hook} showed ${latencies.length} of ${written} parts`);
    sampled[hook].push(latencies.map((ms) => ms + clockAhead).toSorted((a, b) => a - b));
    return 0;
  });
  await bench.close();
  const at = (share: number, hook: Hook) =>
    spread(sampled[hook].map((sorted) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN));
  return forHooks((hook) => ({ p50: at(0.5, hook), p99: at(0.99, hook) }));
}

async function timedPage(bench: TestBrowser, hook: Hook, readers: ReaderOf[]) {
  const page = await bench.open();
  await mounted(page, hook, readers);
  const answers = [...held].slice(-readers.length);
  const clockAhead = await page.evaluate(() => window.bench.clockAhead());
  const positions = answers.map(() => 0);
  const write = (turn: number) => {
    const i = turn % answers.length;
    const at = positions[i] ?? 0;
    positions[i] = at + 1;
    answers[i]?.write(live([String(clock())], at));
  };
  return { page, write, clockAhead };
}

function forHooks<T>(make: (hook: Hook) => T): Record<Hook, T> {
  return Object.fromEntries(HOOKS.map((hook) => [hook, make(hook)])) as Record<Hook, T>;
}

export function describe({
  idleCpu,
  memory,
  latency,
  subscriptions,
  idleSeconds,
  partsPerSecond,
}: ManyResult): string[] {
  const kb = ({ median, min, max }: Spread) => show({ median: median / 1_024, min: min / 1_024, max: max / 1_024 });
  const row = (what: string, cell: (hook: Hook) => string) => [what, ...HOOKS.map(cell)];
  const streams = (count: "1" | "100") => (count === "1" ? "one stream" : `${count} streams`);
  return [
    table(
      ["", ...HOOKS],
      [
        row("CPU of an idle subscription, µs a second", (hook) => show(idleCpu[hook])),
        row("heap of a subscription, KiB", (hook) => kb(memory[hook].heap)),
        row("wasm memory of a subscription, KiB", (hook) => kb(memory[hook].wasm)),
        row("private memory of the process for a subscription, KiB", (hook) => kb(memory[hook].process)),
        ...(["1", "100"] as const).flatMap((count) =>
          (["p50", "p99"] as const).map((p) =>
            row(`socket to DOM over ${streams(count)}, ${p}, ms`, (hook) => show(latency[count][hook][p])),
          ),
        ),
      ],
    ),
    "",
    `${subscriptions} subscriptions on one page, idle for ${idleSeconds} s at a time; ${partsPerSecond} parts/s in all for the time to the DOM.`,
  ];
}
