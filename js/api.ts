import { type ErrorCode, RunstreamError } from "./errors.ts";
import type { ClientOptions } from "./types.ts";

export const DEFAULT_BASE_URL = "https://api.trigger.dev";

/** `baseURL` without its trailing slashes. */
export function baseOf({ baseURL }: ClientOptions): string {
  const base = (baseURL ?? DEFAULT_BASE_URL).replace(/\/+$/, "");
  if (/^https?:\/\/[^?#]*$/.test(base) && isUrl(base)) return base;
  throw new RunstreamError(
    "invalid-argument",
    `baseURL is "${baseURL}"; give an address like https://example.com, without ? and #`,
  );
}

/** Without `URL.canParse`, which React Native has not. */
function isUrl(text: string): boolean {
  try {
    return Boolean(new URL(text));
  } catch {
    return false;
  }
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

/** The code of an answer that is no success. */
export function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 404) return "not-found";
  if (status === 413) return "too-large";
  return status >= 500 || status === 408 || status === 425 || status === 429 ? "http" : "rejected";
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
