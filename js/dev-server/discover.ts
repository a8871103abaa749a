import type { App } from "./app.ts";
import { noteKey } from "./runs.ts";

/** Takes note of the runs whose streams S2 holds, and of their streams: earlier processes, or others, may have made them. */
export async function discover(app: App, runId?: string): Promise<void> {
  // A token that may not list, or S2 away: then what is known here is all there is to tell.
  const found = (await app.s2?.streams(runId).catch(() => undefined)) ?? [];
  for (const stream of found) {
    const run = app.runs.find(stream.runId);
    if (run) noteKey(run, stream.key);
  }
}
