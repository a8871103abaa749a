// One writer in a process of its own, so that its CPU time is nobody else's. Told by messages what to pipe.
import { streams as theirs } from "@trigger.dev/sdk";
import type { DevServer } from "../../js/dev-server/server.ts";
import { configure, streams as ours } from "../../js/index.ts";
import { pointAt } from "../interop/official.ts";

export type Job = {
  writer: "ours" | "official";
  server: Pick<DevServer, "url" | "secretKey">;
  runId: string;
  parts: number;
  /** All at once if undefined. */
  perSecond: number | undefined;
};

/** Milliseconds of this process's CPU, and of the clock. */
export type Done = { cpu: number; wall: number };

/** The parts of a job. */
export const part = (i: number) => ({ type: "text-delta", id: "msg_01", delta: ` word ${i}` });

async function* source({ parts, perSecond }: Job) {
  const start = performance.now();
  for (let i = 0; i < parts; i++) {
    const due = perSecond === undefined ? 0 : start + (i * 1_000) / perSecond - performance.now();
    if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
    yield part(i);
  }
}

process.on("message", async (job: Job) => {
  const { url, secretKey } = job.server;
  if (job.writer === "ours") configure({ baseURL: url, accessToken: secretKey });
  else pointAt(job.server as DevServer);
  globalThis.gc?.();
  const [start, before] = [performance.now(), process.cpuUsage()];
  const [parts, options] = [source(job), { target: job.runId }];
  const writing = job.writer === "ours" ? ours.pipe("chat", parts, options) : theirs.pipe("chat", parts, options);
  await writing.waitUntilComplete();
  const { user, system } = process.cpuUsage(before);
  process.send?.({ cpu: (user + system) / 1_000, wall: performance.now() - start } satisfies Done);
});
