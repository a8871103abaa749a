import type { App } from "./app.ts";
import { discover } from "./discover.ts";
import type { Fault } from "./faults.ts";
import { allowOrigin, json, preflight, type Req, type Res, readBody } from "./http.ts";
import { partId as newPartId } from "./ids.ts";
import { appendValue } from "./operations.ts";
import { outlineRun, viewRun } from "./run-views.ts";
import type { RunOptions, RunState } from "./runs.ts";
import type { S2 } from "./s2.ts";
import { scopesForRun } from "./tokens.ts";

/** The routes under /dev: no key, any origin, since the server listens on this machine only. `server.ts` lists them. */
export async function control(app: App, req: Req, res: Res, parts: readonly string[]): Promise<void> {
  if (req.method === "OPTIONS") return preflight(req, res);
  allowOrigin(req, res);
  const route = `${req.method} /${parts.map((part, i) => (parts[0] === "runs" && (i === 1 || i === 3) ? "*" : part)).join("/")}`;
  const handler = ROUTES[route];
  if (!handler) {
    return json(res, 404, {
      error: `No such route: ${req.method} /dev/${parts.join("/")}`,
      routes: Object.keys(ROUTES),
    });
  }
  try {
    await handler(app, req, res, parts);
  } catch (error) {
    json(res, 400, { error: error instanceof Error ? error.message : String(error) });
  }
}

type Handler = (app: App, req: Req, res: Res, parts: readonly string[]) => unknown;

const ROUTES: Record<string, Handler> = {
  "GET /health": (app, _req, res) => {
    const { endpoint, basin } = app.options.s2 ?? {};
    json(res, 200, { ok: true, s2: basin === undefined ? undefined : { endpoint, basin } });
  },

  "POST /runs": async (app, req, res) => {
    const options = (await body(req)) as RunOptions & { expiresIn?: string };
    const found = options.id !== undefined && app.runs.isKnown(options.id);
    const run = found ? app.runs.get(options.id as string) : app.runs.create(options);
    const publicAccessToken = await app.tokens.mint(scopesForRun(run.id), { expiresIn: options.expiresIn ?? "24h" });
    json(res, found ? 200 : 201, { id: run.id, publicAccessToken });
  },

  "GET /runs": async (app, _req, res) => {
    await discover(app);
    json(res, 200, { runs: app.runs.list.map(outlineRun).reverse() });
  },

  "GET /runs/*": async (app, _req, res, [, id = ""]) => {
    await discover(app, id);
    json(res, 200, viewRun(app, app.runs.get(id)));
  },

  "POST /runs/*/complete": async (app, req, res, parts) => {
    const { state } = (await body(req)) as { state?: Exclude<RunState, "executing"> };
    app.runs.complete(parts[1] ?? "", state);
    json(res, 200, { ok: true });
  },

  "POST /runs/*/streams/*": async (app, req, res, parts) => {
    const { data, partId } = (await body(req)) as { data?: unknown; partId?: string };
    const [, runId = "", , key = ""] = parts;
    if (isInS2(app, runId)) await app.s2.append(runId, key, JSON.stringify({ data, id: partId ?? newPartId() }));
    else appendValue(app, runId, key, [data], partId);
    json(res, 200, { ok: true });
  },

  "DELETE /runs/*/streams/*": async (app, _req, res, parts) => {
    const [, runId = "", , key = ""] = parts;
    const deleted = isInS2(app, runId) ? await app.s2.delete(runId, key) : app.runs.deleteStream(runId, key);
    json(res, 200, { deleted });
  },

  "GET /faults": (app, _req, res) => json(res, 200, { pending: app.faults.pending, fired: app.faults.fired }),

  "POST /faults": async (app, req, res) => {
    const steps = await body(req);
    app.faults.add(...((Array.isArray(steps) ? steps : [steps]) as (Fault | Fault[])[]));
    json(res, 200, { ok: true, pending: app.faults.pending });
  },

  "DELETE /faults": async (app, req, res) => {
    const { run } = (await body(req)) as { run?: string };
    app.faults.clear(run);
    json(res, 200, { ok: true });
  },

  "GET /connections": (app, _req, res) => json(res, 200, { connections: app.connections.list }),

  "POST /connections/cut": async (app, req, res) => {
    const filter = (await body(req)) as { run?: string; stream?: string };
    json(res, 200, { cut: app.connections.cut(filter) });
  },
};

function isInS2(app: App, runId: string): app is App & { s2: S2 } {
  return app.s2 !== undefined && app.runs.get(runId).version === "v2";
}

async function body(req: Req): Promise<unknown> {
  const text = await readBody(req);
  if (text.trim() === "") return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error("The body must be JSON.");
  }
  if (typeof parsed !== "object" || parsed === null) throw new Error("The body must be a JSON object.");
  return parsed;
}
