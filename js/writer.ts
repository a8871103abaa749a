import { messageOf } from "./api.ts";
import { ask, type Creation, creationOf, forgetCreation, gatewayHeaders, writeUrl } from "./create.ts";
import { type ErrorCode, RunstreamError } from "./errors.ts";
import type { WriteTarget } from "./target.ts";
import { Credential } from "./token.ts";
import type { WriteResult } from "./types.ts";
import { type CoreAction, type CoreError, type CoreHead, headOf, type Machine, newMachine } from "./writer-wasm.ts";

/** Called when parts were acknowledged: how many so far, and on v2 the position of the last. */
export type Acknowledged = (count: number, lastPosition: number | undefined) => void;

/** How much of an error's body is worth showing, in characters. */
const DETAIL_CHARS = 300;

/** Loads the machine. It asks for the stream at once. */
export async function openWriter(target: WriteTarget, acknowledged?: Acknowledged): Promise<Writer> {
  // Before anything else, because what it refuses nobody can ask for.
  writeUrl(target);
  const credential = new Credential(target.client);
  return new Writer(await newMachine(credential.canRefresh), target, credential, acknowledged);
}

/** Does what the machine asks for, and tells it what came of it. */
export class Writer {
  /** Resolves when all parts are stored after `close`; rejects with the error that it was given up with. */
  readonly done: Promise<WriteResult>;
  readonly #core: Machine;
  readonly #target: WriteTarget;
  readonly #credential: Credential;
  readonly #acknowledged: Acknowledged | undefined;
  readonly #clientId = Array.from(crypto.getRandomValues(new Uint8Array(4)), (n) => n.toString(16).padStart(2, "0"));
  #settle!: { resolve: (result: WriteResult) => void; reject: (error: unknown) => void };
  #isOver = false;
  #creation: Promise<Creation> | undefined;
  #abort: AbortController | undefined;
  #lines: ReadableStreamDefaultController<Uint8Array> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #count = 0;
  #waiting: Array<() => void> = [];

  constructor(core: Machine, target: WriteTarget, credential: Credential, acknowledged: Acknowledged | undefined) {
    this.#core = core;
    this.#target = target;
    this.#credential = credential;
    this.#acknowledged = acknowledged;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever waits for it sees the rejection all the same.
    this.done.catch(() => {});
    this.#feed(() => {});
  }

