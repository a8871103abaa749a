import { codeOf, headersOf, messageOf } from "../api.ts";
import { clock } from "../clock.ts";
import { RunstreamError } from "../errors.ts";
import { Credential } from "../token.ts";
import type { ClientOptions } from "../types.ts";

/** How often one send is tried, and how long is waited in between, in milliseconds: doubling, 50 to 100 % of it at random. */
const MAX_TRIES = 10;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/** The longest `Retry-After` that is honoured, in milliseconds. */
const MAX_RETRY_AFTER_MS = 60_000;
/** Without an answer for so long a send is lost, in milliseconds: 1 MiB on a slow line takes half of it. */
const ANSWER_MS = 60_000;

/** One send, encoded. */
export type Outgoing = { what: string; url: string; body: string };

/**
 * How a try failed. `none`: the server did nothing, so it may be tried again; `unknown`: it may have stored the send;
 * `refused`: it will never take it.
 */
type Failure = { effect: "none" | "unknown" | "refused"; error: RunstreamError; retryAfter?: number };

/**
 * Which input streams, by URL, are known to honour the part id or not, as their last answers said: a send to one that does is
 * stored once however often it comes, so whatever failed may be sent again. Those of the last sends.
 */
const honours = new Map<string, boolean>();
const MAX_KNOWN = 1_000;

/** Delivers one send. Tried again when it provably had no effect, or when the server is known to honour its part id. */
export async function deliver(outgoing: Outgoing, client: ClientOptions, signal?: AbortSignal): Promise<void> {
  const partId = newPartId();
  const credential = credentialOf(client);
  let renew = false;
  for (let tries = 1; ; tries++) {
    await online(signal);
    const token = await tokenOf(credential, renew, outgoing.what);
    const attempt = (body: string, id: string) => post(outgoing, body, id, token, client, signal);
    const failure = await attempt(outgoing.body, partId);
    if (!failure) return;
    const { effect, error, retryAfter = 0 } = failure;
    if (error.code === "unauthorized" && !renew && credential.canRefresh) {
      renew = true;
      continue;
    }
    renew = false;
    if (effect === "refused" || tries === MAX_TRIES) throw error;
    if (error.code === "unconfirmed" && !honours.has(outgoing.url)) {
      // Nothing is known of it yet. A body that is no object is stored by none, and the answer may tell.
      await online(signal);
      await attempt("null", newPartId());
    }
    if (effect === "unknown" && !honours.get(outgoing.url)) throw error;
    await sleep(Math.max(backoff(tries), retryAfter), signal);
  }
}

