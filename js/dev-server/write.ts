import { type App, authenticate, authorize, isNameTooLong } from "./app.ts";
import { setBasinHeaders } from "./basin.ts";
import { allowOrigin, empty, header, json, type Req, type Res, readBody, text } from "./http.ts";
import { inputId, partId } from "./ids.ts";
import { ingest } from "./ingest.ts";
import { RecordLog, RecordTooLarge } from "./log.ts";
import { INPUT_PREFIX, type Run, type Stream } from "./runs.ts";
import { S2Error } from "./s2.ts";
import { fateOf } from "./send-faults.ts";

const MAX_APPEND_BODY = 524_288;
const MAX_INPUT_BODY = 1_048_576;
const TARGETS = ["self", "parent", "root"] as const;
type Target = (typeof TARGETS)[number];

/** PUT creates, HEAD asks how far a v1 writer got, POST (and the rest) takes what a v1 writer sends. */
export async function streamOfTarget(
  app: App,
  req: Req,
  res: Res,
  runId: string,
  target: string,
  key: string,
): Promise<void> {
  const isLoader = req.method === "HEAD" || req.method === "GET" || req.method === "OPTIONS";
  const run = await findTarget(app, req, res, runId, target, undefined, isLoader);
  if (!run) return;
  if (isLoader && req.method !== "HEAD") return text(res, 405, "Only HEAD requests are allowed for this endpoint");
  const operation = req.method === "PUT" ? "create" : req.method === "HEAD" ? "probe" : "ingest";
  const fate = await fateOf(app, operation, run, key, req, res);
  if (operation === "ingest" && fate.store) return ingest(app, req, res, run, key, fate);
  if (!fate.store) return fate.answer?.();
  if (operation === "probe") {
    if (fate.answer) return fate.answer();
    const clientId = header(req, "x-client-id") ?? "default";
    res.setHeader("X-Last-Chunk-Index", String(app.runs.stream(run, key).lastChunk.get(clientId) ?? -1));
    return empty(res, 200);
  }
  noteKey(run, key);
  if (run.completedAt) return text(res, 400, "Cannot initialize a realtime stream on a completed run");
  if (fate.answer) return fate.answer();
  if (app.s2 && run.version === "v2") {
    for (const [name, value] of Object.entries(app.s2.writerHeaders(run.id, key))) res.setHeader(name, value);
    return json(res, 202, { version: "v2" });
  }
  // The official writer speaks to S2 in a way that is not spoken here, and knows the v1 route as well.
  if (run.version === "v1" || header(req, "x-trigger-source") === "sdk") return json(res, 202, { version: "v1" });
  setBasinHeaders(app, req, res, run, key);
  json(res, 202, { version: "v2" });
}

/** POST of one part, which is stored as the text it is. */
export async function append(app: App, req: Req, res: Res, runId: string, target: string, key: string): Promise<void> {
  const run = await findTarget(app, req, res, runId, target, MAX_APPEND_BODY, false);
  if (!run) return;
  if (run.completedAt) return text(res, 400, "Cannot append to a realtime stream on a completed run");
  const fate = await fateOf(app, "append", run, key, req, res);
  if (!fate.store) return fate.answer?.();
  noteKey(run, key);
  const body = await readBody(req);
  const id = header(req, "x-part-id");
  const failure = await storePart(app, res, run, key, body, id ?? partId(), id);
  if (fate.answer) return fate.answer();
  failure ? json(res, failure.status, { ok: false, error: failure.error }) : json(res, 200, { ok: true });
}

