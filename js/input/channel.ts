import { InputStreamTimeoutError, RunstreamError, reportException } from "../errors.ts";
import type { Validate } from "../schema.ts";
import { Connection, type Source } from "../subscription.ts";
import type { BadRecord, InputDefinition, InputSubscription, OnceOptions } from "../types.ts";
import { Backlog } from "./backlog.ts";
import { type Message, messagesOf } from "./message.ts";
import type { InputResult } from "./result.ts";

/** The longest a timer can be, in milliseconds; a `once` of more than these 24 days has none. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type Handler = { call: (data: unknown) => unknown };
type Waiter = (result: InputResult<unknown>) => void;

/** What a run receives on one input stream: the connection, who listens, and what nobody has taken yet. */
export class Channel {
  readonly source: Source;
  readonly backlog = new Backlog();
  readonly #definition: InputDefinition;
  readonly #validate: Validate | undefined;
  readonly #over = new AbortController();
  readonly #handlers = new Set<Handler>();
  /** In the order they came. */
  readonly #waiters = new Set<Waiter>();
  #connection: Connection | undefined;
  #isHeld = false;
  #holds: Promise<unknown> = Promise.resolve();

  constructor(source: Source, definition: InputDefinition, validate: Validate | undefined) {
    this.source = source;
    this.#definition = definition;
    this.#validate = validate;
  }

  /** Aborts when the run is over, with the error of what waits. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  on(call: (data: unknown) => unknown): InputSubscription {
    const handler = { call };
    this.#handlers.add(handler);
    this.#listen();
    while (this.backlog.length > 0) this.#call(handler, this.#take());
    return { off: () => void this.#handlers.delete(handler) };
  }

  once({ timeoutMs, signal }: OnceOptions): Promise<InputResult<unknown>> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.over.aborted) return resolve({ ok: false, error: this.over.reason });
      this.#listen();
      if (this.backlog.length > 0) return resolve({ ok: true, output: this.#take() });
      let timer: ReturnType<typeof setTimeout> | undefined;
      const settle = () => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener("abort", giveUp);
      };
      const waiter: Waiter = (result) => {
        settle();
        resolve(result);
      };
      const giveUp = () => {
        settle();
        reject(signal?.reason);
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", giveUp);
      if (timeoutMs === undefined || timeoutMs > LONGEST_TIMER_MS) return;
      const error = new InputStreamTimeoutError(this.source.key, timeoutMs);
      timer = setTimeout(() => waiter({ ok: false, error }), timeoutMs);
    });
  }

  peek(latest: boolean): unknown {
    this.#listen();
    return this.backlog.at(latest ? -1 : 0)?.value;
  }

  /** Holds no connection while `work` finds out about the next message in another way. One after the other. */
  hold<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#holds.then(async () => {
      this.#isHeld = true;
      this.#close();
      try {
        return await work();
      } finally {
        this.#isHeld = false;
        if (this.#handlers.size + this.#waiters.size > 0) this.#listen();
      }
    });
    this.#holds = result.catch(() => {});
    return result;
  }

  /** A `wait` got the message at `id`, which is `value`; `isNext` unless something before it is still to be had. */
  taken(id: string, value: unknown, isNext: boolean): void {
    if (isNext) {
      this.backlog.pass(id);
      for (const handler of this.#handlers) this.#call(handler, value);
    } else this.backlog.takeAhead(id);
  }

  /** What the schema makes of a value. Throws `invalid-part`. */
  judge(value: unknown): unknown {
    return this.#validate ? this.#validate(value) : value;
  }

  end(error: RunstreamError): void {
    this.#over.abort(error);
    this.#handlers.clear();
    this.#fail(error);
  }

  #listen(): void {
    if (this.#connection || this.#isHeld || this.over.aborted) return;
    const read = { lastEventId: this.backlog.position, timeoutInSeconds: 600, follow: true };
    const connection: Connection = new Connection(
      { ...this.source, read },
      {
        deliver: (delivery) => {
          for (const message of messagesOf(delivery, (record) => this.#refuse(record))) this.#arrive(message);
          connection.setPaused(this.backlog.isFull);
        },
        changed: () => {
          const { status, error } = connection.status;
          if (status !== "failed" && status !== "ended") return;
          const message = `input stream "${this.source.key}": the server says that there is nothing to read`;
          this.#fail(error ?? new RunstreamError("rejected", message));
        },
      },
    );
    this.#connection = connection;
    void connection.open({ meta: true, deliverInterval: 0 });
  }

  #close(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.backlog.clear();
  }

  /** Gives a message to who waits for it, or keeps it. */
  #arrive(message: Message): void {
    const { id } = message;
    let value: unknown;
    try {
      value = this.judge(message.value);
    } catch (thrown) {
      const { onInvalidPart = reportException } = this.#definition;
      attempt(() => onInvalidPart(thrown as RunstreamError, message.value));
      this.backlog.pass(id);
      return;
    }
    const isTaken = this.backlog.isAhead(id);
    const [waiter] = isTaken ? [] : this.#waiters;
    if (waiter || isTaken || this.#handlers.size > 0) this.backlog.pass(id);
    else this.backlog.keep({ ...message, value });
    waiter?.({ ok: true, output: value });
    for (const handler of this.#handlers) this.#call(handler, value);
  }

  #take(): unknown {
    const value = this.backlog.take()?.value;
    this.#connection?.setPaused(this.backlog.isFull);
    return value;
  }

  #call({ call }: Handler, value: unknown): void {
    attempt(async () => call(value));
  }

  #refuse(record: BadRecord): void {
    const { id, onBadRecord } = this.#definition;
    const message = `input stream "${id}" holds at ${record.id} what is no message (${record.reason})`;
    attempt(() => (onBadRecord ? onBadRecord(record) : reportException(new RunstreamError("bad-event", message))));
  }

  #fail(error: RunstreamError): void {
    this.#close();
    for (const waiter of [...this.#waiters]) waiter({ ok: false, error });
    if (this.#handlers.size > 0) reportException(error);
  }
}

/** Reports what `work` throws, or rejects with. */
function attempt(work: () => unknown): void {
  try {
    const result = work();
    if (result instanceof Promise) result.catch(reportException);
  } catch (thrown) {
    reportException(thrown);
  }
}
