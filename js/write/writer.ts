import { messageOf } from "../api.ts";
import { clock } from "../clock.ts";
import { type ErrorCode, RunstreamError } from "../errors.ts";
import { Credential } from "../token.ts";
import type { WriteResult } from "../types.ts";
import { Courier, lossOf, type Told } from "./courier.ts";
import { writeUrl } from "./create.ts";
import type { WriteTarget } from "./target.ts";
import { type CoreAction, type CoreError, headOf, type Machine, newMachine } from "./wasm.ts";

/** Called when parts were acknowledged: how many so far, and on v2 the position of the last. */
export type Acknowledged = (count: number, lastPosition: number | undefined) => void;

/** Loads the machine. It asks for the stream at once. */
export async function openWriter(target: WriteTarget, acknowledged?: Acknowledged): Promise<Writer> {
  // Before anything else, because what it refuses nobody can ask for.
  writeUrl(target);
  const credential = new Credential(target.client);
  const machine = await newMachine(credential.canRefresh);
  return new Writer(machine, target, new Courier(target, credential), acknowledged);
}

/** Does what the machine asks for, and tells it what came of it. */
export class Writer {
  /** Resolves when all parts are stored after `close`; rejects with the error that it was given up with. */
  readonly done: Promise<WriteResult>;
  readonly #core: Machine;
  readonly #target: WriteTarget;
  readonly #courier: Courier;
  readonly #acknowledged: Acknowledged | undefined;
  #settle!: { resolve: (result: WriteResult) => void; reject: (error: unknown) => void };
  #isOver = false;
  #abort: AbortController | undefined;
  #lines: ReadableStreamDefaultController<Uint8Array> | undefined;
  #timer: unknown;
  #count = 0;
  #waiting: Array<() => void> = [];

  constructor(core: Machine, target: WriteTarget, courier: Courier, acknowledged: Acknowledged | undefined) {
    this.#core = core;
    this.#target = target;
    this.#courier = courier;
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
    clock.clearTimeout(this.#timer);
    const delay = this.#core.delay();
    if (delay !== undefined) this.#timer = clock.setTimeout(() => this.#feed(() => this.#core.timeout()), delay);
    if (this.#waiting.length > 0 && this.#core.hasRoom()) this.#wake();
  }

  #finish(failure: { reason: unknown } | undefined): void {
    this.#isOver = true;
    clock.clearTimeout(this.#timer);
    const position = this.#core.lastPosition();
    if (failure) {
      this.#courier.forget();
      this.#settle.reject(failure.reason);
    } else this.#settle.resolve(position === undefined ? {} : { lastEventId: String(position) });
    this.#core.free();
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Has a request made, and feeds the answer to the machine. */
  async #ask(attempt: number, action: CoreAction): Promise<void> {
    this.#abort = new AbortController();
    try {
      if (action[0] === "create") {
        const creation = await this.#courier.create(action[2]);
        const { version, linger } = creation;
        this.#feed(() => this.#core.created(attempt, headOf({ ...creation, code: "" }), version, linger));
      } else {
        const { head, end } = await this.#send(action, this.#abort.signal);
        this.#feed(() => this.#core.answered(attempt, headOf(head), end));
      }
    } catch (cause) {
      // A credential that cannot be had, for one: no server will mend that.
      if (cause instanceof RunstreamError) this.stop(cause);
      else this.#feed(() => this.#core.lost(attempt, lossOf(cause)));
    }
  }

  #send([name, , argument]: CoreAction, signal: AbortSignal): Promise<Told> {
    if (name === "append") return this.#courier.append(argument, signal);
    if (name !== "open") return this.#courier.probe(signal);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#lines = controller;
      },
    });
    return this.#courier.lines(argument, body, signal);
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
