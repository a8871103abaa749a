import type { EntryId, EntryLog } from "./log-v1.ts";
import type { Timing } from "./options.ts";
import type { Outlet } from "./outlet.ts";
import type { Phrases, Script } from "./script.ts";

export const v1Phrases: Phrases = { done: "", error: () => "" };
/** What old writers put at the end of a stream; readers never see it. */
const LEGACY_END = "<<CLOSE_STREAM>>";

interface Reading {
  log: EntryLog;
  after: EntryId;
  /** How long no event may come before the body ends, rounded up to the next look at the log. */
  idleMs: number;
  outlet: Outlet;
  script: Script;
  timing: Timing;
}

/** Serves events until none came for `idleMs`: no marker says that this is the end. */
export async function readV1({ log, after, idleMs, outlet, script, timing }: Reading): Promise<void> {
  let cursor = after;
  let lastData = Date.now();
  let lastSent = Date.now();
  while (!outlet.closed.aborted) {
    if (!(await script.due())) return;
    if (Date.now() - lastSent >= timing.v1PingMs) {
      if (!(await outlet.write(": ping\n\n"))) return;
      lastSent = Date.now();
    }
    if (log.read(cursor).length === 0) await log.bell.wait(timing.v1BlockMs, outlet.closed);
    const entries = log.read(cursor);
    if (entries.length === 0) {
      if (Date.now() - lastData < idleMs) continue;
      return outlet.end();
    }
    for (const entry of entries) {
      cursor = entry;
      const events = entry.lines.map((line, i) => ({ number: entry.firstLine + i, id: entry.id, line }));
      for (const event of script.shape(events.filter(({ line }) => line !== LEGACY_END))) {
        if (!(await script.deliver(`id: ${event.id}\n`, event.line, [event]))) return;
        if (!(await script.due())) return;
      }
    }
    lastData = lastSent = Date.now();
  }
}
