import { findRoute } from "./api.ts";
import type { App } from "./app.ts";
import { basin } from "./basin.ts";
import { control } from "./control.ts";
import { dashboard } from "./dashboard.ts";
import { begin, breakOff, json, preflight, type Req, type Res, text } from "./http.ts";
import { readInput, readOutput } from "./read.ts";
import { append, sendInput, streamOfTarget } from "./write.ts";

export async function handle(app: App, req: Req, res: Res): Promise<void> {
  begin(res);
  try {
    await route(app, req, res);
  } catch (error) {
    if (res.headersSent) breakOff(res);
    else if (error instanceof URIError) text(res, 400, "Bad Request");
    else json(res, 500, { error: "Internal Server Error" });
  }
}

async function route(app: App, req: Req, res: Res): Promise<void> {
  const [path = "/", query] = (req.url ?? "/").split(/\?(.*)/s);
  if (path.length > 1 && path.endsWith("/")) return redirect(res, path.slice(0, -1).replace(/\/+/g, "/"), query);
  const parts = path.split("/").slice(1).map(decodeURIComponent);
  if (path === "/" || path === "/dashboard") return dashboard(req, res);
  if (parts[0] === "dev") return control(app, req, res, parts.slice(1));
  if (path.startsWith("/realtime/v1/streams/")) return streams(app, req, res, parts.slice(3));
  if (parts[0] === "v1" && !app.s2) return basin(app, req, res, parts.slice(1));
  const handler = findRoute(parts);
  if (handler) await handler(app, req, res);
  else notFound(req, res);
}

async function streams(app: App, req: Req, res: Res, parts: readonly string[]): Promise<void> {
  const [runId = "", second = "", third = "", last] = parts;
  const isRead = req.method === "GET" || req.method === "HEAD";
  if (parts.length < 2 || parts.slice(0, 3).includes("")) return notFound(req, res);
  if (parts.length === 2) {
    if (req.method === "OPTIONS") return preflight(req, res);
    return isRead ? readOutput(app, req, res, runId, second) : text(res, 405, "Method Not Allowed");
  }
  if (parts.length === 3 && second === "input") {
    if (req.method === "OPTIONS") return preflight(req, res);
    return isRead ? readInput(app, req, res, runId, third) : sendInput(app, req, res, runId, third);
  }
  if (parts.length === 3) return streamOfTarget(app, req, res, runId, second, third);
  if (parts.length > 4 || last !== "append") return notFound(req, res);
  // The route has nothing to answer a GET or a preflight with.
  if (isRead || req.method === "OPTIONS") return json(res, 400, { message: "Unexpected Server Error" });
  return append(app, req, res, runId, second, third);
}

function redirect(res: Res, path: string, query: string | undefined): void {
  const location = query === undefined ? path : `${path}?${query}`;
  res.setHeader("Location", location);
  text(res, 301, `Moved Permanently. Redirecting to ${location}`);
}

function notFound(req: Req, res: Res): void {
  text(res, 404, `Not found: ${req.method} ${req.url}`);
}
