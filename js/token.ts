import { checkHeader } from "./api.ts";
import { clock } from "./clock.ts";
import { RunstreamError } from "./errors.ts";
import { shared } from "./shared.ts";
import type { AccessToken, ClientOptions } from "./types.ts";

/** A token this close to its end is refreshed before it is used, in milliseconds: longer than a request takes. */
const EXPIRY_MARGIN_MS = 10_000;

type Refresh = () => Promise<string>;

/** One refresh at a time for each way of making tokens, however many streams wait for it. */
const refreshing = shared("refreshing", new WeakMap<Refresh, Promise<string>>());

/** The credential of a subscription, and the way to a new one. */
export class Credential {
  #given: AccessToken | undefined;
  #token: string | undefined;
  #refresh: Refresh | undefined;

  constructor(options: ClientOptions) {
    this.update(options);
  }

  /** Takes what the last render gave. True if that is another token. */
  update({ accessToken, refreshAccessToken }: ClientOptions): boolean {
    this.#refresh = refreshAccessToken;
    if (accessToken === this.#given) return false;
    const isNew = this.#given !== undefined && typeof accessToken === "string";
    this.#given = accessToken;
    this.#token = typeof accessToken === "string" ? accessToken : undefined;
    return isNew;
  }

  get canRefresh(): boolean {
    return this.#refresh !== undefined || typeof this.#given === "function";
  }

  /** The token for the next request. `renew`: the server refused the last one. */
  async get(renew: boolean): Promise<string> {
    const given = this.#given;
    const refresh = this.#refresh;
    if (typeof given === "function" && !(renew && refresh)) return check(await given());
    if (refresh && (renew || expiresSoon(this.#token))) {
      const token = check(await once(refresh));
      // A token given meanwhile is newer than the one this began with.
      if (this.#given === given) this.#token = token;
    }
    return check(this.#token);
  }
}

function once(refresh: Refresh): Promise<string> {
  let running = refreshing.get(refresh);
  if (!running) {
    running = refresh().finally(() => refreshing.delete(refresh));
    refreshing.set(refresh, running);
  }
  return running;
}

function check(token: unknown): string {
  if (typeof token === "string" && token !== "") {
    checkHeader("the access token", "authorization", token);
    return token;
  }
  throw new RunstreamError("not-ready", `the access token is ${JSON.stringify(token)}; a function must return a token`);
}

function expiresSoon(token: string | undefined): boolean {
  const { exp } = claims(token);
  return typeof exp === "number" && exp * 1000 - clock.now() < EXPIRY_MARGIN_MS;
}

/** Whose token it is: its environment. Never the token's text, so that a new token is the same owner. */
export function ownerOf(token: AccessToken | undefined): string {
  if (typeof token !== "string") return "function";
  const { sub } = claims(token);
  return typeof sub === "string" ? sub : "key";
}

/** The payload of a JWT, unverified: the server does that. Empty for anything else. */
function claims(token: string | undefined): { exp?: unknown; sub?: unknown } {
  const payload = token?.split(".")[1];
  if (!payload) return {};
  try {
    return JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/"))) ?? {};
  } catch {
    return {};
  }
}