  /** It takes no more parts: all are stored, or it was given up. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes a part's JSON. Throws if it is too large. */
  push(json: string): void {
    let error: unknown;
    this.#feed(() => {
      error = this.#core.push(json);
    });
    if (error) throw this.#errorOf(error as CoreError);
  }

  /** What was pushed so far does not wait for others. */
  flush(): void {
    this.#feed(() => this.#core.flush());
  }

  /** No more parts will come. */
  close(): void {
    this.#feed(() => this.#core.close());
  }

  /** Gives up what is not stored, for `reason`. */
  stop(reason: unknown): void {
    if (this.#isOver) return;
    this.#core.stop();
    this.#perform();
    this.#finish({ reason });
  }

  /** Resolves when more parts should be pushed, or none can be. At once, without a promise, when they can be now. */
  room(): Promise<void> | undefined {
    if (this.#isOver || this.#core.hasRoom()) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets the machine know something, then does what it wants. */
  #feed(change: () => void): void {
    if (this.#isOver) return;
    try {
      change();
      this.#perform();
      this.#look();
    } catch (cause) {
      const message = `the writer broke (${messageOf(cause)}); please report it`;
      this.#finish({ reason: new RunstreamError("internal", message, undefined, { cause }) });
    }
  }

  #perform(): void {
    for (let action = this.#next(); action; action = this.#next()) {
      const [name, attempt, argument] = action;
      if (name === "line") this.#line((lines) => lines.enqueue(argument));
      else if (name === "end") this.#line((lines) => lines.close());
      else if (name === "abort") this.#abort?.abort();
      else void this.#ask(attempt, action);
    }
  }

  #next(): CoreAction | undefined {
    return this.#core.action() as CoreAction | undefined;
  }

  /** What has changed for those who wait. */
  #look(): void {
    const count = this.#core.acknowledged();
    if (count > this.#count) {
      this.#count = count;
      this.#acknowledged?.(count, this.#core.lastPosition());
      if (this.#isOver) return;
    }
    const outcome = this.#core.outcome() as CoreError | [] | undefined;
    if (outcome) {
      this.#finish(outcome.length > 0 ? { reason: this.#errorOf(outcome as CoreError) } : undefined);
      return;
    }
    clearTimeout(this.#timer);
    const delay = this.#core.delay();
    if (delay !== undefined) this.#timer = setTimeout(() => this.#feed(() => this.#core.timeout()), delay);
    if (this.#waiting.length > 0 && this.#core.hasRoom()) this.#wake();
  }

  #finish(failure: { reason: unknown } | undefined): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    const position = this.#core.lastPosition();
    if (failure) {
      forgetCreation(this.#target, this.#creation);
      this.#settle.reject(failure.reason);
    } else this.#settle.resolve(position === undefined ? {} : { lastEventId: String(position) });
    this.#core.free();
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Makes a request, and feeds the answer to the machine. */
  async #ask(attempt: number, action: CoreAction): Promise<void> {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      if (action[0] === "create") await this.#create(attempt, action[2]);
      else if (action[0] === "append") await this.#append(attempt, action[2], signal);
      else if (action[0] === "probe") await this.#probe(attempt, signal);
      else if (action[0] === "open") await this.#open(attempt, action[2], signal);
    } catch (cause) {
      // A credential that cannot be had, for one: no server will mend that.
      if (cause instanceof RunstreamError) this.stop(cause);
      else this.#feed(() => this.#core.lost(attempt, lossOf(cause)));
    }
  }

  async #create(attempt: number, refreshToken: boolean): Promise<void> {
    this.#creation = creationOf(this.#target, this.#credential, refreshToken, this.#creation);
    const creation = await this.#creation;
    const head = { ...creation, code: "" };
    this.#feed(() => this.#core.created(attempt, headOf(head), creation.version, creation.linger));
  }

  async #append(attempt: number, body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
    const creation = await this.#creation;
    if (!creation) throw new Error("there is no stream to append to");
    const { url, headers } = creation.s2;
    const response = await ask(this.#target.client, url, { method: "POST", headers, body, signal });
    const text = await response.text();
    const said = parsed(text);
    const head = { ...headIn(response, text), code: typeof said.code === "string" ? said.code : "" };
    const end = said.end?.seq_num;
    this.#feed(() => this.#core.answered(attempt, headOf(head), Number.isSafeInteger(end) ? end : undefined));
  }

  async #probe(attempt: number, signal: AbortSignal): Promise<void> {
    const response = await this.#gateway({ method: "HEAD", signal });
    const index = Number.parseInt(response.headers.get("x-last-chunk-index") ?? "", 10);
    const head = headIn(response, "");
    this.#feed(() => this.#core.answered(attempt, headOf(head), index >= 0 ? index + 1 : undefined));
  }

  async #open(attempt: number, from: number, signal: AbortSignal): Promise<void> {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#lines = controller;
      },
    });
    const headers = { "Content-Type": "application/json", "X-Resume-From-Chunk": String(from) };
    const response = await this.#gateway({ method: "POST", headers, body, duplex: "half", signal });
    const head = headIn(response, await response.text());
    this.#feed(() => this.#core.answered(attempt, headOf(head), undefined));
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

  /** A body whose request is over takes no more; what became of the request is told by its answer. */
  #line(change: (lines: ReadableStreamDefaultController<Uint8Array>) => void): void {
    try {
      if (this.#lines) change(this.#lines);
    } catch {}
  }

  #errorOf([code, said, status]: CoreError): RunstreamError {
    const { runId, key } = this.#target;
    const isPassing = code === "http" || code === "network" || code === "timeout";
    const hint = isPassing ? ". Given up after 60 s; what was not acknowledged may have arrived" : "";
    const message = `writing to stream "${key}" of ${runId}: ${said}${hint}`;
    return new RunstreamError(code as ErrorCode, message, status || undefined);
  }
}

function headIn(response: Response, text: string): CoreHead {
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

/** Node hides what happened in the cause. */
function lossOf(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? `: ${thrown.cause.message}` : "";
  return messageOf(thrown) + cause;
}
