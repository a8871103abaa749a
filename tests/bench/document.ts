// docs/performance.md, from what the benchmark kept in docs/performance/.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe as describeDecode, type Row } from "./decode.ts";
import { describe as describeHook, type HookResult } from "./hook.ts";
import type { Spread } from "./measure.ts";
import { show, table } from "./measure.ts";
import { describe as describeSize, type SizeResult } from "./size.ts";

export type Results = { decode?: Row[]; hook?: HookResult; size?: SizeResult };
type Kept<T> = { date: string; result: T };

export function load<Name extends keyof Results>(
  docs: string,
  name: Name,
): Kept<NonNullable<Results[Name]>> | undefined {
  const path = `${docs}/performance/${name}.json`;
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** What is asked, and what it must be at least, or at most. */
type Goal = { what: string; value: Spread | undefined; atLeast?: number; atMost?: number; unit?: string };

export function writeDocument(docs: string): void {
  const [decode, hook, size] = [load(docs, "decode"), load(docs, "hook"), load(docs, "size")];
  const goals = [...decodeGoals(decode?.result), ...hookGoals(hook?.result), ...sizeGoals(size?.result)];
  const section = (title: string, text: string, kept: Kept<unknown> | undefined, body: () => string[]) => [
    `## ${title}`,
    "",
    text,
    "",
    ...(kept ? [`Measured ${kept.date}.`, "", ...body(), ""] : ["Not measured yet.", ""]),
  ];
  const notes = readFileSync(`${docs}/performance/notes.md`, "utf8").trimEnd();
  writeFileSync(
    `${docs}/performance.md`,
    [
      "# Performance",
      "",
      "Made by `npm run bench -- --write`. CPU time, not wall time: of the page's main thread in Chromium, of the process in Node.",
      "Every figure is the median of interleaved rounds with the least and the most in brackets; a ratio is taken within a",
      "round. *official* is `@trigger.dev/react-hooks` 4.8.3.",
      "",
      "## Goals",
      "",
      table(["", "goal", "measured", ""], goals.map(goalRow)),
      "",
      ...section("Decode", DECODE, decode, () => [describeDecode(decode?.result ?? [])]),
      ...section("The hook", HOOK, hook, () => [
        describeHook(hook?.result as HookResult),
        "",
        ...watched(hook?.result as HookResult),
      ]),
      ...section("Size and start", SIZE, size, () => [describeSize(size?.result as SizeResult)]),
      notes,
      "",
    ].join("\n"),
  );
}

const DECODE =
  "From the reads of one answer to the parts. *handWritten* is `tests/bench/hand-written.ts`, a decoder in JavaScript that can do " +
  "nothing else; *floor* is a `TextDecoder` and one `JSON.parse` of the payload alone; *reading* takes the reads and does nothing with them.";
const HOOK =
  "Main-thread CPU from mounting a reader that shows the number of parts, over the last part, to its unmount.";
const SIZE =
  "A minified app that imports the two hooks, React left out. The budgets in `scripts/budgets.json` are checked in CI.";

function watched({ burst, fold }: HookResult): string[] {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    `300,000 parts at once: ${burst.renders} renders, at most ${burst.perFrame} between two frames, at most ${burst.timers} timers alive, ` +
      `longest task ${burst.longestTask.toFixed(1)} ms of CPU.`,
    "",
    `${fold.parts} parts with \`reduce\`: the heap has ${mb(fold.heapBefore)} after a tenth of them and ${mb(fold.heapAfter)} after all.`,
  ];
}

function goalRow({ what, value, atLeast, atMost, unit = "x" }: Goal): string[] {
  const goal = atLeast === undefined ? `at most ${atMost}${unit}` : `at least ${atLeast}${unit}`;
  if (!value) return [what, goal, "not measured", ""];
  const met = atLeast === undefined ? value.median <= (atMost ?? 0) : value.median >= atLeast;
  return [what, goal, show(value, unit), met ? "met" : "**missed**"];
}

const exactly = (value: number): Spread => ({ median: value, min: value, max: value });

function decodeGoals(rows: Row[] = []): Goal[] {
  const at = (corpus: string, read = 65_536) =>
    rows.find((row) => row.runtime === "chromium" && row.corpus === corpus && row.read === read);
  const goals = { a: 40, b: 40, d: 40, e: 70, c: 1.6, f: 1.6 };
  return [
    ...Object.entries(goals).map(([name, atLeast]) => ({
      what: `decode ${name}`,
      value: at(name)?.toOfficial,
      atLeast,
    })),
    ...["a", "b", "d"].map((name) => ({
      what: `decode ${name}, to hand-written`,
      value: at(name)?.toHandWritten,
      atLeast: 2,
    })),
    ...["a", "b", "d"].map((name) => ({
      what: `decode ${name}, reads of 200 B`,
      value: at(name, 200)?.toOfficial,
      atLeast: 8,
    })),
  ];
}

function hookGoals(result?: HookResult): Goal[] {
  const goals = [12, 12, 25, 1.4];
  const ratios = result?.measured.map(({ what, ratio }, i) => ({
    what: `hook, ${what}`,
    value: ratio,
    atLeast: goals[i] ?? 1,
  }));
  if (!result) return [];
  return [
    ...(ratios ?? []),
    { what: "longest task at 300,000 parts", value: exactly(result.burst.longestTask), atMost: 50, unit: " ms" },
    { what: "timers alive", value: exactly(result.burst.timers), atMost: 2, unit: "" },
  ];
}

function sizeGoals(result?: SizeResult): Goal[] {
  if (!result) return [];
  return [
    { what: "gzip before the first subscription", value: exactly(result.initial / 1024), atMost: 8, unit: " KB" },
    { what: "gzip in all", value: exactly(result.total / 1024), atMost: 36, unit: " KB" },
    { what: "bytes to ready, CPU", value: result.start, atMost: 2, unit: " ms" },
  ];
}
