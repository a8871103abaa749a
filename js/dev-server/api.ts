import { decodeJwt } from "jose";
import { type App, authenticate, authorize } from "./app.ts";
import { allowOrigin, json, preflight, type Req, type Res, readBody } from "./http.ts";
import { readableAs } from "./read.ts";
import { describeRun } from "./run-views.ts";
import { ENVIRONMENT_ID } from "./tokens.ts";
import { block, callBack, complete, retrieve, waitForInput } from "./waitpoint-routes.ts";

type Handler = (app: App, req: Req, res: Res, ...ids: string[]) => unknown;

/** What is served besides streams: runs, waitpoints and tokens. A star is an id. */
const ROUTES: Record<string, Handler> = {
  "api/v1/auth/jwt/claims": claims,
  "api/v1/auth/public-tokens": mint,
  "api/v1/runs/*/input-streams/wait": waitForInput,
  "api/v1/waitpoints/tokens/*": retrieve,
  "api/v1/waitpoints/tokens/*/complete": complete,
  "api/v1/waitpoints/tokens/*/callback/*": callBack,
  "api/v3/runs/*": retrieveRun,
  "engine/v1/runs/*/waitpoints/tokens/*/wait": block,
};

/** The route of this path, ready to be called; undefined if there is none. */
export function findRoute(parts: readonly string[]): ((app: App, req: Req, res: Res) => unknown) | undefined {
  for (const [pattern, handler] of Object.entries(ROUTES)) {
    const wanted = pattern.split("/");
    if (wanted.length !== parts.length || !wanted.every((part, i) => part === "*" || part === parts[i])) continue;
    const ids = parts.filter((_, i) => wanted[i] === "*");
    return (app, req, res) => handler(app, req, res, ...ids);
  }
  return undefined;
}

async function claims(app: App, req: Req, res: Res): Promise<void> {
  if (req.method !== "POST") return json(res, 405, { error: "Method not allowed" });
  if (await authenticate(app, req, res, false)) json(res, 200, { sub: ENVIRONMENT_ID, pub: true });
}

interface MintRequest {
  scopes?: string[];
  expirationTime?: string | number;
  realtime?: unknown;
  oneTimeUse?: boolean;
}

const MAX_LIFE_SECONDS = 30 * 86_400;

/** Signs on the server what a root key signs by itself. */
async function mint(app: App, req: Req, res: Res): Promise<void> {
  if (req.method !== "POST") return json(res, 405, { error: "Method not allowed" });
  if (!(await authenticate(app, req, res, false))) return;
  const { scopes, expirationTime, realtime, oneTimeUse } = JSON.parse(await readBody(req)) as MintRequest;
  if (!Array.isArray(scopes) || scopes.length === 0) return json(res, 400, { error: "At least one scope is required" });
  const extra = { ...(realtime !== undefined && { realtime }), ...(oneTimeUse === true && { otu: true }) };
  // What is no time at all the signer throws at.
  const token = await app.tokens.mint(scopes, { expiresIn: expirationTime }, extra).catch(() => undefined);
  const { iat = 0, exp = 0 } = token === undefined ? {} : decodeJwt(token);
  if (exp > iat && exp - iat <= MAX_LIFE_SECONDS) return json(res, 200, { token });
  json(res, 400, { error: `expirationTime ${JSON.stringify(expirationTime)} is not within the next 30 days` });
}

/** As much of a run as this server knows. */
async function retrieveRun(app: App, req: Req, res: Res, id: string): Promise<void> {
  if (req.method === "OPTIONS") return preflight(req, res);
  allowOrigin(req, res);
  if (req.method !== "GET") return json(res, 405, { error: "Method not allowed" });
  const caller = await authenticate(app, req, res, true);
  if (!caller) return;
  const run = app.runs.find(id);
  if (!run) return json(res, 404, { error: "Not found" });
  if (!authorize(res, caller, "read", readableAs(run))) return;
  const related = (of: string | undefined) => {
    const found = of === undefined ? undefined : app.runs.find(of);
    return found && describeRun(found);
  };
  const relatedRuns = { root: related(run.rootId), parent: related(run.parentId), children: [] };
  json(res, 200, { ...describeRun(run), payload: undefined, relatedRuns, attemptCount: 1 });
}
