import type { Connections } from "./connections.ts";
import type { FaultList } from "./faults.ts";
import { header, json, type Req, type Res } from "./http.ts";
import type { DevServerOptions, Timing } from "./options.ts";
import type { Runs } from "./runs.ts";
import type { S2 } from "./s2.ts";
import { type Caller, isAllowed, type Resource, type Tokens } from "./tokens.ts";
import type { Waitpoints } from "./waitpoints.ts";

/** What the routes share. */
export interface App {
  readonly options: DevServerOptions;
  readonly secretKey: string;
  readonly timing: Timing;
  readonly runs: Runs;
  readonly waitpoints: Waitpoints;
  readonly tokens: Tokens;
  readonly faults: FaultList;
  readonly connections: Connections;
  /** Where the streams of v2 runs are, when they are not in this process. */
  readonly s2: S2 | undefined;
}

/** The caller; undefined after a 401 was answered. */
export async function authenticate(app: App, req: Req, res: Res, allowPublic: boolean): Promise<Caller | undefined> {
  const caller = await app.tokens.authenticate(req.headers.authorization, allowPublic);
  if (typeof caller !== "string") return caller;
  json(res, 401, { error: caller });
  return undefined;
}

/** False after a 403 was answered. */
export function authorize(res: Res, caller: Caller, action: string, resources: readonly Resource[]): boolean {
  if (isAllowed(caller, action, resources)) return true;
  json(res, 403, { error: "Unauthorized", code: "unauthorized", param: "access_token", type: "authorization" });
  return false;
}

/** False after a 413 was answered. A body whose length is not announced is too large, however small it is. */
export function isSizeKnown(req: Req, res: Res, max: number): boolean {
  const length = header(req, "content-length");
  if (length !== undefined && Number.parseInt(length, 10) <= max) return true;
  json(res, 413, { error: "Request body too large" });
  return false;
}

/** S2 takes stream names of up to 512 bytes; the run and its environment are part of the name. */
export function isNameTooLong(runId: string, key: string): boolean {
  return Buffer.byteLength(streamName(runId, key)) > 512;
}

/** What a run's stream is called in S2. */
export function streamName(runId: string, key: string): string {
  return `org/org_dev/env/dev/env_dev/runs/${runId}/${key}`;
}
