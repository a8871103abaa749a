// Clause "Growth": what a part costs as streams, parts and the number of readers grow.
import { mkdirSync, writeFileSync } from "node:fs";
import type { TestBrowser } from "../e2e/browser.ts";
import { cpuOf, HOOKS, openWarm, type Warm } from "./hook.ts";
import { interleaved, type Spread, show, spread, table } from "./measure.ts";
import type { Hook } from "./page.tsx";
import { openBench } from "./page-browser.ts";
import { type Plot, plot } from "./plot.ts";
import { serveOrigins, serveStreams } from "./server.ts";

/** A million parts would take the official hook minutes a round: its cost of a part grows. */
const LONGEST_OF_OFFICIAL = 100_000;
const LENGTHS = [1_000, 10_000, 100_000, 1_000_000];
const SIZES = [16, 256, 4_096, 65_536, 1_048_576];
const READERS = [1, 3, 10, 30, 100];
const SHARED = { run: "burst-b-1000", parts: 1_000 };
/** As in section `many`: each reader of the official hook has a connection of its own. */
const PORTS = 20;

type Kind = keyof typeof PLOTS;
type Curves = Record<Hook, { x: number; y: Spread }[]>;
export type GrowthResult = Record<Kind, Curves>;

const bytes = (size: number) =>
  size >= 1_048_576 ? `${size / 1_048_576} MiB` : size >= 1_024 ? `${size / 1_024} KiB` : `${size} B`;
const count = (parts: number) => parts.toLocaleString("en");

const PLOTS = {
  length: {
    title: "CPU of a part, by the length of the stream",
    x: "parts, 50 records per batch, all at once",
    y: "µs a part",
    name: count,
  },
  size: {
    title: "CPU of a byte, by the size of the part",
    x: "a part's JSON, parts all at once",
    y: "ns a byte",
    name: bytes,
  },
  readers: {
    title: "CPU of a part and a reader, by the number of readers of one stream",
    x: `components that read the same ${count(SHARED.parts)} parts`,
    y: "µs a part and reader",
    name: count,
  },
};

export async function growth({ rounds = 5 } = {}): Promise<GrowthResult> {
  const bench = await openBench(serveStreams);
  const { origins, close } = await serveOrigins(PORTS);
  const result = {
    length: await curves(bench, rounds, LENGTHS, ofLength),
    size: await curves(bench, rounds, SIZES, ofSize, sized),
    readers: await curves(bench, rounds, READERS, (warm, count) => ofReaders(warm, count, origins)),
  };
  close();
  await bench.close();
  console.log(describe(result).join("\n"));
  return result;
}

/** For each point a page for each hook, where it has read `before`. */
async function curves(
  bench: TestBrowser,
  rounds: number,
  xs: number[],
  sample: (warm: Warm, x: number) => Promise<number>,
  before?: (x: number) => { run: string; parts: number },
) {
  const result: Curves = { official: [], ours: [], handWritten: [] };
  for (const x of xs) {
    const hooks = HOOKS.filter((hook) => hook !== "official" || xs !== LENGTHS || x <= LONGEST_OF_OFFICIAL);
    const warm = {} as Record<Hook, Warm>;
    for (const hook of hooks) warm[hook] = await openWarm(bench, hook, before?.(x));
    const samples = await interleaved(rounds, hooks, (hook) => sample(warm[hook], x));
    for (const hook of hooks) result[hook].push({ x, y: spread(samples[hook]) });
    for (const hook of hooks) await warm[hook].page.close();
  }
  return result;
}

async function ofLength(warm: Warm, parts: number) {
  return ((await cpuOf(warm, [{ run: `burst-b-${parts}` }], parts)) * 1_000) / parts;
}

/** Some megabytes, and not so many parts that it is their number that counts. */
function sized(size: number) {
  const parts = Math.max(8, Math.min(10_000, 2 ** 22 / size));
  return { run: `sized-${size}-${parts}`, parts };
}

async function ofSize(warm: Warm, size: number) {
  const { run, parts } = sized(size);
  return ((await cpuOf(warm, [{ run }], parts)) * 1e6) / (size * parts);
}

async function ofReaders(warm: Warm, count: number, origins: string[]) {
  const readers = Array.from({ length: count }, (_, i) => ({
    run: SHARED.run,
    // Those that share a connection read from one origin.
    from: origins[warm.hook === "ours" ? 0 : i % PORTS] as string,
  }));
  const parts = SHARED.parts * count;
  return ((await cpuOf(warm, readers, parts)) * 1_000) / parts;
}

const kinds = Object.keys(PLOTS) as Kind[];

export function describe(result: GrowthResult): string[] {
  return kinds.flatMap((kind) => {
    const { x, y, name } = PLOTS[kind];
    const at = (hook: Hook, x: number) => result[kind][hook].find((point) => point.x === x)?.y;
    const cell = (spread: Spread | undefined) => (spread ? show(spread) : "not measured");
    const rows = result[kind].ours.map(({ x }) => [name(x), ...HOOKS.map((hook) => cell(at(hook, x)))]);
    return [table([x, ...HOOKS.map((hook) => `${hook}, ${y}`)], rows), ""];
  });
}

/** Draws `growth-<kind>.svg` into `folder`, and returns the names. */
export function draw(result: GrowthResult, folder: string): { title: string; file: string }[] {
  mkdirSync(folder, { recursive: true });
  return kinds.map((kind) => {
    const { title, x, y, name } = PLOTS[kind];
    const lines = HOOKS.map((hook) => ({ name: hook, points: result[kind][hook] }));
    const ticks = result[kind].ours.map(({ x }) => ({ at: x, text: name(x) }));
    const picture: Plot = { title, x, y, ticks, lines };
    const file = `growth-${kind}.svg`;
    writeFileSync(`${folder}/${file}`, plot(picture));
    return { title, file };
  });
}
