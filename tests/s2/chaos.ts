// Writers and readers of ours, in this process, while SIGKILL befalls S2 and the dev server.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { configure, type RunstreamError, streams } from "runstream";
import { recordsIn } from "../js/dev-server-http.ts";
import { Killer } from "./killer.ts";
import { BASIN } from "./processes.ts";

export interface ChaosOptions {
  /** How often a server is killed, in all. */
  kills: number;
  /** How many parts are appended and piped, in all; a quarter as many are sent besides. */
  appends: number;
  /** Settles which server is killed when, and for how long it is away. */
  seed: number;
}

/** What one writer was told, and what readers have seen of it: the numbers of its parts, in order. */
export interface Told {
  writer: string;
  acknowledged: number[];
  /** By code. */
  rejected: Map<number, string>;
  /** By a reader that was there all the time. */
  live: number[];
  /** By one that came afterwards. */
  afterwards: number[];
}

type Part = { writer: string; i: number };

/** Three that append one part after another, one that sends input, and one that pipes all the time. */
const [FIRST, ...OTHERS] = ["append-0", "append-1", "append-2"] as const;
const WRITERS = [FIRST, ...OTHERS, "send", "pipe"];
const KEYS = ["chat", "$trigger.input:chat"];

export async function chaos({ kills, appends, seed }: ChaosOptions): Promise<Told[]> {
  const start = performance.now();
  const dir = mkdtempSync(join(tmpdir(), "runstream-chaos-"));
  const killer = await Killer.start(dir, seed);
  try {
    configure({ baseURL: killer.url, accessToken: "tr_dev_runstream" });
    const runId = `run_chaos_${seed}`;
    const told = await write(runId, appends / (WRITERS.length - 1), (due) => killer.kill(kills, due));
    const copies = (await Promise.all(KEYS.map((key) => copiesIn(killer.s2Url, runId, key)))).reduce((a, b) => a + b);
    const seconds = (performance.now() - start) / 1000;
    console.log(
      `chaos: seed ${seed}, ${summary(told, killer.killed)}, ${copies} copies in S2, ${seconds.toFixed(1)} s`,
    );
    return told;
  } finally {
    await killer.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Writes with every writer while `killAll` goes on, and reads. A share of the work is `due` when so much was answered. */
async function write(
  runId: string,
  each: number,
  killAll: (due: (share: number) => Promise<void>) => Promise<void>,
): Promise<Told[]> {
  const told = WRITERS.map((writer): Told => {
    return { writer, acknowledged: [], rejected: new Map(), live: [], afterwards: [] };
  });
  const of = (name: string) => told.find(({ writer }) => writer === name) as Told;
  const answered = ({ acknowledged, rejected }: Told) => acknowledged.length + rejected.size;
  const stop = new AbortController();
  const live = KEYS.map((key) =>
    read(runId, key, { follow: true, signal: stop.signal }, ({ writer, i }) => of(writer).live.push(i)),
  );

  const one = async (writer: string, send: (part: Part) => Promise<unknown>) => {
    for (let i = 0; i < each; i++) {
      await send({ writer, i }).then(
        () => of(writer).acknowledged.push(i),
        (error: RunstreamError) => of(writer).rejected.set(i, error.code),
      );
    }
  };
  const pace = of(FIRST);
  const source = async function* () {
    for (let i = 0; i < each; i++) {
      // In step with another, or it would be done before the first kill.
      while (answered(pace) < i) await sleep(1);
      yield { writer: "pipe", i };
    }
  };
  const pipe = async () => {
    await streams.pipe("chat", source(), { target: runId }).waitUntilComplete();
    of("pipe").acknowledged.push(...Array.from({ length: each }, (_, i) => i));
  };
  const input = streams.input<Part>({ id: "chat" });
  const writing = Promise.all([
    ...[FIRST, ...OTHERS].map((writer) => one(writer, (part) => streams.append("chat", part, { target: runId }))),
    one("send", (part) => input.send(runId, part)),
    pipe(),
  ]);

  let isOver = false;
  const over = writing.finally(() => {
    isOver = true;
  });
  await killAll(async (share) => {
    while (!isOver && answered(pace) < share * each) await sleep(5);
  });
  await over;
  for (const key of KEYS)
    await read(runId, key, { timeoutInSeconds: 2 }, ({ writer, i }) => of(writer).afterwards.push(i));
  while (told.some(({ live, afterwards }) => live.length < afterwards.length)) await sleep(50);
  stop.abort();
  await Promise.all(live);
  return told;
}

async function read(runId: string, key: string, options: object, note: (part: Part) => void): Promise<void> {
  // What is sent arrives as text, as a task gets it.
  const parts = await streams.read<Part | string>(runId, key, { timeoutInSeconds: 600, ...options });
  for await (const part of parts) note(typeof part === "string" ? JSON.parse(part) : part);
}

/** What of this must not be: one line for each. */
export function wrongs({ writer, acknowledged, rejected, live, afterwards }: Told): string[] {
  const lines: string[] = [];
  for (const [reader, seen] of Object.entries({ live, afterwards })) {
    const told = new Set(seen);
    for (const i of acknowledged) if (!told.has(i)) lines.push(`${writer} ${i}: acknowledged, and lost to ${reader}`);
    for (const i of told) {
      if (!acknowledged.includes(i) && !rejected.has(i)) lines.push(`${writer} ${i}: unasked for, seen by ${reader}`);
      if (rejected.get(i) === "network") lines.push(`${writer} ${i}: said to have met nobody, seen by ${reader}`);
    }
    seen.forEach((i, at) => {
      if (seen.indexOf(i) !== at) lines.push(`${writer} ${i}: seen twice by ${reader}`);
      else if (at > 0 && i < (seen[at - 1] as number)) lines.push(`${writer} ${i}: out of order for ${reader}`);
    });
  }
  return lines;
}

/** How many records S2 holds twice: what was sent again because the answer was lost. */
async function copiesIn(s2Url: string, runId: string, key: string): Promise<number> {
  const name = encodeURIComponent(`org/org_dev/env/dev/env_dev/runs/${runId}/${key}`);
  const headers = { "s2-basin": BASIN, accept: "text/event-stream" };
  const answer = await fetch(`${s2Url}/v1/streams/${name}/records?seq_num=0&wait=0`, { headers });
  const bodies = recordsIn(await answer.text()).map(({ body }) => body);
  return bodies.length - new Set(bodies).size;
}

function summary(told: readonly Told[], killed: Killer["killed"]): string {
  const sum = (count: (told: Told) => number) => told.reduce((total, each) => total + count(each), 0);
  const rejected = new Map<string, { all: number; arrived: number }>();
  for (const each of told) {
    const arrived = new Set(each.afterwards);
    for (const [i, code] of each.rejected) {
      const { all, arrived: before } = rejected.get(code) ?? { all: 0, arrived: 0 };
      rejected.set(code, { all: all + 1, arrived: before + (arrived.has(i) ? 1 : 0) });
    }
  }
  return [
    `${killed.s2 + killed.devServer} SIGKILLs (${killed.s2} S2, ${killed.devServer} dev server)`,
    `${sum(({ acknowledged }) => acknowledged.length)} parts acknowledged`,
    ...[...rejected].map(([code, { all, arrived }]) => `${all} sends rejected as ${code} (${arrived} arrived)`),
    `${sum((each) => wrongs(each).length)} lost, doubled or out of order`,
  ].join(", ");
}
