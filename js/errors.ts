/**
 * What went wrong. Check `error.code`, never `instanceof`: two copies of the package may be loaded.
 *
 * | code | meaning |
 * |---|---|
 * | `unauthorized` | 401 or 403, after one refresh of the token. A new token revives the subscription. |
 * | `not-found` | 404. On the first connection only after three tries. |
 * | `rejected` | Another 4xx: the server will not serve this request. |
 * | `http` | 5xx, 408, 425 or 429. Retried. |
 * | `network` | The request or the body failed on the way. Retried. |
 * | `timeout` | No answer for 15 s, or no byte for longer than a live server is silent: retried. Or what `once` or `wait` waited for did not come in time. |
 * | `not-a-stream` | 200 with something else than an event stream. Retried, and shown at once. |
 * | `buffer-exceeded` | One event larger than 16 MiB; or more than that of what is piped waits for its local reader. |
 * | `bad-event` | A batch that cannot be read, three times at the same position. |
 * | `too-large` | A send or a part over the limit, measured after encoding. |
 * | `unsupported` | Needs the secret key, which a browser must not have; or a `fetch` whose responses have a body to read, which React Native's have not. |
 * | `unconfirmed` | A send whose outcome is unknown: it may have arrived. |
 * | `queue-full` | More sends wait for one input stream than are kept: 1,000, or 4 MiB. |
 * | `not-ready` | No run id or no token. |
 * | `invalid-argument` | A value that cannot be; the message names it. |
 * | `invalid-part` | A part that the stream's schema refuses. |
 * | `internal` | Our bug. |
 */
export type ErrorCode =
  | "unauthorized"
  | "not-found"
  | "rejected"
  | "http"
  | "network"
  | "timeout"
  | "not-a-stream"
  | "buffer-exceeded"
  | "bad-event"
  | "too-large"
  | "unsupported"
  | "unconfirmed"
  | "queue-full"
  | "not-ready"
  | "invalid-argument"
  | "invalid-part"
  | "internal";

/** Every error this package makes. */
export class RunstreamError extends Error {
  override readonly name: string = "RunstreamError";

  constructor(
    /** What kind of error it is. */
    readonly code: ErrorCode,
    message: string,
    /** The HTTP status behind it, if there is one. */
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** `once` waited for longer than its `timeoutMs`. Its code is `timeout`. */
export class InputStreamTimeoutError extends RunstreamError {
  override readonly name = "InputStreamTimeoutError";

  constructor(
    readonly streamId: string,
    /** In milliseconds. */
    readonly timeoutMs: number,
  ) {
    super("timeout", `nothing came on input stream "${streamId}" within ${timeoutMs} ms`);
  }
}

/** `wait` waited for longer than its `timeout`. Its code is `timeout`. */
export class WaitpointTimeoutError extends RunstreamError {
  override readonly name = "WaitpointTimeoutError";

  constructor(message: string) {
    super("timeout", message);
  }
}

/** Hands an exception of the application to the page's error handling, without stopping what called it. */
export function reportException(thrown: unknown): void {
  if (typeof reportError === "function") reportError(thrown);
  else console.error(thrown);
}

const warned = new Set<string>();

/** Says `message` once on the console, in development only. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  try {
    // A bundler replaces what is compared and nothing else: to ask for the type of `process` would find none in any page.
    if (process.env.NODE_ENV === "production") return;
  } catch {}
  console.warn(`runstream: ${message}`);
}
