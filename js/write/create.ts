import { baseOf, headersOf, streamUrl } from "../api.ts";
import { streamsVersion } from "../config.ts";
import { shared } from "../shared.ts";
import type { Credential } from "../token.ts";
import type { ClientOptions } from "../types.ts";
import type { WriteTarget } from "./target.ts";

/** How the gateway answered when it was asked for a stream. */
export type Creation = {
  status: number;
  retryAfter: string | null;
  detail: string;
  /** What to speak: 2 only with a way to S2, as the official client has it; 0 if the answer is no gateway's. */
  version: 0 | 1 | 2;
  /** Milliseconds that the first part of a batch waits for others. */
  linger: number | undefined;
  /** v2: where appends go, and with which headers. */
  s2: { url: string; headers: Record<string, string> };
};

/** As long as the writer waits for it. */
const ANSWER_MS = 20_000;
/** How many are remembered: those asked for last. One that was forgotten costs a request. */
const MAX_CREATIONS = 1_000;

/** One creation for all writers to a stream: each adds to the run's list of streams, and they share its token. */
const creations = shared("creations", new Map<string, Promise<Creation>>());

/** Tells streams apart, and those who may write to them. */
export function identityOf({ client, runId, key }: WriteTarget): string {
  const { accessToken, previewBranch } = client;
  const owner = typeof accessToken === "string" ? accessToken : "";
  return JSON.stringify([baseOf(client), previewBranch, owner, runId, key]);
}

/** The gateway's answer, remembered if it is good. `stale`: one that did not work out and is asked for again. */
export function creationOf(
  target: WriteTarget,
  credential: Credential,
  refreshToken: boolean,
  stale: Promise<Creation> | undefined,
): Promise<Creation> {
  const identity = identityOf(target);
  const known = creations.get(identity);
  if (known && known !== stale) return known;
  const asked = create(target, credential, refreshToken);
  creations.delete(identity);
  creations.set(identity, asked);
  const [oldest = ""] = creations.keys();
  if (creations.size > MAX_CREATIONS) creations.delete(oldest);
  const forget = () => creations.get(identity) === asked && creations.delete(identity);
  asked.then(({ version }) => version === 0 && forget(), forget);
  return asked;
}

/** For a writer that failed: the next one shall not trust what it trusted. */
export function forgetCreation(target: WriteTarget, stale: Promise<Creation> | undefined): void {
  const identity = identityOf(target);
  if (creations.get(identity) === stale) creations.delete(identity);
}

/** `…/self/<key>`: creates with PUT; on v1 takes lines with POST and is asked for its last with HEAD. */
export function writeUrl({ client, runId, key }: WriteTarget): string {
  return `${streamUrl(baseOf(client), runId, "self")}/${encodeURIComponent(key)}`;
}

/** `init` as a `Request`, by the application's `fetch` if it lent one. */
export async function ask({ fetch = globalThis.fetch }: ClientOptions, url: string, init: object): Promise<Response> {
  const response = await fetch(new Request(url, init));
  if (typeof response?.status !== "number") throw new Error("fetch gave no Response");
  return response;
}

export function gatewayHeaders(client: ClientOptions, token: string): Record<string, string> {
  const version = streamsVersion(client);
  return { ...headersOf(client), Authorization: `Bearer ${token}`, "x-trigger-realtime-streams-version": version };
}

async function create(target: WriteTarget, credential: Credential, refreshToken: boolean): Promise<Creation> {
  const { client } = target;
  const response = await ask(client, writeUrl(target), {
    method: "PUT",
    headers: gatewayHeaders(client, await credential.get(refreshToken)),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await response.text();
  const { headers, status } = response;
  const said = response.ok ? versionIn(text) : undefined;
  const [token, basin] = [headers.get("x-s2-access-token"), headers.get("x-s2-basin")];
  const linger = Number.parseInt(headers.get("x-s2-flush-interval-ms") ?? "", 10);
  const endpoint = headers.get("x-s2-endpoint") ?? `https://${basin}.b.s2.dev/v1`;
  const name = headers.get("x-s2-stream-name") ?? target.key;
  return {
    status,
    retryAfter: headers.get("retry-after"),
    detail: text.slice(0, 300),
    version: said === undefined ? 0 : said === "v2" && token && basin ? 2 : 1,
    linger: linger >= 0 ? linger : undefined,
    s2: {
      url: `${endpoint.replace(/\/+$/, "")}/streams/${encodeURIComponent(name)}/records`,
      headers: { Authorization: `Bearer ${token}`, "s2-basin": basin ?? "", "Content-Type": "application/json" },
    },
  };
}

function versionIn(text: string): string | undefined {
  try {
    const { version } = JSON.parse(text);
    return version === "v1" || version === "v2" ? version : undefined;
  } catch {
    return undefined;
  }
}
