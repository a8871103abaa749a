import type { App } from "./app.ts";
import { sleep } from "./bell.ts";
import { answerWith, isWholeAnswer } from "./fault-answers.ts";
import type { Fault, Operation } from "./faults.ts";
import { breakOff, json, type Req, type Res } from "./http.ts";
import type { Run } from "./runs.ts";

/** What the script holds for a send. */
export interface Fate {
  /** False: the send must leave no trace. */
  store: boolean;
  /** Said in place of the usual answer, after storing if there is anything to store. */
  answer?: () => void;
  /** Stores this many lines of an ingest, then resets the connection. */
  cutAfter?: number;
}

/** Takes the faults that befall this send, and waits out a delay. */
export async function fateOf(
  app: App,
  on: Exclude<Operation, "read">,
  run: Run,
  key: string,
  req: Req,
  res: Res,
): Promise<Fate> {
  const gone = new AbortController();
  res.on("close", () => gone.abort());
  let fate: Fate = { store: true };
  for (const fault of app.faults.take(on, run.id, key)) {
    const next = fateBy(fault, on, req, res);
    if (!next) continue;
    app.faults.fired.push({ kind: fault.kind, run: run.id, stream: key, on, at: new Date() });
    if (fault.kind === "delay") await sleep(fault.ms, gone.signal);
    fate = { ...fate, ...next };
  }
  return fate;
}

function fateBy(fault: Fault, on: Operation, req: Req, res: Res): Fate | undefined {
  if (fault.kind === "delay") return { store: true };
  if (fault.kind === "drop-answer") return { store: true, answer: () => breakOff(res) };
  if (fault.kind === "deletion-pending") return { store: false, answer: () => answerDeletionPending(on, res) };
  if (isWholeAnswer(fault)) {
    return { store: fault.kind === "status" && fault.accept === true, answer: () => void answerWith(fault, req, res) };
  }
  if (fault.kind === "stall") return { store: fault.accept === true, answer: () => {} };
  if (fault.kind !== "cut") return undefined;
  if (on === "ingest" && fault.afterRecords !== undefined) return { store: true, cutAfter: fault.afterRecords };
  return { store: false, answer: () => breakOff(res, fault.reset ?? false) };
}

/** In S2's words to a writer that talks to it, in the gateway's to one that does not. */
export function answerDeletionPending(on: Operation, res: Res): void {
  if (on === "records") json(res, 409, { code: "stream_deletion_pending", message: "stream deletion pending" });
  else json(res, 500, { ok: false, error: "S2 append failed: 409 Conflict" });
}
