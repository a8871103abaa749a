import { type App, authenticate, authorize, isNameTooLong } from "./app.ts";
import { sleep } from "./bell.ts";
import { answerWith, isWholeAnswer } from "./fault-answers.ts";
import type { Fault } from "./faults.ts";
import { allowOrigin, header, json, openEventStream, type Req, type Res, text } from "./http.ts";
import { RecordLog } from "./log.ts";
import { parseEntryId } from "./log-v1.ts";
import type { Outlet } from "./outlet.ts";
import { readS2 } from "./read-s2.ts";
import { readV1, v1Phrases } from "./read-v1.ts";
import { readV2, v2Phrases } from "./read-v2.ts";
import { INPUT_PREFIX, type Run } from "./runs.ts";
import { Script } from "./script.ts";

/** GET of an output stream. */
export function readOutput(app: App, req: Req, res: Res, runId: string, key: string): Promise<void> {
  return read(app, req, res, runId, key, outputTimeout);
}

/** GET of an input stream: the same, but for how it takes `Timeout-Seconds`. */
export function readInput(app: App, req: Req, res: Res, runId: string, id: string): Promise<void> {
  return read(app, req, res, runId, INPUT_PREFIX + id, inputTimeout);
}

async function read(app: App, req: Req, res: Res, runId: string, key: string, parse: TimeoutParser): Promise<void> {
  allowOrigin(req, res);
  const caller = await authenticate(app, req, res, true);
  if (!caller) return;
  // Before the scopes: a token that may not read this run learns that it does not exist.
  const run = app.runs.find(runId);
  if (!run) {
    res.setHeader("x-should-retry", "false");
    return json(res, 404, { error: "Not found" });
  }
  if (!authorize(res, caller, "read", readableAs(run))) return;
  const timeout = parse(header(req, "timeout-seconds"));
  if (typeof timeout === "string") return text(res, 400, timeout);
  await serve(app, req, res, run, key, timeout);
}

async function serve(app: App, req: Req, res: Res, run: Run, key: string, timeout: number | undefined): Promise<void> {
  const isV2 = run.version === "v2";
  const wait = timeout ?? app.timing.defaultTimeoutSeconds;
  const lastEventId = header(req, "last-event-id");
  const startLatest = lastEventId === undefined && header(req, "x-trigger-stream-start") === "latest";
  const from = isV2 ? v2Start(lastEventId) : 0;
  // What S2 refuses, the gateway answers with a 500.
  if (isV2 && (Number.isNaN(wait) || !Number.isInteger(from) || isNameTooLong(run.id, key))) {
    return json(res, 500, { error: "Internal Server Error" });
  }

  const faults = app.faults.take("read", run.id, key);
  const timeoutSeconds = isV2 ? wait : wait || app.timing.defaultTimeoutSeconds;
  const asked = {
    ...{ runId: run.id, streamKey: key, version: run.version, lastEventId, startLatest, timeoutSeconds },
    ...{ origin: originOf(req), userAgent: header(req, "user-agent") },
  };
  const outlet = app.connections.open(res, asked, faults, app.faults);
  if (await answerInstead(faults, req, res, outlet)) return;

  const script = new Script(faults, outlet, isV2 ? v2Phrases : v1Phrases);
  const fromTail = startLatest && app.options.honorStartLatest !== false;
  if (isV2 && app.s2) {
    const start = fromTail ? "tail_offset=0" : `seq_num=${Math.max(from - script.rewind, 0)}`;
    // It throws when S2 refuses, which answers 500.
    const { body } = await app.s2.read(run.id, key, `${start}&clamp=true&wait=${timeoutSeconds}`, outlet.closed);
    openEventStream(req, res, "v2");
    if (req.method === "HEAD") return outlet.end();
    if (body && (await outlet.open())) await readS2(body, outlet, faults.length > 0 ? script : undefined);
    return;
  }
  const { log } = app.runs.stream(run, key);
  openEventStream(req, res, run.version);
  if (req.method === "HEAD") return outlet.end();
  if (!(await outlet.open())) return;
  const waitMs = timeoutSeconds * app.timing.secondMs;
  if (log instanceof RecordLog) {
    const { seqNum: tail } = log.tail;
    // Past the tail means the tail.
    const start = Math.max((fromTail ? tail : Math.min(from, tail)) - script.rewind, 0);
    await readV2({ log, from: start, waitMs, outlet, script, timing: app.timing });
  } else {
    const after = script.rewind > 0 ? { ms: 0, seq: 0 } : fromTail ? log.lastId : parseEntryId(lastEventId ?? "0");
    // Redis refuses the id after the headers went out.
    if (!after) return outlet.end();
    await readV1({ log, after, idleMs: waitMs, outlet, script, timing: app.timing });
  }
}

/** A page of this server's own says it in another header than the others. */
function originOf(req: Req): string | undefined {
  const referer = header(req, "referer");
  return header(req, "origin") ?? (referer && URL.canParse(referer) ? new URL(referer).origin : undefined);
}

/** Plays the faults that concern the whole answer. True when there is nothing left to say. */
async function answerInstead(faults: readonly Fault[], req: Req, res: Res, outlet: Outlet): Promise<boolean> {
  for (const fault of faults) {
    if (fault.kind === "delay") {
      outlet.fire(fault);
      await sleep(fault.ms, outlet.closed);
      if (outlet.closed.aborted) return true;
    } else if ((fault.kind === "stall" || fault.kind === "cut") && fault.headers === false) {
      await outlet.stop(fault);
      return true;
    } else if (isWholeAnswer(fault)) {
      outlet.fire(fault);
      outlet.connection.closedBy = "fault";
      outlet.connection.status = answerWith(fault, req, res);
      return true;
    }
  }
  return false;
}

/** What a scope may name to allow reading this run. */
export function readableAs(run: Run): { type: string; id?: string | undefined }[] {
  const tags = run.tags.map((id) => ({ type: "tags", id }));
  const batch = run.batchId === undefined ? [] : [{ type: "batch", id: run.batchId }];
  return [{ type: "runs", id: run.id }, { type: "tasks", id: run.taskIdentifier }, ...tags, ...batch];
}

/** What comes before the first "-", as a number: the position read last. Anything else starts at 0, and says nothing. */
function v2Start(lastEventId: string | undefined): number {
  if (lastEventId === undefined) return 0;
  const last = Number(lastEventId.split("-")[0]);
  return last >= 0 ? last + 1 : 0;
}

/** Seconds, undefined for the default, or the text of a 400. */
type TimeoutParser = (value: string | undefined) => number | string | undefined;

function outputTimeout(value: string | undefined): number | string | undefined {
  if (value === undefined) return undefined;
  const seconds = Number.parseInt(value, 10);
  // Neither 0 nor NaN is looked at: 0 drains a v2 stream, NaN is S2's to refuse.
  return seconds ? inRange(seconds) : seconds;
}

function inputTimeout(value: string | undefined): number | string | undefined {
  if (value === undefined) return undefined;
  const seconds = Number.parseInt(value, 10);
  return Number.isNaN(seconds) ? "Invalid timeout seconds" : inRange(seconds);
}

function inRange(seconds: number): number | string {
  if (seconds < 1) return "Timeout seconds must be greater than 0";
  if (seconds > 600) return "Timeout seconds must be less than 600";
  return seconds;
}
