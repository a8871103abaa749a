import { baseOf, codeOf, headersOf, messageOf } from "./api.ts";
import { clientOf, requireReady, requireServer } from "./config.ts";
import { RunstreamError } from "./errors.ts";
import { Credential } from "./token.ts";
import type { ClientOptions } from "./types.ts";

type Ids = string | string[];

/** What may be done with which things. `true` stands for all runs. */
export type TokenPermissions = {
  runs?: Ids | true;
  tasks?: Ids;
  tags?: Ids;
  batch?: Ids;
  waitpoints?: Ids;
  inputStreams?: Ids;
  sessions?: Ids;
};

/** Scopes of a public access token. */
export type TokenScopes = {
  /** `read: { runs: ["run_…"] }` lets its streams be read. */
  read?: TokenPermissions;
  /** `write: { inputStreams: ["run_…"] }` lets input be sent to the run. */
  write?: TokenPermissions;
  trigger?: { tasks: Ids };
  batchTrigger?: { tasks: Ids };
};

/** Options of {@link createPublicToken}. */
export type CreatePublicTokenOptions = ClientOptions & {
  /** Without scopes the token allows nothing. */
  scopes?: TokenScopes;
  /**
   * When it expires: a span (`"30s"`, `"15m"`, `"2h"`, `"7d"`), a date, or seconds since 1970.
   * @default "15m"
   */
  expirationTime?: string | number | Date;
  /** Kept in the token for the service's other subscriptions; streams do not look at it. */
  realtime?: { skipColumns?: string[] };
};

/**
 * Makes a public access token for a page: with the secret key, on a server. It is signed here, after the server was asked once
 * which environment the key belongs to. Rejects with `unsupported` in a page, `not-ready` without a key, `unauthorized` when
 * the server refuses the key, `invalid-argument` for a scope without an id or a time that is none.
 */
export async function createPublicToken(options: CreatePublicTokenOptions = {}): Promise<string> {
  const what = "auth.createPublicToken";
  requireServer(what);
  const { scopes, expirationTime = "15m", realtime, ...clientOptions } = options;
  const client = clientOf(clientOptions);
  requireReady(what, "-", client);
  const flat = flatten(scopes ?? {});
  const secretKey = await new Credential(client).get(false);
  if (!isRootKey(secretKey)) {
    const body = { scopes: flat, expirationTime: serverTime(expirationTime), realtime };
    const { token } = await ask(client, secretKey, "public-tokens", body);
    return String(token);
  }
  const claims = await ask(client, secretKey, "jwt/claims");
  const { SignJWT } = await import("jose");
  const payload = { ...claims, ...(scopes && { scopes: flat }), ...(realtime && { realtime }) };
  try {
    return await new SignJWT(payload)
      .setProtectedHeader({ alg: "HS256" })
      .setIssuer("https://id.trigger.dev")
      .setAudience("https://api.trigger.dev")
      .setIssuedAt()
      .setExpirationTime(expirationTime)
      .sign(new TextEncoder().encode(secretKey));
  } catch (cause) {
    const message = `${what}: expirationTime is ${JSON.stringify(expirationTime)} (${messageOf(cause)}); give "15m", a Date or seconds since 1970`;
    throw new RunstreamError("invalid-argument", message, undefined, { cause });
  }
}

/** Whether tokens can be signed with it. Additional API keys and the tokens of runs cannot: the server signs for them. */
function isRootKey(secretKey: string): boolean {
  return !/^tr_(dev|prod|stg|preview)_sk_/.test(secretKey) && secretKey.split(".").length !== 3;
}

function serverTime(time: string | number | Date): string | number {
  return time instanceof Date ? Math.floor(time.getTime() / 1000) : time;
}

async function ask(client: ClientOptions, secretKey: string, route: string, body?: object) {
  const { fetch = globalThis.fetch } = client;
  const url = `${baseOf(client)}/api/v1/auth/${route}`;
  const headers = { ...headersOf(client), "Content-Type": "application/json", Authorization: `Bearer ${secretKey}` };
  let response: Response;
  try {
    response = await fetch(new Request(url, { method: "POST", headers, body: body ? JSON.stringify(body) : null }));
  } catch (cause) {
    const message = `auth.createPublicToken: ${url} cannot be reached (${messageOf(cause)})`;
    throw new RunstreamError("network", message, undefined, { cause });
  }
  if (!response.ok) {
    const said = (await response.text().catch(() => "")).slice(0, 300);
    const message = `auth.createPublicToken: the server refused (${response.status}: ${said})`;
    throw new RunstreamError(codeOf(response.status), message, response.status);
  }
  return (await response.json()) as Record<string, unknown>;
}

/** `{ read: { runs: ["run_x"] } }` as `["read:runs:run_x"]`. */
function flatten(scopes: TokenScopes): string[] {
  return Object.entries(scopes).flatMap(([action, permissions]) =>
    Object.entries(permissions ?? {}).flatMap(([type, ids]: [string, Ids | true | undefined]) => {
      if (ids === true) return [`${action}:${type}`];
      return [ids ?? []].flat().map((id) => {
        if (typeof id === "string" && id.trim() !== "") return `${action}:${type}:${id}`;
        const message = `scopes.${action}.${type} holds ${JSON.stringify(id)}; give ids that are not empty`;
        throw new RunstreamError("invalid-argument", message);
      });
    }),
  );
}
