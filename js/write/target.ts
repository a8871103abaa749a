import { clientOf, requireReady, requireServer } from "../config.ts";
import { RunstreamError } from "../errors.ts";
import { currentRun } from "../run-context.ts";
import type { ClientOptions, WriteOptions } from "../types.ts";

/** A stream to write to, and as whom. */
export type WriteTarget = { client: ClientOptions; runId: string; key: string };

/** What `options.target` means here. Throws a typed error when nothing can be written. */
export function targetOf(what: string, key: string, options: WriteOptions = {}): WriteTarget {
  requireServer(what);
  const { target: _, signal: __, ...clientOptions } = options;
  const client = clientOf(clientOptions);
  const runId = runIdOf(what, options.target);
  requireReady(what, runId, client);
  return { client, runId, key };
}

function runIdOf(what: string, target: unknown): string {
  if (target !== undefined && (typeof target !== "string" || target === "")) {
    const message = `${what}: target is ${JSON.stringify(target)}; give "self", "parent", "root" or a run id`;
    throw new RunstreamError("invalid-argument", message);
  }
  const name = target ?? "self";
  if (name !== "self" && name !== "parent" && name !== "root") return name;
  const run = currentRun();
  if (!run) {
    const message = `${what}: there is no current run; give a run id as the target option, or call it inside withRun or a task`;
    throw new RunstreamError("not-ready", message);
  }
  const ids = { self: run.id, parent: run.parentId, root: run.rootId };
  return ids[name] ?? run.id;
}
