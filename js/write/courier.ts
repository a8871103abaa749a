import { messageOf } from "../api.ts";
import type { Credential } from "../token.ts";
import { ask, type Creation, creationOf, forgetCreation, gatewayHeaders, writeUrl } from "./create.ts";
import type { WriteTarget } from "./target.ts";
import type { CoreHead } from "./wasm.ts";

/** An answer, and how far it says that the stream goes: the position behind an append, or the number of lines stored. */
export type Told = { head: CoreHead; end: number | undefined };

/** How much of an error's body is worth showing, in characters. */
const DETAIL_CHARS = 300;

/** Makes the requests of one writer. Rejects when there is no answer. */
export class Courier {
  readonly #target: WriteTarget;
  readonly #credential: Credential;
  readonly #clientId = Array.from(crypto.getRandomValues(new Uint8Array(4)), (n) => n.toString(16).padStart(2, "0"));
  #creation: Promise<Creation> | undefined;

  constructor(target: WriteTarget, credential: Credential) {
    this.#target = target;
    this.#credential = credential;
  }

  /** Asks for the stream, and anew whenever it is called again. */
  create(refreshToken: boolean): Promise<Creation> {
    this.#creation = creationOf(this.#target, this.#credential, refreshToken, this.#creation);
    return this.#creation;
  }

  /** The next writer shall not trust what this one trusted. */
  forget(): void {
    forgetCreation(this.#target, this.#creation);
  }

  async append(body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<Told> {
    const creation = await this.#creation;
    if (!creation) throw new Error("there is no stream to append to");
    const { url, headers } = creation.s2;
    const response = await ask(this.#target.client, url, { method: "POST", headers, body, signal });
    const text = await response.text();
    const said = parsed(text);
    const end = said.end?.seq_num;
    const code = typeof said.code === "string" ? said.code : "";
    return { head: { ...headOf(response, text), code }, end: Number.isSafeInteger(end) ? end : undefined };
  }

  async probe(signal: AbortSignal): Promise<Told> {
    const response = await this.#gateway({ method: "HEAD", signal });
    const index = Number.parseInt(response.headers.get("x-last-chunk-index") ?? "", 10);
    return { head: headOf(response, ""), end: index >= 0 ? index + 1 : undefined };
  }

  /** Sends lines, the first of which is number `from`, for as long as `body` goes on. */
  async lines(from: number, body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<Told> {
    const headers = { "Content-Type": "application/json", "X-Resume-From-Chunk": String(from) };
    const response = await this.#gateway({ method: "POST", headers, body, duplex: "half", signal });
    return { head: headOf(response, await response.text()), end: undefined };
  }

  /** A request to the gateway's v1 route. */
  async #gateway({ headers, ...init }: { headers?: Record<string, string>; [option: string]: unknown }) {
    const { client } = this.#target;
    const own = { "X-Client-Id": this.#clientId.join(""), "X-Stream-Version": "v1" };
    const token = await this.#credential.get(false);
    return ask(client, writeUrl(this.#target), {
      ...init,
      headers: { ...gatewayHeaders(client, token), ...headers, ...own },
    });
  }
}

/** What became of a request that has no answer. Node hides it in the cause. */
export function lossOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? `: ${thrown.cause.message}` : "";
  return messageOf(thrown) + cause;
}

function headOf(response: Response, text: string): CoreHead {
  const { status, headers } = response;
  return { status, retryAfter: headers.get("retry-after"), code: "", detail: text.slice(0, DETAIL_CHARS) };
}

function parsed(text: string): { code?: unknown; end?: { seq_num?: number } } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
