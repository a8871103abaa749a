import { createHmac } from "node:crypto";
import { type App, authenticate, authorize, isSizeKnown } from "./app.ts";
import { parseTime } from "./durations.ts";
import { allowOrigin, json, preflight, type Req, type Res, readBody, text } from "./http.ts";
import { RecordLog } from "./log.ts";
import { INPUT_PREFIX, noteKey, type Run } from "./runs.ts";
import { parseWait, type WaitRequest } from "./wait-request.ts";
import type { Output, Waitpoint } from "./waitpoints.ts";

const MAX_WAIT_BODY = 10_240;
const MAX_OUTPUT_BODY = 3_145_728;
const MAX_TAGS = 10;

/** POST: a waitpoint for the next message of an input stream; ended already if there is one after `lastSeqNum`. */
export async function waitForInput(app: App, req: Req, res: Res, runId: string): Promise<void> {
  if (req.method !== "POST") return json(res, 405, { error: "Method not allowed" });
  if (!(await authenticate(app, req, res, false)) || !isSizeKnown(req, res, MAX_WAIT_BODY)) return;
  const body = parseWait(await readBody(req));
  if (typeof body === "string") return json(res, 400, { error: body });
  const run = app.runs.find(runId);
  if (!run) return json(res, 404, { error: "Run not found" });
  const tags = typeof body.tags === "string" ? [body.tags] : (body.tags ?? []);
  if (tags.length > MAX_TAGS) {
    const error = `Waitpoints can only have ${MAX_TAGS} tags, you're trying to set ${tags.length}.`;
    return json(res, 422, { error });
  }
  const { waitpoint, isCached } = app.waitpoints.create({
    timeoutAt: parseTime(body.timeout),
    idempotencyKey: body.idempotencyKey,
    idempotencyKeyExpiresAt: parseTime(body.idempotencyKeyTTL),
    tags,
  });
  noteKey(run, INPUT_PREFIX + body.streamId);
  app.waitpoints.listen(run.id, body.streamId, waitpoint);
  if (!isCached) await completeWithPast(app, run, body);
  json(res, 200, { waitpointId: waitpoint.id, isCached });
}

/** POST: the run does not go on before the waitpoint has ended. */
export async function block(app: App, req: Req, res: Res, runId: string, id: string): Promise<void> {
  if (req.method !== "POST") return json(res, 405, { error: "Method not allowed" });
  if (!(await authenticate(app, req, res, false))) return;
  const waitpoint = app.waitpoints.find(id);
  if (!waitpoint) {
    res.setHeader("x-should-retry", "true");
    return json(res, 404, { error: "Waitpoint not found" });
  }
  const run = app.runs.find(runId);
  if (!run) return json(res, 500, { error: "Failed to wait for waitpoint token" });
  run.waitsFor = waitpoint;
  json(res, 200, { success: true });
}

/** POST of `{data}`, also with a public access token. */
export async function complete(app: App, req: Req, res: Res, id: string): Promise<void> {
  if (req.method === "OPTIONS") return preflight(req, res);
  allowOrigin(req, res);
  if (req.method !== "POST") return json(res, 405, { error: "Method not allowed" });
  const caller = await authenticate(app, req, res, true);
  if (!caller || !isSizeKnown(req, res, MAX_OUTPUT_BODY)) return;
  const body = parse(await readBody(req));
  if (typeof body !== "object" || body === null) return json(res, 400, { error: "Request body is not valid JSON" });
  if (!authorize(res, caller, "write", [{ type: "waitpoints", id }])) return;
  const waitpoint = app.waitpoints.find(id);
  if (!waitpoint) return json(res, 404, { error: "Waitpoint not found" });
  waitpoint.complete(packet((body as { data?: unknown }).data));
  json(res, 200, { success: true });
}

/** POST of anything, by whoever knows the address: for services that only call back. */
export async function callBack(app: App, req: Req, res: Res, id: string, secret: string): Promise<void> {
  if (req.method !== "POST") return json(res, 405, { error: "Method not allowed" });
  const waitpoint = app.waitpoints.find(id);
  if (!waitpoint || secret !== callbackSecret(app, id)) return json(res, 404, { error: "Waitpoint not found" });
  waitpoint.complete(packet(parse(await readBody(req))));
  json(res, 200, { success: true });
}

export async function retrieve(app: App, req: Req, res: Res, id: string): Promise<void> {
  if (req.method !== "GET") return text(res, 405, "Method Not Allowed");
  if (!(await authenticate(app, req, res, false))) return;
  const waitpoint = app.waitpoints.find(id);
  if (!waitpoint) return json(res, 404, { error: "Waitpoint not found" });
  json(res, 200, describe(app, waitpoint, `http://127.0.0.1:${req.socket.localPort}`));
}

function describe(app: App, waitpoint: Waitpoint, origin: string): Record<string, unknown> {
  const { id, status, output, timeoutAt } = waitpoint;
  return {
    id,
    type: "MANUAL",
    url: `${origin}/api/v1/waitpoints/tokens/${id}/callback/${callbackSecret(app, id)}`,
    status,
    idempotencyKey: waitpoint.idempotencyKey,
    userProvidedIdempotencyKey: waitpoint.idempotencyKey !== undefined,
    idempotencyKeyExpiresAt: waitpoint.idempotencyKeyExpiresAt,
    output: output?.value,
    outputType: output?.type ?? "application/json",
    outputIsError: status === "TIMED_OUT",
    timeoutAt,
    completedAfter: timeoutAt,
    completedAt: waitpoint.completedAt,
    createdAt: waitpoint.createdAt,
    tags: waitpoint.tags,
  };
}

/** A send that came before the wait, and that the run has not seen, ends the wait at once. */
async function completeWithPast(app: App, run: Run, { streamId, lastSeqNum = -1 }: WaitRequest): Promise<void> {
  const record = parse(await firstBody(app, run, INPUT_PREFIX + streamId, lastSeqNum + 1));
  if (typeof record === "object" && record !== null) {
    app.waitpoints.sent(run.id, streamId, (record as { data?: string }).data);
  }
}

/** The first record from a position on that is no command. What S2 does not tell is not waited for: the next send will. */
async function firstBody(app: App, run: Run, key: string, from: number): Promise<string | undefined> {
  if (app.s2 && run.version === "v2") return app.s2.first(run.id, key, from).catch(() => undefined);
  const { log } = app.runs.stream(run, key);
  if (!(log instanceof RecordLog)) return undefined;
  return log.read(from).find(({ headers }) => headers[0]?.[0] !== "")?.body;
}

/** What was said, as the service stores it. */
function packet(data: unknown): Output {
  if (data === undefined) return { value: undefined, type: "application/json" };
  if (typeof data === "string") return { value: data, type: "text/plain" };
  return { value: JSON.stringify({ json: data }), type: "application/super+json" };
}

function callbackSecret(app: App, id: string): string {
  return createHmac("sha256", app.secretKey).update(id).digest("hex").slice(0, 32);
}

/** Undefined for what is no JSON. */
function parse(json = ""): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
