import { type App, isNameTooLong } from "./app.ts";
import type { Res } from "./http.ts";
import { StreamFull } from "./limits.ts";
import { RecordLog, RecordTooLarge } from "./log.ts";
import type { Run } from "./runs.ts";
import { S2Error } from "./s2.ts";

/** A part whose data is text. */
export interface TextPart {
  data: string | undefined;
  id: string;
  /** The `X-Part-Id` it came with: what it is known by when it comes again. */
  sentId: string | undefined;
}

/** Stored now, or known already; or refused. */
export type Outcome = { status: 200; isNew: boolean } | { status: 413 | 500; error: string };

/** True if this part came before, which is then said: it is what tells a client that it may send again. */
export function isRepeated(app: App, res: Res, run: Run, key: string, sentId: string | undefined): boolean {
  if (app.options.dedupeParts === false || sentId === undefined || isInS2(app, run)) return false;
  res.setHeader("X-Part-Id", sentId);
  const exposed = res.getHeader("access-control-expose-headers");
  if (exposed !== undefined) res.setHeader("access-control-expose-headers", `${String(exposed)},x-part-id`);
  return app.runs.findStream(run, key)?.partIds.has(sentId) ?? false;
}

export async function storePart(app: App, run: Run, key: string, part: TextPart): Promise<Outcome> {
  if (run.version === "v2" && isNameTooLong(run.id, key)) {
    return { status: 500, error: "S2 append failed: 400 Bad Request" };
  }
  try {
    if (!isInS2(app, run)) return storeHere(app, run, key, part);
    await app.s2?.append(run.id, key, bodyOf(part));
    return { status: 200, isNew: true };
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

/** S2 outlives this process and its memory of part ids, so nothing is promised about them there. */
function isInS2(app: App, run: Run): boolean {
  return app.s2 !== undefined && run.version === "v2";
}
