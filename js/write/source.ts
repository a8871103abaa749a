import { RunstreamError } from "../errors.ts";
import type { PartSource, WriterOptions } from "../types.ts";
import { Queue } from "./queue.ts";

/** How many parts of merged sources may wait to be written. What `write` is given waits without a bound: it cannot be told to. */
const MERGED_AHEAD = 1_000;

/** What is no source fails when it is read, as a source that throws does. */
export function iteratorOf<T>(source: PartSource<T>): Iterator<T> | AsyncIterator<T> {
  try {
    return open(source);
  } catch (error) {
    return {
      next() {
        throw error;
      },
    };
  }
}

function open<T>(source: PartSource<T>): Iterator<T> | AsyncIterator<T> {
  if (typeof source !== "object" || source === null) {
    const message = `the source is ${JSON.stringify(source)}; give a ReadableStream, an async iterable or an iterable`;
    throw new RunstreamError("invalid-argument", message);
  }
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
  if (Symbol.iterator in source) return source[Symbol.iterator]();
  const reader = (source as ReadableStream<T>).getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<T>>,
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

/**
 * The parts that `execute`, which begins at once, writes and merges. Ends when what it returned has settled and every
 * merged source has ended; then throws the first error there was.
 */
export function gather<T>(execute: WriterOptions<T>["execute"]): AsyncIterable<T> {
  const gathering = new Gathering<T>();
  void gathering.run(() =>
    execute({
      write: (part) => gathering.add(part),
      merge: (source) => void gathering.run(() => gathering.merge(source)),
    }),
  );
  return { [Symbol.asyncIterator]: () => gathering };
}

class Gathering<T> implements AsyncIterator<T> {
  readonly #parts = new Queue<T>();
  #running = 0;
  #isOver = false;
  #failure: { error: unknown } | undefined;
  #waiting: Array<() => void> = [];

  add(part: T): void {
    if (this.#isOver) return;
    this.#parts.push(part);
    this.#changed();
  }

  async run(work: () => unknown): Promise<void> {
    this.#running += 1;
    try {
      await work();
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#running -= 1;
    this.#changed();
  }

  async merge(source: PartSource<T>): Promise<void> {
    const iterator = iteratorOf(source);
    for (;;) {
      while (this.#parts.length >= MERGED_AHEAD && !this.#isOver) await this.#change();
      const { done, value } = await iterator.next();
      if (done) return;
      this.add(value);
      if (this.#isOver) {
        await iterator.return?.();
        return;
      }
    }
  }

  async next(): Promise<IteratorResult<T>> {
    while (this.#parts.length === 0 && this.#running > 0) await this.#change();
    if (this.#parts.length > 0) {
      const value = this.#parts.shift();
      if (this.#parts.length === MERGED_AHEAD - 1) this.#changed();
      return { done: false, value };
    }
    this.#isOver = true;
    if (this.#failure) throw this.#failure.error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<T>> {
    this.#isOver = true;
    this.#changed();
    return { done: true, value: undefined };
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
