import { jwtVerify, SignJWT } from "jose";

const ISSUER = "https://id.trigger.dev";
const AUDIENCE = "https://api.trigger.dev";
/** The one environment this server has; the `sub` of its tokens. */
export const ENVIRONMENT_ID = "env_dev";

/** Who sent a request. A secret key may do everything, a public access token what its scopes say. */
export type Caller = { type: "secret" } | { type: "public"; scopes: readonly string[] };

export interface MintOptions {
  /** A span such as "15m" or "2 hours", or seconds since the epoch. Default "15m". */
  expiresIn?: string | number | undefined;
}

export interface Tokens {
  /** A public access token with exactly these scopes. */
  mint(scopes: readonly string[], options?: MintOptions, extra?: Record<string, unknown>): Promise<string>;
  /** The caller, or the text of the 401. */
  authenticate(authorization: string | undefined, allowPublic: boolean): Promise<Caller | string>;
}

export function createTokens(secretKey: string): Tokens {
  const key = new TextEncoder().encode(secretKey);
  return {
    async mint(scopes, options, extra = {}) {
      return new SignJWT({ ...extra, sub: ENVIRONMENT_ID, pub: true, scopes: [...scopes] })
        .setProtectedHeader({ alg: "HS256" })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(options?.expiresIn ?? "15m")
        .sign(key);
    },

    async authenticate(authorization, allowPublic) {
      if (!authorization) return "Invalid or Missing API key";
      const token = authorization.replace(/^Bearer /, "");
      if (token === secretKey) return { type: "secret" };
      const claims = decodeClaims(token);
      if (claims?.pub !== true || !allowPublic) return "Invalid API key";
      if (claims.sub !== ENVIRONMENT_ID) return "Invalid Public Access Token";
      try {
        const { payload } = await jwtVerify(token, key, { issuer: ISSUER, audience: AUDIENCE, algorithms: ["HS256"] });
        return { type: "public", scopes: Array.isArray(payload.scopes) ? payload.scopes.map(String) : [] };
      } catch {
        return "Public Access Token is invalid";
      }
    },
  };
}

/** What a run's own token may do: read it and its streams, and send to its input streams. */
export function scopesForRun(runId: string): string[] {
  return [`read:runs:${runId}`, `write:inputStreams:${runId}`];
}

export interface Resource {
  type: string;
  id?: string | undefined;
}

/** A scope reads `action:type` or `action:type:id`. True if one scope allows the action on one of the resources. */
export function isAllowed(caller: Caller, action: string, resources: readonly Resource[]): boolean {
  if (caller.type === "secret") return true;
  return caller.scopes.some((scope) => {
    const [scopeAction, scopeType, ...rest] = scope.split(":");
    if (scopeAction === "admin") return true;
    if (scopeAction !== action && scopeAction !== "*") return false;
    if (scopeType === "all") return true;
    // Everything after the second colon is the id, colons included.
    const id = rest.join(":");
    return resources.some((resource) => resource.type === scopeType && (id === "" || resource.id === id));
  });
}

function decodeClaims(token: string): Record<string, unknown> | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