/** POST to an input stream. */
export async function sendInput(app: App, req: Req, res: Res, runId: string, id: string): Promise<void> {
  allowOrigin(req, res);
  const caller = await authenticate(app, req, res, true);
  if (!caller || !isSizeKnown(req, res, MAX_INPUT_BODY)) return;
  if (!authorize(res, caller, "write", [{ type: "inputStreams", id: runId }])) return;
  const run = app.runs.find(runId);
  if (!run) return json(res, 404, { ok: false, error: "Run not found" });
  if (run.completedAt) return json(res, 400, { ok: false, error: "Cannot send to input stream on a completed run" });
  const key = INPUT_PREFIX + id;
  const fate = await fateOf(app, "input", run, key, req, res);
  if (!fate.store) return fate.answer?.();
  // Not JSON: throws, and so answers 500.
  const body: unknown = JSON.parse(await readBody(req));
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return json(res, 400, { ok: false, error: "Invalid request body" });
  }
  const sent = app.options.dedupeParts ? header(req, "x-part-id") : undefined;
  const data = JSON.stringify((body as { data?: unknown }).data) as string | undefined;
  const failure = await storePart(app, res, run, key, data, sent ?? inputId(), sent);
  if (fate.answer) return fate.answer();
  failure ? json(res, failure.status, { ok: false, error: failure.error }) : json(res, 200, { ok: true });
}

/** The run a writer means; undefined after an error was answered. Only the secret key may write. */
async function findTarget(
  app: App,
  req: Req,
  res: Res,
  runId: string,
  target: string,
  maxBody: number | undefined,
  isLoader: boolean,
): Promise<Run | undefined> {
  if (!(await authenticate(app, req, res, false))) return undefined;
  if (maxBody !== undefined && !isSizeKnown(req, res, maxBody)) return undefined;
  if (!isTarget(target)) {
    json(res, 400, { error: "Params Error", details: [unknownTarget(target)] });
    return undefined;
  }
  const run = app.runs.find(runId);
  const found = run && app.runs.target(run, target);
  if (found) return found;
  if (run) text(res, 404, "Target not found");
  else if (!isLoader) text(res, 404, "Run not found");
  else {
    res.setHeader("x-should-retry", "false");
    json(res, 404, { error: "Not found" });
  }
  return undefined;
}

/** False after a 413 was answered. A body whose length is not announced is too large, however small it is. */
function isSizeKnown(req: Req, res: Res, max: number): boolean {
  const length = header(req, "content-length");
  if (length !== undefined && Number.parseInt(length, 10) <= max) return true;
  json(res, 413, { error: "Request body too large" });
  return false;
}

/** Stores one part whose data is text. `dedupeBy` is looked at only by a server that deduplicates. */
async function storePart(
  app: App,
  res: Res,
  run: Run,
  key: string,
  data: string | undefined,
  id: string,
  dedupeBy: string | undefined,
): Promise<{ status: number; error: string } | undefined> {
  if (run.version === "v2" && isNameTooLong(run.id, key))
    return { status: 500, error: "S2 append failed: 400 Bad Request" };
  if (app.s2 && run.version === "v2") {
    return app.s2.append(run.id, key, JSON.stringify({ data, id })).then(() => undefined, failureOf);
  }
  const stream = app.runs.stream(run, key);
  if (app.options.dedupeParts && dedupeBy !== undefined) {
    // Saying it is what tells a client that it may send again.
    res.setHeader("X-Part-Id", dedupeBy);
    const exposed = res.getHeader("access-control-expose-headers");
    if (exposed !== undefined) res.setHeader("access-control-expose-headers", `${String(exposed)},x-part-id`);
    if (stream.partIds.has(dedupeBy)) return undefined;
  }
  try {
    storeText(stream, data, id);
  } catch (error) {
    return failureOf(error);
  }
  if (dedupeBy !== undefined) stream.partIds.add(dedupeBy);
  return undefined;
}

function failureOf(error: unknown): { status: number; error: string } {
  if (error instanceof RecordTooLarge) return { status: 413, error: error.message };
  if (error instanceof S2Error) return { status: 500, error: error.message };
  throw error;
}

function storeText({ log }: Stream, data: string | undefined, id: string): void {
  if (log instanceof RecordLog) log.append({ body: JSON.stringify({ data, id }) });
  else log.append([String(JSON.stringify(data))]);
}

function noteKey(run: Run, key: string): void {
  if (!run.realtimeStreams.includes(key)) run.realtimeStreams.push(key);
}

function isTarget(target: string): target is Target {
  return (TARGETS as readonly string[]).includes(target);
}

function unknownTarget(received: string): Record<string, unknown> {
  return {
    received,
    code: "invalid_enum_value",
    options: TARGETS,
    path: ["target"],
    message: `Invalid enum value. Expected 'self' | 'parent' | 'root', received '${received}'`,
  };
}
