// docs/performance.md, from what the benchmark kept in docs/performance/.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type CratesResult, describe as describeCrates } from "./crates.ts";
import { describe as describeDecode, type Row } from "./decode.ts";
import { describe as describeGrowth, draw, type GrowthResult } from "./growth.ts";
import { describe as describeHook, type HookResult, type Watched } from "./hook.ts";
import { lost } from "./lost.ts";
import { describe as describeMany, type ManyResult } from "./many.ts";
import type { Spread } from "./measure.ts";
import { show, table } from "./measure.ts";
import { describe as describeProfile, type ProfileResult } from "./profile.ts";
import { describe as describeSize, type SizeResult } from "./size.ts";
import { describe as describeWriter, type WriterResult } from "./writer.ts";

export type Results = {
  decode?: Row[];
  hook?: HookResult;
  many?: ManyResult;
  growth?: GrowthResult;
  writer?: WriterResult;
  size?: SizeResult;
  crates?: CratesResult;
  profile?: ProfileResult;
};
/** `on`: the commit, the machine and what ran. */
type Kept<T> = { date: string; on: string; result: T };

type AllKept = { [Name in keyof Results]?: Kept<NonNullable<Results[Name]>> };

function load(docs: string): AllKept {
  const files = readdirSync(`${docs}/performance`).filter((file) => file.endsWith(".json"));
  const read = (file: string) => JSON.parse(readFileSync(`${docs}/performance/${file}`, "utf8"));
  return Object.fromEntries(files.map((file) => [file.replace(".json", ""), read(file)]));
}

const resultsIn = (all: AllKept): Results =>
  Object.fromEntries(Object.entries(all).map(([name, { result }]) => [name, result]));

/** What was kept last of each section. */
export const loadResults = (docs: string): Results => resultsIn(load(docs));

/** What is asked, and what it must be at least, or at most; what was gone for beyond it. A number was counted, not timed. */
type Goal = {
  what: string;
  value: Spread | number | undefined;
  atLeast?: number;
  atMost?: number;
  goingFor?: number;
  unit?: string;
};

export function writeDocument(docs: string): void {
  const all = load(docs);
  const results = resultsIn(all);
  const section = <Name extends keyof Results>(
    name: Name,
    title: string,
    text: string,
    body: (result: NonNullable<Results[Name]>) => string[],
  ) => {
    const kept = all[name];
    const found = kept ? [`Measured ${kept.date}: ${kept.on}.`, "", ...body(kept.result)] : ["Not measured yet."];
    return [`## ${title}`, "", text, "", ...found, ""];
  };
  const goals = [...decodeGoals(results.decode), ...hookGoals(results.hook), ...sizeGoals(results.size)];
  const notes = readFileSync(`${docs}/performance/notes.md`, "utf8").trimEnd();
  writeFileSync(
    `${docs}/performance.md`,
    [
      "# Performance",
      "",
      "Made by `npm run bench -- --write`. CPU time, not wall time: of the page's main thread in Chromium, of the process in Node.",
      "A figure with brackets is the median of interleaved rounds, with the least and the most; a ratio is taken within a",
      "round. One without was counted. *official* is `@trigger.dev/react-hooks` 4.8.3, or the SDK of that version where something is written.",
      "",
      "## Goals",
      "",
      table(["", "goal", "going for", "measured", ""], goals.map(goalRow)),
      "",
      "## Lost",
      "",
      "Every comparison of this document in which another one does better, by medians. Less is better in all.",
      "",
      table(["", "to", "ours", "theirs"], lost(results)),
      "",
      ...section("decode", "Decode", DECODE, (result) => [describeDecode(result)]),
      ...section("hook", "The hook", HOOK, describeHook),
      ...section("many", "Many streams", MANY, describeMany),
      ...section("growth", "Growth", GROWTH, (result) => [
        ...draw(result, `${docs}/performance`).flatMap(({ title, file }) => [`![${title}](performance/${file})`, ""]),
        ...describeGrowth(result),
      ]),
      ...section("writer", "The writer", WRITER, describeWriter),
      ...section("size", "Size and start", SIZE, (result) => [describeSize(result)]),
      ...section("crates", "What the size is made of", CRATES, describeCrates),
      ...section("profile", "Where the time goes", PROFILE, describeProfile),
      notes,
      "",
    ]
      .join("\n")
      .replaceAll(/\n{3,}/g, "\n\n"),
  );
}

const DECODE =
  "From the reads of one answer to the parts. *fallback* is the same core as JavaScript, which runs where WebAssembly may not; *handWritten* " +
  "is `tests/bench/hand-written.ts`, a decoder in JavaScript that can do nothing else; *floor* is a `TextDecoder` and one `JSON.parse` of the " +
  "payload alone; *reading* takes the reads and does nothing with them.";
const HOOK =
  "Main-thread CPU from mounting a reader that shows the number of parts, over the last part, to its unmount and what that leaves to be " +
  "done. Each sample is taken on a new page, where the same hook has shown 10,000 other parts. *handWritten* is a hook around the " +
  "decoder of that name, with an update a frame; it can do nothing else.";
const MANY =
  "A page with that many components, each with a live stream of its own, over HTTP/1.1: five connections to each of 20 ports, because Chromium " +
  "opens no more than six to one. The server pings as the service does, at once and then every 5 to 15 s. Memory is that of the second and " +
  "later subscriptions; the first one also brings the core. The time to the DOM is from the server's write to the effect of " +
  "the commit that shows the part, by the clock of the machine that both are on.";
