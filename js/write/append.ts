import { RunstreamError } from "../errors.ts";
import { shared } from "../shared.ts";
import type { WriteResult } from "../types.ts";
import { identityOf } from "./create.ts";
import { encode } from "./pipe.ts";
import type { WriteTarget } from "./target.ts";
import type { Writer } from "./writer.ts";

/** The streams that are being appended to. One that has nothing to do is forgotten. */
const appenders = shared("appenders", new Map<string, Appender>());

/**
 * Appends `value` as one part, in the order of the calls. Resolves once it is stored. An abort rejects at once, but what
 * has been handed over by then is stored all the same.
 */
export async function appendTo(
  target: WriteTarget,
  value: unknown,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<WriteResult> {
  signal?.throwIfAborted();
  const json = encode(`the value for stream "${target.key}"`, value);
  const identity = identityOf(target);
  let appender = appenders.get(identity);
  if (!appender) {
    const added = new Appender(target, () => appenders.get(identity) === added && appenders.delete(identity));
    appenders.set(identity, added);
    appender = added;
  }
  const stored = appender.append(json);
  return signal ? abortable(stored, signal) : stored;
}

type Waiting = { resolve: (result: WriteResult) => void; reject: (error: unknown) => void };

/** The appends to one stream: those made while a request is under way share the next one. */
class Appender {
  readonly #forget: () => void;
  readonly #opened: Promise<Writer>;
  /** In the order of the calls, and so of the parts. */
  readonly #waiting = new Set<Waiting>();
  #count = 0;

  constructor(target: WriteTarget, forget: () => void) {
    this.#forget = forget;
    this.#opened = import("./writer.ts").then(({ openWriter }) =>
      openWriter(target, (count, position) => this.#acknowledged(count, position)),
    );
    this.#opened.then((writer) => writer.done).catch((error) => this.#fail(error));
  }

  append(json: string): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      const waiting = { resolve, reject };
      this.#waiting.add(waiting);
      // Promises call back in the order in which they were asked, which keeps the order of the calls.
      this.#opened.then(
        (writer) => this.#push(writer, json, waiting),
        () => {}, // `#fail` tells.
      );
    });
  }

  #push(writer: Writer, json: string, waiting: Waiting): void {
    try {
      writer.push(json);
      writer.flush();
    } catch (error) {
      this.#waiting.delete(waiting);
      waiting.reject(error instanceof RunstreamError ? asValue(error) : error);
      this.#closeIfIdle(writer);
    }
  }

  #acknowledged(count: number, lastPosition: number | undefined): void {
    for (const waiting of this.#waiting) {
      if (this.#count === count) break;
      this.#count += 1;
      this.#waiting.delete(waiting);
      waiting.resolve(lastPosition === undefined ? {} : { lastEventId: String(lastPosition - (count - this.#count)) });
    }
    void this.#opened.then((writer) => this.#closeIfIdle(writer));
  }

  #closeIfIdle(writer: Writer): void {
    if (this.#waiting.size > 0) return;
    this.#forget();
    writer.close();
  }

  #fail(error: unknown): void {
    this.#forget();
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}

/** The writer counts parts; whoever appends one knows of no count. */
function asValue(error: RunstreamError): RunstreamError {
  const message = error.message
    .replace(/\bpart \d+/, "the value")
    .replace(". Split it; the other parts are stored", ". Split it");
  return new RunstreamError(error.code, message, error.status, error);
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