/** One request. Undefined when the server has taken it. */
async function post(
  { what, url }: Outgoing,
  body: string,
  partId: string,
  token: string,
  client: ClientOptions,
  signal: AbortSignal | undefined,
): Promise<Failure | undefined> {
  // Not throwIfAborted, which the signals of React Native have not.
  if (signal?.aborted) throw signal.reason;
  const { fetch = globalThis.fetch } = client;
  const headers = { ...headersOf(client), "Content-Type": "application/json", "X-Part-Id": partId };
  const abort = new AbortController();
  const giveUp = () => abort.abort(signal?.reason);
  signal?.addEventListener("abort", giveUp);
  const timer = clock.setTimeout(() => abort.abort(new Error(`no answer for ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  try {
    const request = new Request(url, {
      method: "POST",
      headers: { ...headers, Authorization: `Bearer ${token}` },
      body,
      signal: abort.signal,
    });
    let response: Response;
    try {
      response = await fetch(request);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      return lost(what, cause);
    }
    if (typeof response?.status !== "number") return lost(what, "fetch gave no Response");
    const echoed = response.headers?.get("x-part-id");
    if (response.ok || echoed) remember(url, echoed === partId);
    return response.ok ? undefined : await refusal(what, response);
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

function remember(url: string, isHonoured: boolean): void {
  honours.delete(url);
  honours.set(url, isHonoured);
  const [oldest] = honours.keys();
  if (honours.size > MAX_KNOWN && oldest !== undefined) honours.delete(oldest);
}

/** A request without an answer: only a refused connection proves that nobody got it. */
function lost(what: string, cause: unknown): Failure {
  const { code } = ((cause as Error)?.cause ?? {}) as { code?: unknown };
  if (code === "ECONNREFUSED") {
    const message = `${what} failed: nobody listens there (${messageOf(cause)}: ${code})`;
    return { effect: "none", error: new RunstreamError("network", message, undefined, { cause }) };
  }
  const message = `${what} failed on the way (${messageOf(cause)}); it may have arrived`;
  return { effect: "unknown", error: new RunstreamError("unconfirmed", message, undefined, { cause }) };
}

async function refusal(what: string, response: Response): Promise<Failure> {
  const { status } = response;
  const said = (await response.text().catch(() => "")).slice(0, 300);
  const retryAfter = retryAfterOf(response.headers.get("retry-after"));
  const isNone = status === 429 || status === 425 || (status === 503 && retryAfter !== undefined);
  const effect = isNone ? "none" : status >= 500 || status === 408 ? "unknown" : "refused";
  const note = effect === "unknown" ? "; it may have arrived" : "";
  const message = `${what} was refused (${status}: ${said})${note}`;
  return { effect, error: new RunstreamError(codeOf(status), message, status), retryAfter: retryAfter ?? 0 };
}

/** Seconds or a date, in milliseconds from now. Undefined if it is neither. */
function retryAfterOf(value: string | null): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - clock.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

function backoff(tries: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS) * (0.5 + Math.random() / 2);
}

/** Resolves when the browser has a network. Elsewhere nobody can know, and it does at once. */
async function online(signal: AbortSignal | undefined): Promise<void> {
  if (globalThis.navigator?.onLine !== false || typeof addEventListener !== "function") return;
  await interruptible(signal, (done) => {
    addEventListener("online", done);
    return () => removeEventListener("online", done);
  });
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return interruptible(signal, (done) => {
    const timer = clock.setTimeout(done, ms);
    return () => clock.clearTimeout(timer);
  });
}

/** Resolves when `begin` calls back, rejects when the signal aborts; either way what `begin` returned cleans up. */
function interruptible(signal: AbortSignal | undefined, begin: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw signal.reason;
    const giveUp = () => {
      end();
      reject(signal?.reason);
    };
    const end = begin(() => {
      signal?.removeEventListener("abort", giveUp);
      end();
      resolve();
    });
    signal?.addEventListener("abort", giveUp, { once: true });
  });
}

const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** As long as the server's own ids, which the size of a record is reckoned with. */
function newPartId(): string {
  // Not randomUUID: a page that is not served over https has none.
  // React Native has no crypto at all. An id must not repeat, and need not be a secret.
  const random = globalThis.crypto
    ? crypto.getRandomValues(new Uint8Array(12))
    : Uint8Array.from({ length: 12 }, () => Math.random() * 256);
  return `inp_${Array.from(random, (byte) => LETTERS[byte % LETTERS.length]).join("")}`;
}

async function tokenOf(credential: Credential, renew: boolean, what: string): Promise<string> {
  try {
    return await credential.get(renew);
  } catch (thrown) {
    if (thrown instanceof RunstreamError) throw thrown;
    const message = `${what}: there is no token, because making one failed (${messageOf(thrown)})`;
    throw new RunstreamError("unauthorized", message, undefined, { cause: thrown });
  }
}

const credentials = new WeakMap<() => Promise<string>, Credential>();

/** One for each way of refreshing, so that the next send begins with the token this one got. */
function credentialOf(client: ClientOptions): Credential {
  const { refreshAccessToken } = client;
  if (!refreshAccessToken) return new Credential(client);
  const known = credentials.get(refreshAccessToken) ?? new Credential(client);
  credentials.set(refreshAccessToken, known);
  known.update(client);
  return known;
}
