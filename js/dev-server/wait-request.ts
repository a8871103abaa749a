/** The body of a wait for an input stream. */
export interface WaitRequest {
  streamId: string;
  timeout?: string;
  idempotencyKey?: string;
  idempotencyKeyTTL?: string;
  tags?: string | readonly string[];
  /** The last position the run has seen. Default: none. */
  lastSeqNum?: number;
}

/** The request, or what is wrong with it. */
export function parseWait(text: string): WaitRequest | string {
  let body: Partial<Record<keyof WaitRequest, unknown>>;
  try {
    body = JSON.parse(text);
  } catch {
    return "Request body is not valid JSON";
  }
  if (typeof body !== "object" || body === null) return "Validation error: Expected object";
  if (typeof body.streamId !== "string") return 'Validation error: Required at "streamId"';
  for (const name of ["timeout", "idempotencyKey", "idempotencyKeyTTL"] as const) {
    if (body[name] !== undefined && typeof body[name] !== "string") {
      return `Validation error: Expected string, received ${kind(body[name])} at "${name}"`;
    }
  }
  if (((body.idempotencyKey as string | undefined) ?? "").length > 2048) {
    return 'Validation error: idempotencyKey must be 2048 characters or less at "idempotencyKey"';
  }
  const { tags, lastSeqNum } = body;
  const isList = Array.isArray(tags) && tags.every((tag) => typeof tag === "string");
  if (tags !== undefined && typeof tags !== "string" && !isList) return 'Validation error: Invalid input at "tags"';
  if (lastSeqNum !== undefined && typeof lastSeqNum !== "number") {
    return `Validation error: Expected number, received ${kind(lastSeqNum)} at "lastSeqNum"`;
  }
  return body as unknown as WaitRequest;
}

const kind = (value: unknown) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
