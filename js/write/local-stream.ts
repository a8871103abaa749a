import { RunstreamError } from "../errors.ts";
import { iterate } from "../iterate.ts";
import type { AsyncIterableStream } from "../types.ts";
import { Queue } from "./queue.ts";

/** How much of it may wait for a reader that does not come, in characters of JSON. */
const MAX_WAITING = 16 * 1024 * 1024;

/**
 * The copy of a source that stays with whoever pipes it. What is not read is kept, up to `MAX_WAITING`: beyond, the copy
 * fails with `buffer-exceeded`, and what it was copied from goes on.
 */
export class LocalStream<T> {
  readonly stream: AsyncIterableStream<T>;
  readonly #parts = new Queue<{ part: T; size: number }>();
  #size = 0;
  #end: { failure?: { error: unknown } } | undefined;
  #wake: (() => void) | undefined;
  #wanted: (() => void) | undefined;

  constructor() {
    const parts = new ReadableStream<T>(
      {
        pull: (controller) => this.#pull(controller),
        cancel: () => this.#close({}),
      },
      { highWaterMark: 0 },
    );
    this.stream = alsoBody(parts);
  }

  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  /** Adds a part, `size` characters long. */
  push(part: T, size: number): void {
    if (this.#end) return;
    this.#parts.push({ part, size });
    this.#size += size;
    if (this.#size > MAX_WAITING) {
      const message = `more than ${MAX_WAITING} characters of the local stream were not read; read it while it is written`;
      this.#close({ failure: { error: new RunstreamError("buffer-exceeded", message) } });
    }
    this.#wake?.();
  }

  /** No more parts; those that wait can still be read. */
  end(failure?: { error: unknown }): void {
    this.#end ??= failure ? { failure } : {};
    this.#wake?.();
    this.#wanted?.();
  }

  /** Resolves when a reader waits for a part, or none ever will. */
  demand(): Promise<void> | undefined {
    if (this.#end || this.#wake) return undefined;
    return new Promise((resolve) => {
      this.#wanted = resolve;
    });
  }

  #close(end: { failure?: { error: unknown } }): void {
    this.#end = end;
    this.#parts.clear();
    this.#size = 0;
    this.#wanted?.();
  }

  async #pull(controller: ReadableStreamDefaultController<T>): Promise<void> {
    while (this.#parts.length === 0 && !this.#end) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#wanted?.();
      });
      this.#wake = undefined;
    }
    if (this.#parts.length > 0) {
      const { part, size } = this.#parts.shift();
      controller.enqueue(part);
      this.#size -= size;
    } else if (this.#end?.failure) controller.error(this.#end.failure.error);
    else controller.close();
  }
}

/** What Node and the undici in it ask of a stream that is about to become a body, and nobody else. */
const DISTURBED = Symbol.for("nodejs.stream.disturbed");

/**
 * `parts`, which can also be the body of a `Response`. A body takes bytes and nothing else, so the stream itself is one
 * of bytes, and its methods are those of `parts`. What reads a body inside the platform does not call these methods;
 * except in Node, which first asks whether the stream was disturbed. From then on they are the stream's own. Elsewhere
 * (Deno, Bun, Workers) the platform reads `response.body` as bytes, but its methods still read parts.
 */
function alsoBody<T>(parts: ReadableStream<T>): AsyncIterableStream<T> {
  let reader: ReadableStreamDefaultReader<T> | undefined;
  let isBody = false;
  const bytes = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reader ??= parts.getReader();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(bytesOf(value));
      },
      cancel: (reason) => (reader ?? parts).cancel(reason),
    },
    { highWaterMark: 0 },
  );
  const own = ReadableStream.prototype;
  const method = (name: "getReader" | "tee" | "pipeTo" | "pipeThrough" | "cancel") => ({
    value: (...args: never[]) => {
      const [stream, call] = isBody || reader ? [bytes, own[name]] : [parts, parts[name]];
      return Reflect.apply(call, stream, args);
    },
  });
  const iterable = { value: (options?: object) => iterate(isBody ? (bytes as ReadableStream) : parts, options) };
  const isLocked = () => Reflect.get(own, "locked", bytes) || parts.locked;
  Object.defineProperties(bytes, {
    getReader: method("getReader"),
    tee: method("tee"),
    pipeTo: method("pipeTo"),
    pipeThrough: method("pipeThrough"),
    cancel: method("cancel"),
    values: iterable,
    [Symbol.asyncIterator]: iterable,
    locked: { get: isLocked },
    [DISTURBED]: {
      get() {
        isBody ||= !parts.locked;
        return Reflect.get(own, DISTURBED, bytes) || Reflect.get(own, DISTURBED, parts);
      },
    },
  });
  return bytes as ReadableStream<unknown> as AsyncIterableStream<T>;
}

/** A part as a body has it: strings and bytes as they are, anything else as an event of an event stream. */
function bytesOf(part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part;
  if (part instanceof ArrayBuffer) return new Uint8Array(part);
  return new TextEncoder().encode(typeof part === "string" ? part : `data: ${JSON.stringify(part)}\n\n`);
}
