import { type App, authenticate, authorize, isSizeKnown } from "./app.ts";
import { setBasinHeaders } from "./basin.ts";
import { allowOrigin, empty, header, json, type Req, type Res, readBody, text } from "./http.ts";
import { inputId, partId } from "./ids.ts";
import { ingest } from "./ingest.ts";
import { INPUT_PREFIX, noteKey, type Run } from "./runs.ts";
import { fateOf } from "./send-faults.ts";
import { isRepeated, type Outcome, storePart } from "./store-part.ts";

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
  const sentId = header(req, "x-part-id");
  const isKnown = await isRepeated(app, res, run, key, sentId);
  if (run.completedAt && !isKnown) return text(res, 400, "Cannot append to a realtime stream on a completed run");
  const fate = await fateOf(app, "append", run, key, req, res);
  if (!fate.store) return fate.answer?.();
  noteKey(run, key);
  const data = await readBody(req);
  const outcome = await storePart(app, run, key, { data, id: sentId ?? partId(), sentId });
  fate.answer ? fate.answer() : answer(res, outcome);
}

/** POST to an input stream. */
export async function sendInput(app: App, req: Req, res: Res, runId: string, id: string): Promise<void> {
  allowOrigin(req, res);
  const caller = await authenticate(app, req, res, true);
  if (!caller || !isSizeKnown(req, res, MAX_INPUT_BODY)) return;
  if (!authorize(res, caller, "write", [{ type: "inputStreams", id: runId }])) return;
  const run = app.runs.find(runId);
  if (!run) return json(res, 404, { ok: false, error: "Run not found" });
  const key = INPUT_PREFIX + id;
  const sentId = app.options.dedupeParts === false ? undefined : header(req, "x-part-id");
  const isKnown = await isRepeated(app, res, run, key, sentId);
  if (run.completedAt && !isKnown) {
    return json(res, 400, { ok: false, error: "Cannot send to input stream on a completed run" });
  }
  const fate = await fateOf(app, "input", run, key, req, res);
  if (!fate.store) return fate.answer?.();
  // Not JSON: throws, and so answers 500.
  const body: unknown = JSON.parse(await readBody(req));
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return json(res, 400, { ok: false, error: "Invalid request body" });
  }
  noteKey(run, key);
  const data = JSON.stringify((body as { data?: unknown }).data) as string | undefined;
  const outcome = await storePart(app, run, key, { data, id: sentId ?? inputId(), sentId });
  if (outcome.status === 200 && outcome.isNew) app.waitpoints.sent(run.id, id, data);
  fate.answer ? fate.answer() : answer(res, outcome);
}

function answer(res: Res, outcome: Outcome): void {
  if (outcome.status === 200) json(res, 200, { ok: true });
  else json(res, outcome.status, { ok: false, error: outcome.error });
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
