import { RunstreamError } from "./errors.ts";
import { shared } from "./shared.ts";
import type { ApiClientConfiguration, ClientOptions } from "./types.ts";

/** `scope` lets the current run have a say. */
const settings: { configured?: ClientOptions; scope?: () => ClientOptions } = shared("settings", {});

/** Sets what calls fall back to when they name no `accessToken`, `baseURL`, … of their own. Each call replaces the last. */
export function configure({ secretKey, ...options }: ApiClientConfiguration): void {
  settings.configured = { ...options, accessToken: secretKey ?? options.accessToken };
}

/** Lets the current run have a say. Set from there, so that a page does not load what it has no use for. */
export function setScope(ofRun: () => ClientOptions): void {
  settings.scope = ofRun;
}

/**
 * The options of a call, completed by the current run, by `configure` and then by `TRIGGER_SECRET_KEY` (or
 * `TRIGGER_ACCESS_TOKEN`) and `TRIGGER_API_URL`.
 */
export function clientOf(options: ClientOptions = {}): ClientOptions {
  const env = typeof process === "undefined" ? {} : (process.env ?? {});
  const fallback = { ...settings.configured, ...defined(settings.scope?.() ?? {}) };
  return {
    ...fallback,
    ...defined(options),
    accessToken:
      options.accessToken ?? fallback.accessToken ?? (env.TRIGGER_SECRET_KEY || env.TRIGGER_ACCESS_TOKEN || undefined),
    baseURL: options.baseURL ?? fallback.baseURL ?? (env.TRIGGER_API_URL || undefined),
  };
}

/** Throws a typed error that names what is missing and how to give it. */
export function requireReady(what: string, runId: unknown, { accessToken }: ClientOptions): void {
  const missing = notReady(what, runId, accessToken);
  if (missing) throw missing;
}

/** The streams that runs are to have, where it is not said otherwise: as the official SDK tells the server with every request. */
export function streamsVersion({ future }: ClientOptions): "v1" | "v2" {
  const env = globalThis.process?.env ?? {};
  const flags = [env.TRIGGER_V2_REALTIME_STREAMS, env.TRIGGER_REALTIME_STREAMS_V2];
  const isOff = future?.v2RealtimeStreams === false || flags.some((flag) => flag === "0" || flag === "false");
  return isOff ? "v1" : "v2";
}

/** Throws in a page, which must not have the secret key and could not send it there: those routes answer no preflight. */
export function requireServer(what: string): void {
  if (typeof document === "undefined" || globalThis.process?.versions?.node !== undefined) return;
  throw needsServer(what);
}

/** The error of what a page cannot do. */
export function needsServer(what: string): RunstreamError {
  const message = `${what} needs the secret key and so a server; from a page, call a route of your own that does it`;
  return new RunstreamError("unsupported", message);
}

/** The error of a missing run id or token, if one is missing. */
export function notReady(what: string, runId: unknown, accessToken: unknown): RunstreamError | undefined {
  if (typeof runId !== "string" || runId === "") {
    return new RunstreamError("not-ready", `${what}: the run id is ${JSON.stringify(runId)}; give the id of a run`);
  }
  if (!accessToken) {
    return new RunstreamError(
      "not-ready",
      `${what}: there is no access token; pass accessToken, give one to TriggerAuthContext, or on a server set TRIGGER_SECRET_KEY`,
    );
  }
  return undefined;
}

/** Without the keys whose value is undefined, which would hide the ones they are spread over. */
export function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