const GROWTH =
  "Lines join medians, bars go from the least to the most. As under *The hook*, CPU of the main thread from mount to unmount, so a short stream " +
  "pays for both. Each point has a page for each hook. *official* stops at 100,000 parts: more take minutes. Of the hooks *ours* alone shares one connection among the readers of a stream.";
const WRITER =
  "`streams.pipe` in a process of its own, into a real S2 (`s2-lite`, in memory) on the same machine, by way of the dev server's gateway. CPU is " +
  "that process's, all threads. What S2 then has is compared with what was written. A batch is one append; *official* sends its appends in one " +
  "HTTP/2 session, *ours* one a request.";
const SIZE =
  "A minified app that imports the two hooks, React left out. The budgets in `scripts/budgets.json` are checked in CI.";
const CRATES =
  "Gzip bytes, as measured by taking that code away and compressing the rest. Code that was inlined counts where it was inlined.";
const PROFILE =
  "Of decoding in Chromium, as *ours* does it, in reads of 64 KiB unless another size is said: what the sampling profiler finds running, in percent of the time in which something " +
  "runs, by corpus. The wasm is the same, with the names of its functions; what was inlined counts where it was inlined. Of the start: each step on " +
  "its own, which costs a little more than all of them in one go.";

function goalRow({ what, value, atLeast, atMost, goingFor, unit = "x" }: Goal): string[] {
  const goal = atLeast === undefined ? `at most ${atMost}${unit}` : `at least ${atLeast}${unit}`;
  const beyond = goingFor === undefined ? "" : `${goingFor}${unit}`;
  if (value === undefined) return [what, goal, beyond, "not measured", ""];
  const figure = typeof value === "number" ? value : value.median;
  const reaches = (bound: number) => (atLeast === undefined ? figure <= bound : figure >= bound);
  const verdict = !reaches(atLeast ?? atMost ?? 0)
    ? "**missed**"
    : goingFor && reaches(goingFor)
      ? "met, and more"
      : "met";
  return [
    what,
    goal,
    beyond,
    typeof value === "number" ? `${Number(value.toFixed(2))}${unit}` : show(value, unit),
    verdict,
  ];
}

function decodeGoals(rows: Row[] = []): Goal[] {
  const at = (corpus: string, read = 65_536) =>
    rows.find((row) => row.runtime === "chromium" && row.corpus === corpus && row.read === read);
  const goals = { a: [40, 50], b: [40, 50], d: [40, 50], e: [70, 90], c: [1.6, 2.5], f: [1.6, 2.5] };
  return [
    ...Object.entries(goals).map(([name, [atLeast, goingFor]]) => ({
      what: `decode ${name}`,
      value: at(name)?.toOfficial,
      atLeast,
      goingFor,
    })),
    ...["a", "b", "d"].map((name) => ({
      what: `decode ${name}, to hand-written`,
      value: at(name)?.toHandWritten,
      atLeast: 2,
      goingFor: 2.5,
    })),
    ...Object.keys(goals).map((name) => ({
      what: `decode ${name}, reads of 200 B`,
      value: at(name, 200)?.toOfficial,
      atLeast: 8,
      goingFor: 10,
    })),
  ];
}

function hookGoals(result?: HookResult): Goal[] {
  const ours = result?.watched.filter(({ hook }) => hook === "ours").map(({ of }) => of);
  const worst = (of: (watched: Watched) => number) => ours && Math.max(...ours.map(of));
  const longest = ours?.map((of) => of.longestTask).toSorted((a, b) => b.median - a.median)[0];
  return [
    { what: "hook, 20,000 parts, 1 a batch", value: result?.measured["20000a"].toOfficial, atLeast: 12 },
    { what: "hook, 20,000 parts", value: result?.measured["20000"].toOfficial, atLeast: 12 },
    { what: "hook, 300,000 parts", value: result?.measured["300000"].toOfficial, atLeast: 25 },
    { what: "hook, 1,000 parts/s", value: result?.measured.paced.toOfficial, atLeast: 1.4 },
    { what: "renders between two frames", value: worst(({ perFrame }) => perFrame), atMost: 1, unit: "" },
    { what: "timers alive", value: worst(({ timers }) => timers), atMost: 2, unit: "" },
    { what: "longest task, up to 300,000 parts", value: longest, atMost: 50, unit: " ms" },
    { what: "cost at 300,000 parts to that at 75,000 (linear: 4x)", value: result?.growth.ours, atMost: 5 },
    { what: "1,000 parts/s after 1,000,000 parts to that after 50,000", value: result?.lateGrowth.ours, atMost: 1.5 },
    {
      what: "heap after 1,000,000 parts with `reduce` to that after a tenth",
      value: result?.fold.heapGrowth,
      atMost: 1.2,
    },
  ];
}

function sizeGoals(result?: SizeResult): Goal[] {
  return [
    {
      what: "gzip before the first subscription",
      value: result && result.initial / 1024,
      atMost: 8,
      unit: " KB",
    },
    { what: "gzip in all", value: result && result.total / 1024, atMost: 36, goingFor: 30, unit: " KB" },
    { what: "bytes to ready, CPU", value: result?.start, atMost: 2, unit: " ms" },
  ];
}
