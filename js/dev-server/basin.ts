import { createHash } from "node:crypto";
import { type App, streamName } from "./app.ts";
import { type AppendInput, BasinError, parseAppend, parseObject } from "./append-input.ts";
import { header, type Req, type Res, readBody } from "./http.ts";
import { StreamFull } from "./limits.ts";
import { RecordLog } from "./log.ts";
import type { Run, Stream } from "./runs.ts";
import { fateOf } from "./send-faults.ts";

/**
 * The part of S2 that a writer of v2 streams talks to, over HTTP/1.1 and JSON. It writes to the log that the gateway's
 * routes read. As with the tokens that the gateway hands out, one may append, trim and create streams here, not read.
 */
export const BASIN = "runstream-dev";
const MAX_BODY = 2_097_152;

/** The headers by which the gateway sends a writer here. */
export function setBasinHeaders(app: App, req: Req, res: Res, run: Run, key: string): void {
  res.setHeader("X-S2-Access-Token", accessToken(app));
  res.setHeader("X-S2-Basin", BASIN);
  res.setHeader("X-S2-Endpoint", `http://127.0.0.1:${req.socket.localPort}/v1`);
  res.setHeader("X-S2-Flush-Interval-Ms", "100");
  res.setHeader("X-S2-Max-Retries", "10");
  res.setHeader("X-S2-Stream-Name", streamName(run.id, key));
}

/** Everything under /v1. `parts` is the decoded path after it. */
export async function basin(app: App, req: Req, res: Res, parts: readonly string[]): Promise<void> {
  allow(req, res);
  if (req.method === "OPTIONS") return answer(res, 200, "");
  try {
    const [first, name = "", last] = parts;
    const route = `${req.method} ${parts.length === 3 ? last : parts.length}`;
    if (app.s2 || first !== "streams") return answer(res, 404, "");
    authenticate(app, req);
    if (route === "POST records") return await append(app, req, res, find(app, name));
    if (route === "PUT 2") return create(app, res, find(app, name), name, false);
    if (route === "POST 1") {
      const { stream } = parseObject(await readBody(req));
      return create(app, res, find(app, String(stream)), String(stream), true);
    }
    if (req.method === "GET") throw new BasinError(403, "permission_denied", "the access token allows no reading");
    answer(res, 405, "");
  } catch (error) {
    if (error instanceof StreamFull) return answer(res, 403, { code: "quota_exhausted", message: error.message });
    if (!(error instanceof BasinError)) throw error;
    answer(res, error.status, { code: error.code, message: error.message });
  }
}

async function append(app: App, req: Req, res: Res, { run, key }: Found): Promise<void> {
  const fate = await fateOf(app, "records", run, key, req, res);
  if (!fate.store) return fate.answer?.();
  const format = header(req, "s2-format") ?? "raw";
  if (format !== "raw") throw new BasinError(400, "bad_header", `the dev server takes S2-Format raw, not ${format}`);
  const text = await readBody(req, MAX_BODY);
  if (text === undefined) throw new BasinError(400, "bad_json", "length limit exceeded");
  const input = parseAppend(text);
  const stream = app.runs.writableStream(run, key);
  if (!stream) throw new BasinError(409, "stream_deletion_pending", "stream deletion pending");
  const [status, body] = store(stream, input);
  if (status === 200 && fate.answer) return fate.answer();
  answer(res, status, body);
}

/** All of it in one turn: what two requests append never mixes. */
function store({ log }: Stream, input: AppendInput): [status: number, body: unknown] {
  const { records, matchSeqNum, fencingToken } = input;
  if (!(log instanceof RecordLog))
    throw new BasinError(404, "stream_not_found", "a run read as v1 has no streams here");
  const { seqNum: start } = log.tail;
  if (fencingToken !== undefined && fencingToken !== log.fencingToken) {
    return [412, { fencing_token_mismatch: log.fencingToken }];
  }
  if (matchSeqNum !== undefined && matchSeqNum !== start) return [412, { seq_num_mismatch: start }];
  const stored = log.append(...records);
  for (const record of stored) log.obey(record);
  const position = { seq_num: log.tail.seqNum, timestamp: log.tail.timestamp };
  return [200, { start: { seq_num: start, timestamp: stored[0]?.timestamp }, end: position, tail: position }];
}

/** PUT is content with a stream that is there, POST is not. */
function create(app: App, res: Res, { run, key }: Found, name: string, mustBeNew: boolean): void {
  const isNew = app.runs.findStream(run, key) === undefined;
  if (!isNew && mustBeNew) {
    throw new BasinError(409, "resource_already_exists", `stream \`${name}\` in basin \`${BASIN}\` already exists`);
  }
  const { createdAt } = app.runs.stream(run, key);
  res.setHeader("s2-provision-result", isNew ? "created" : "noop");
  answer(res, isNew ? 201 : 200, { name, created_at: createdAt.toISOString(), deleted_at: null, cipher: null });
}

interface Found {
  run: Run;
  key: string;
}

/** Run ids and keys may hold slashes: the run is the one that exists. */
function find(app: App, name: string): Found {
  if (Buffer.byteLength(name) > 512) {
    throw new BasinError(400, "bad_path", "stream name must not exceed 512 bytes in length");
  }
  const prefix = streamName("", "").slice(0, -1);
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  for (let slash = rest.indexOf("/"); slash > 0; slash = rest.indexOf("/", slash + 1)) {
    const run = app.runs.find(rest.slice(0, slash));
    if (run?.version === "v2") return { run, key: rest.slice(slash + 1) };
  }
  throw new BasinError(404, "stream_not_found", `stream \`${name}\` in basin \`${BASIN}\` not found`);
}

function authenticate(app: App, req: Req): void {
  const token = header(req, "authorization")?.replace(/^Bearer /, "");
  const name = header(req, "s2-basin");
  if (!token) throw new BasinError(401, "authn", "missing access token");
  if (token !== accessToken(app)) throw new BasinError(403, "permission_denied", "unknown access token");
  if (name === undefined) throw new BasinError(400, "bad_header", "Missing header `s2-basin`");
  if (name !== BASIN) throw new BasinError(404, "basin_not_found", `basin \`${name}\` not found`);
}

/** The same after a restart, so that a writer that goes on is still known. */
function accessToken(app: App): string {
  return `s2_${createHash("sha256").update(app.secretKey).digest("base64url")}`;
}

function allow(req: Req, res: Res): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name);
  res.setHeader("vary", "origin, access-control-request-method, access-control-request-headers");
  res.setHeader("access-control-allow-credentials", "true");
  if (req.headers.origin !== undefined) res.setHeader("access-control-allow-origin", req.headers.origin);
  const requested = req.headers["access-control-request-headers"];
  if (requested === undefined) return;
  res.setHeader("access-control-allow-headers", requested);
  res.setHeader("access-control-allow-methods", header(req, "access-control-request-method") ?? "GET");
}

/** With its length, as S2 answers. */
function answer(res: Res, status: number, body: unknown): void {
  const text = body === "" ? "" : JSON.stringify(body);
  res.writeHead(status, {
    ...(text !== "" && { "content-type": "application/json" }),
    "content-length": Buffer.byteLength(text),
  });
  res.end(text);
}
