import { type App, isNameTooLong } from "./app.ts";
import type { Res } from "./http.ts";
import { StreamFull } from "./limits.ts";
import { RecordLog, RecordTooLarge } from "./log.ts";
import type { Run } from "./runs.ts";
import type { S2 } from "./s2.ts";
import { S2Error } from "./s2-error.ts";

/** A part whose data is text. */
export interface TextPart {
  data: string | undefined;
  id: string;
  /** The `X-Part-Id` it came with: what it is known by when it comes again. */
  sentId: string | undefined;
}

/** Stored now, or known already; or refused. */
export type Outcome = { status: 200; isNew: boolean } | { status: 413 | 500; error: string };

/** True if this part came before. That it is looked at is said: it is what tells a client that it may send again. */
export async function isRepeated(
  app: App,
  res: Res,
  run: Run,
  key: string,
  sentId: string | undefined,
): Promise<boolean> {
  if (app.options.dedupeParts === false || sentId === undefined) return false;
  res.setHeader("X-Part-Id", sentId);
  const exposed = res.getHeader("access-control-expose-headers");
  if (exposed !== undefined) res.setHeader("access-control-expose-headers", `${String(exposed)},x-part-id`);
  if (!isInS2(app, run)) return app.runs.findStream(run, key)?.partIds.has(sentId) ?? false;
  // Only then it matters, and S2 is far.
  return run.completedAt !== undefined && app.s2.parts.has(run.id, key, sentId);
}

export async function storePart(app: App, run: Run, key: string, part: TextPart): Promise<Outcome> {
  if (run.version === "v2" && isNameTooLong(run.id, key)) {
    return { status: 500, error: "S2 append failed: 400 Bad Request" };
  }
  try {
    if (!isInS2(app, run)) return storeHere(app, run, key, part);
    if (app.options.dedupeParts === false || part.sentId === undefined) {
      await app.s2.append(run.id, key, bodyOf(part));
      return { status: 200, isNew: true };
    }
    return { status: 200, isNew: await app.s2.parts.append(run.id, key, part.sentId, bodyOf(part)) };
  } catch (error) {
    if (error instanceof RecordTooLarge) return { status: 413, error: error.message };
    if (error instanceof StreamFull) return { status: 500, error: "S2 append failed: 403 Forbidden" };
    if (error instanceof S2Error) return { status: 500, error: error.message };
    throw error;
  }
}

function storeHere(app: App, run: Run, key: string, part: TextPart): Outcome {
  const stream = app.runs.writableStream(run, key);
  if (!stream) return { status: 500, error: "S2 append failed: 409 Conflict" };
  // Two of them can be on their way at once.
  if (app.options.dedupeParts !== false && part.sentId !== undefined && stream.partIds.has(part.sentId)) {
    return { status: 200, isNew: false };
  }
  if (stream.log instanceof RecordLog) stream.log.append({ body: bodyOf(part) });
  else stream.log.append([String(JSON.stringify(part.data))]);
  if (part.sentId !== undefined) stream.partIds.add(part.sentId);
  return { status: 200, isNew: true };
}

function bodyOf({ data, id }: TextPart): string {
  return JSON.stringify({ data, id });
}

function isInS2(app: App, run: Run): app is App & { s2: S2 } {
  return app.s2 !== undefined && run.version === "v2";
}
