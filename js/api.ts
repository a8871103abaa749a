import { type ErrorCode, RunstreamError } from "./errors.ts";
import type { ClientOptions } from "./types.ts";

export const DEFAULT_BASE_URL = "https://api.trigger.dev";

/** What the server accepts for one send, in bytes: the request's body, and the record S2 makes of it. */
const MAX_SEND_BYTES = 1_048_576;
/** What S2 adds to every record's size. */
const RECORD_OVERHEAD = 8;

/** `baseURL` without its trailing slashes. */
export function baseOf({ baseURL }: ClientOptions): string {
  const base = (baseURL ?? DEFAULT_BASE_URL).replace(/\/+$/, "");
  if (/^https?:\/\//.test(base) && URL.canParse(base)) return base;
  throw new RunstreamError("invalid-argument", `baseURL is "${baseURL}"; give an address like https://example.com`);
}

/** Reads stream `key` of a run. An input stream is read as `input/<id>`, two path segments. */
export function streamUrl(base: string, runId: string, key: string, input = false): string {
  const segment = input ? `input/${encodeURIComponent(key)}` : encodeURIComponent(key);
  return `${base}/realtime/v1/streams/${encodeURIComponent(runId)}/${segment}`;
}

/** The headers of every request but for the credential. */
export function headersOf({ previewBranch, requestOptions }: ClientOptions): Record<string, string> {
  const headers = { ...requestOptions?.additionalHeaders };
  for (const [name, value] of Object.entries(headers)) checkHeader(`additionalHeaders "${name}"`, name, value);
  if (previewBranch) {
    checkHeader("previewBranch", "x-trigger-branch", previewBranch);
    headers["x-trigger-branch"] = previewBranch;
  }
  return headers;
}

/** Checked before the core sees them, which could only say that no request can be made. */
export function checkHeader(what: string, name: string, value: string): void {
  try {
    new Headers([[name, value]]);
  } catch {
    throw new RunstreamError("invalid-argument", `${what} holds a character that no header may; remove it`);
  }
}

/** Sends `data` to an input stream once. Never retries: nobody can know whether a lost answer was a lost send. */
export async function sendInput(
  runId: string,
  id: string,
  data: unknown,
  token: string,
  options: ClientOptions & { signal?: AbortSignal | undefined },
): Promise<void> {
  const url = streamUrl(baseOf(options), runId, id, true);
  const body = encode(id, data);
  checkSize(id, data, body);
  const { fetch = globalThis.fetch, signal } = options;
  const request = new Request(url, {
    method: "POST",
    headers: { ...headersOf(options), "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body,
    signal: signal ?? null,
  });
  let response: Response;
  try {
    response = await fetch(request);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const message = `sending to "${id}" failed on the way (${messageOf(cause)}); it may have arrived`;
    throw new RunstreamError("unconfirmed", message, undefined, { cause });
  }
  if (typeof response?.status !== "number") {
    throw new RunstreamError("unconfirmed", `sending to "${id}": fetch gave no Response; it may have arrived`);
  }
  if (response.ok) return;
  const said = (await response.text().catch(() => "")).slice(0, 300);
  const message = `sending to "${id}" of ${runId} was refused (${response.status}: ${said})`;
  throw new RunstreamError(codeOf(response.status), message, response.status);
}

function encode(id: string, data: unknown): string {
  try {
    return JSON.stringify({ data });
  } catch (cause) {
    const message = `data for "${id}" has no JSON form (${messageOf(cause)}); give a value that JSON.stringify takes`;
    throw new RunstreamError("invalid-argument", message, undefined, { cause });
  }
}

/** The code of an answer that is no success. */
export function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 404) return "not-found";
  if (status === 413) return "too-large";
  return status >= 500 || status === 408 || status === 425 || status === 429 ? "http" : "rejected";
}

/** Measured here because a 413 may come without CORS headers, which a page cannot tell from a lost network. */
function checkSize(id: string, data: unknown, body: string): void {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  // The server stores the data as JSON inside JSON, with an id of its own.
  const record = RECORD_OVERHEAD + bytes(JSON.stringify({ data: JSON.stringify(data), id: "inp_000000000000" }));
  const size = Math.max(bytes(body), record);
  if (size > MAX_SEND_BYTES) {
    const message = `data for "${id}" takes ${size} bytes once encoded; the limit is ${MAX_SEND_BYTES}`;
    throw new RunstreamError("too-large", message);
  }
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
