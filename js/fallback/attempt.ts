// One connection attempt: fetch, the body's reader and abort, as src/wasm/net.rs has them.
import type { CoreConfig } from "../wasm.ts";
import type { Action, Head } from "./core.ts";
import type { Time } from "./time.ts";

/** How much of an error's body is worth showing, in characters. */
const DETAIL_CHARS = 300;

/** What an attempt reports, in order. */
export type Event = { head: Head } | { bytes: Uint8Array } | { failed: string } | "end";

type Connect = Extract<Action, [number, ...unknown[]]>;

export class Attempt {
  /** What came and was not taken yet. */
  event: Event | undefined;
  readonly #connect: Connect;
  readonly #config: CoreConfig;
  readonly #token: Promise<string>;
  readonly #time: Time;
  readonly #abort = new AbortController();
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #isAsked = false;
  /** No event will follow. */
  #isOver = false;
  #isClosed = false;

  constructor(connect: Connect, config: CoreConfig, token: Promise<string>, time: Time) {
    this.#connect = connect;
    this.#config = config;
    this.#token = token;
    this.#time = time;
    // Waited for by the first `ask`, which may come late.
    token.catch(() => {});
  }

  get number(): number {
    return this.#connect[0];
  }

  /** Asks for the next event, unless it is asked for; `came` is called when it is there. */
  ask(came: () => void): void {
    if (this.#isAsked || this.#isOver || this.event) return;
    this.#isAsked = true;
    const settle = (event: Event, isLast: boolean) => {
      if (this.#isClosed) return;
      this.#isAsked = false;
      this.#isOver = isLast;
      this.event = event;
      came();
    };
    const failed = (cause: unknown) => settle({ failed: textOf(cause) }, true);
    const reader = this.#reader;
    if (!reader) this.#open().then((head) => settle({ head }, !this.#reader), failed);
    else
      promised(() => reader.read())
        .then(bytesOf)
        .then((bytes) => (bytes ? settle({ bytes }, false) : settle("end", true)), failed);
  }

  /** Nothing comes after it. */
  close(): void {
    this.#isClosed = true;
    this.#abort.abort();
    // Tells the source, should the abort not have reached it. A rejection that nobody handles is an error of the page.
    promised(() => this.#reader?.cancel()).catch(() => {});
  }

  async #open(): Promise<Head> {
    const token = await this.#token;
    if (this.#isClosed) throw "closed";
    const answer = await this.#send(token);
    if (this.#isClosed) throw "closed";
    // By its parts: the answer may come from another realm, where every instanceof fails, or be no answer at all.
    if (typeof answer?.headers?.get !== "function" || typeof answer.status !== "number")
      throw "fetch did not answer with a Response";
    const { status, headers } = answer;
    const contentType = headers.get("content-type") ?? "";
    const isEventStream = contentType === "" || /^\s*text\/event-stream\s*(;|$)/i.test(contentType);
    const retryAfterMs = this.#time.retryAfter(headers.get("retry-after"));
    const head: Head = { status, version: headers.get("x-stream-version"), isEventStream, retryAfterMs, detail: "" };
    if (status === 204) return head;
    if (status < 200 || status >= 300) head.detail = await detailOf(answer);
    else if (!isEventStream) head.detail = contentType;
    else {
      if (!answer.body) throw "the response has no body to read; give a `fetch` whose responses are streams";
      // A body that is being read already throws here.
      this.#reader = answer.body.getReader();
    }
    return head;
  }

  #send(token: string): Promise<Response> {
    const [, lastEventId, latest] = this.#connect;
    const { url, headers: given, timeoutInSeconds, fetch = globalThis.fetch } = this.#config;
    let request: Request;
    try {
      const headers = new Headers(given);
      headers.set("Accept", "text/event-stream");
      headers.set("Timeout-Seconds", String(timeoutInSeconds));
      if (lastEventId) headers.set("Last-Event-ID", lastEventId);
      if (latest) headers.set("X-Trigger-Stream-Start", "latest");
      headers.set("Authorization", `Bearer ${token}`);
      request = new Request(url, { headers, signal: this.#abort.signal });
    } catch {
      throw "the request cannot be built; check the base URL and the headers";
    }
    return fetch(request);
  }
}

/** What is lent as a `fetch` may give bodies whose methods throw, or return no promise. */
function promised<T>(call: () => T | PromiseLike<T>): Promise<T> {
  return new Promise((resolve) => resolve(call()));
}

/** Undefined at the end. */
function bytesOf({ done, value }: ReadableStreamReadResult<Uint8Array>): Uint8Array | undefined {
  return done ? undefined : value instanceof Uint8Array ? value : new Uint8Array(value);
}

async function detailOf(answer: Response): Promise<string> {
  try {
    return (await answer.text()).slice(0, DETAIL_CHARS);
  } catch {
    return "";
  }
}

/** The message of whatever was thrown. */
export function textOf(thrown: unknown): string {
  const message = typeof thrown === "string" ? thrown : (thrown as Error | undefined)?.message;
  return typeof message === "string" ? message : "unknown cause";
}
