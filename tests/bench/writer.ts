// Clause "The writer": `streams.pipe` into a real S2 through the dev server's gateway, beside the official SDK's.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { cache } from "../../scripts/lib.mjs";
import { buildS2 } from "../../scripts/s2.mjs";
import { BASIN, startS2 } from "../s2/processes.ts";
import { countingProxy, type Wire } from "./counting-proxy.ts";
import { interleaved, ratio, type Spread, show, spread, table } from "./measure.ts";
import { type Done, type Job, part } from "./writer-process.ts";

type Writer = Job["writer"];
const WRITERS: Writer[] = ["official", "ours"];
const WORKLOADS = {
  burst: { what: "20,000 parts at once", parts: 20_000, perSecond: undefined },
  paced: { what: "200 parts/s for 4 s", parts: 800, perSecond: 200 },
};
type Name = keyof typeof WORKLOADS;

type Measured = {
  what: string;
  parts: number;
  /** Microseconds of the process's CPU for a part. */
  cpu: Record<Writer, Spread>;
  cpuRatio: Spread;
  partsPerSecond: Record<Writer, Spread>;
  /** Of another run, through a proxy that counts. */
  wire: Record<Writer, Wire>;
};
export type WriterResult = Record<Name, Measured>;

export async function writer({ rounds = 5 } = {}): Promise<WriterResult> {
  await buildS2();
  const s2 = await startS2();
  const proxy = await countingProxy(s2.url);
  const direct = await startDevServer({ port: 0, s2: { endpoint: s2.url, basin: BASIN } });
  const counting = await startDevServer({ port: 0, s2: { endpoint: proxy.url, basin: BASIN } });
  const processes = await startWriters();
  const result = {} as WriterResult;
  for (const name of Object.keys(WORKLOADS) as Name[]) {
    const { what, parts, perSecond } = WORKLOADS[name];
    const pipe = async (writer: Writer, server: DevServer) => {
      const runId = server.createRun().id;
      const { url, secretKey } = server;
      const job: Job = { writer, server: { url, secretKey }, runId, parts, perSecond };
      const done = await askFor(processes[writer], job);
      await checkStored(server, s2.url, runId, parts);
      return done;
    };
    const wire = {} as Measured["wire"];
    for (const writer of WRITERS) {
      Object.assign(proxy.counted, { batches: 0, requests: 0, bytes: 0 });
      await pipe(writer, counting);
      wire[writer] = { ...proxy.counted };
    }
    const perSecondOf: Record<Writer, number[]> = { official: [], ours: [] };
    const cpu = await interleaved(rounds, WRITERS, async (writer) => {
      const done = await pipe(writer, direct);
      perSecondOf[writer].push(parts / (done.wall / 1_000));
      return (done.cpu * 1_000) / parts;
    });
    result[name] = {
      what,
      parts,
      cpu: { official: spread(cpu.official), ours: spread(cpu.ours) },
      cpuRatio: ratio(cpu.official, cpu.ours),
      partsPerSecond: { official: spread(perSecondOf.official), ours: spread(perSecondOf.ours) },
      wire,
    };
  }
  for (const { child } of Object.values(processes)) child.kill();
  await Promise.all([direct.close(), counting.close()]);
  proxy.close();
  await s2.kill();
  console.log(describe(result).join("\n"));
  return result;
}

type Process = { child: ChildProcess; gone: AbortSignal };

async function startWriters(): Promise<Record<Writer, Process>> {
  const outfile = join(cache, "bench", "writer-process.mjs");
  const entry = fileURLToPath(new URL("./writer-process.ts", import.meta.url));
  const options = { bundle: true, platform: "node", format: "esm", target: "node20", packages: "external" } as const;
  await build({ ...options, entryPoints: [entry], outfile, logLevel: "warning" });
  const start = () => {
    const child = fork(outfile, { execArgv: ["--expose-gc"] });
    const gone = new AbortController();
    child.once("exit", () => gone.abort());
    return { child, gone: gone.signal };
  };
  return { official: start(), ours: start() };
}

async function askFor({ child, gone }: Process, job: Job): Promise<Done> {
  child.send(job);
  const [done] = (await once(child, "message", { signal: gone })) as [Done];
  return done;
}

/** Every part once, in order, as S2 has it. */
async function checkStored(server: DevServer, s2: string, runId: string, parts: number): Promise<void> {
  const name = `org/org_dev/env/dev/env_dev/runs/${runId}/chat`;
  let next = 0;
  while (next < parts) {
    const url = `${s2}/v1/streams/${encodeURIComponent(name)}/records?seq_num=${next}&count=1000`;
    const { records = [] } = (await (await fetch(url, { headers: { "s2-basin": BASIN } })).json()) as {
      records?: { body: string }[];
    };
    for (const { body } of records) {
      const { data } = JSON.parse(body);
      if (JSON.stringify(data) !== JSON.stringify(part(next))) throw new Error(`S2 has ${body} at ${next}`);
      next++;
    }
    if (records.length === 0) throw new Error(`S2 has ${next} of ${parts} parts of ${server.url}`);
  }
  if (next !== parts) throw new Error(`S2 has ${next} parts, ${parts} were written`);
}

export function describe(result: WriterResult): string[] {
  const rows = Object.values(result).flatMap(({ what, parts, cpu, partsPerSecond, wire }) =>
    WRITERS.map((writer) => [
      what,
      writer,
      show(cpu[writer]),
      show(partsPerSecond[writer]),
      String(wire[writer].batches),
      (parts / wire[writer].batches).toFixed(1),
      String(wire[writer].requests),
      (wire[writer].bytes / parts).toFixed(0),
    ]),
  );
  const head = [
    "",
    "",
    "CPU of a part, µs",
    "parts/s",
    "batches",
    "records a batch",
    "append requests",
    "bytes a part",
  ];
  const ratios = Object.values(result).map(({ what, cpuRatio }) => `${show(cpuRatio, "x")} (${what})`);
  return [table(head, rows), "", `CPU, official / ours: ${ratios.join(", ")}.`];
}
