import type { IncomingMessage, ServerResponse } from "node:http";

export type Req = IncomingMessage;
export type Res = ServerResponse<IncomingMessage>;

const EXPOSED = "x-trigger-jwt,x-trigger-jwt-claims";

/** The headers of every answer. */
export function begin(res: Res): void {
  res.setHeader("Strict-Transport-Security", "max-age=3153600000");
  res.setHeader("X-Robots-Tag", "noindex, nofollow");
  res.setHeader("Vary", "Accept-Encoding");
}

/** Lets the calling page read the answer, errors included. Only some routes do. */
export function allowOrigin(req: Req, res: Res): void {
  const origin = req.headers.origin;
  if (origin !== undefined) {
    res.setHeader("access-control-allow-origin", origin);
    res.setHeader("Vary", "Origin, Accept-Encoding");
  }
  res.setHeader("access-control-expose-headers", EXPOSED);
}

export function preflight(req: Req, res: Res): void {
  allowOrigin(req, res);
  const requested = req.headers["access-control-request-headers"];
  if (requested !== undefined) res.setHeader("access-control-allow-headers", requested);
  res.setHeader("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
  res.setHeader("access-control-max-age", "300");
  json(res, 200, {});
}

export function json(res: Res, status: number, body: unknown): void {
  finish(res, status, "application/json; charset=utf-8", JSON.stringify(body));
}

export function text(res: Res, status: number, body: string): void {
  finish(res, status, "text/plain;charset=UTF-8", body);
}

export function empty(res: Res, status: number): void {
  res.writeHead(status);
  res.end();
}

/** Chunked, as the gateway answers: there is no Content-Length to lean on. */
export function finish(res: Res, status: number, contentType: string, body: string): void {
  res.writeHead(status, { "content-type": contentType, "Transfer-Encoding": "chunked" });
  res.end(body);
}

/** The headers of an event stream, over those already set. Nothing is sent before the first write. */
export function openEventStream(req: Req, res: Res, version: "v1" | "v2"): void {
  if (version === "v1") {
    res.setHeader("content-type", "text/event-stream");
    res.setHeader("cache-control", "no-cache");
  } else {
    const origin = req.headers.origin === undefined ? "" : ", Origin";
    res.setHeader("access-control-allow-credentials", "true");
    res.setHeader("access-control-expose-headers", `*, ${EXPOSED}`);
    res.setHeader("cache-control", "no-cache, no-transform");
    res.setHeader("content-type", "text/event-stream; charset=utf-8");
    res.setHeader("vary", `origin, access-control-request-method, access-control-request-headers${origin}`);
    res.setHeader("x-accel-buffering", "no");
    res.setHeader("x-stream-version", "v2");
  }
  res.writeHead(200);
}

/** Empty counts as absent. */
export function header(req: Req, name: string): string | undefined {
  const value = req.headers[name];
  return (Array.isArray(value) ? value[0] : value) || undefined;
}

export async function readBody(req: Req): Promise<string>;
/** Undefined for a body of more than `max` bytes, which is read to its end all the same: the sender must hear the answer. */
export async function readBody(req: Req, max: number): Promise<string | undefined>;
export async function readBody(req: Req, max = Number.POSITIVE_INFINITY): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    bytes += (chunk as Buffer).length;
    if (bytes <= max) chunks.push(chunk as Buffer);
  }
  return bytes > max ? undefined : new TextDecoder().decode(Buffer.concat(chunks));
}

/** Closes the connection so that the other side sees an error, never a proper end. */
export function breakOff(res: Res, reset = true): void {
  const socket = res.socket;
  if (!socket || socket.destroyed) return;
  if (reset) socket.resetAndDestroy();
  else socket.destroy();
}
