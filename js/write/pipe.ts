import { messageOf } from "../api.ts";
import { RunstreamError } from "../errors.ts";
import type { PartSource, PipeResult, WriteResult, WriterOptions } from "../types.ts";
import { LocalStream } from "./local-stream.ts";
import { gather, iteratorOf } from "./source.ts";
import type { WriteTarget } from "./target.ts";
import type { Writer } from "./writer.ts";

/** Writes the parts of `source`, which is read once. */
export function pipeTo<T>(
  target: WriteTarget,
  source: PartSource<T>,
  { signal }: { signal?: AbortSignal | undefined } = {},
): PipeResult<T> {
  const pipe = new Pipe(target, source, signal);
  const done = pipe.run();
  // Whoever waits for it sees the rejection all the same.
  done.catch(() => {});
  return { stream: pipe.local.stream, waitUntilComplete: () => done };
}

/** Writes what `execute` writes and merges. What it throws, or a merged source does, fails the writing at its end. */
export function writeTo<T>(
  target: WriteTarget,
  { execute }: Pick<WriterOptions<T>, "execute">,
  options: { signal?: AbortSignal | undefined } = {},
): PipeResult<T> {
  return pipeTo(target, gather(execute), options);
}

/** The JSON of a part. Throws a typed error for what has none. */
export function encode(what: string, part: unknown): string {
  let json: string | undefined;
  let cause: unknown;
  try {
    json = JSON.stringify(part);
  } catch (thrown) {
    cause = thrown;
  }
  if (json !== undefined) return json;
  const why = cause === undefined ? `it is ${typeof part}` : messageOf(cause);
  const message = `${what} has no JSON form (${why}); give a value that JSON.stringify takes`;
  throw new RunstreamError("invalid-argument", message, undefined, { cause });
}

class Pipe<T> {
  readonly local = new LocalStream<T>();
  readonly #target: WriteTarget;
  readonly #signal: AbortSignal | undefined;
  readonly #iterator: Iterator<T> | AsyncIterator<T>;
  #writer: Writer | undefined;
  #isAborted = false;
  /** The first part that could not be written. */
  #refused: { error: unknown } | undefined;

  constructor(target: WriteTarget, source: PartSource<T>, signal: AbortSignal | undefined) {
    this.#target = target;
    this.#signal = signal;
    this.#iterator = iteratorOf(source);
  }

  run(): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#isAborted = true;
        const reason = this.#signal?.reason;
        this.#writer?.stop(reason);
        this.local.end();
        this.#release();
        reject(reason);
      };
      if (this.#signal?.aborted) return abort();
      this.#signal?.addEventListener("abort", abort, { once: true });
      void this.#write(reject)
        .then(resolve, reject)
        .finally(() => this.#signal?.removeEventListener("abort", abort));
    });
  }

  /** `failed` is called when it is clear that nothing more can be written; the local copy goes on then. */
  async #write(failed: (error: unknown) => void): Promise<WriteResult> {
    const writer = await this.#open().catch((error: unknown) => {
      failed(error);
      return undefined;
    });
    if (this.#isAborted) writer?.stop(this.#signal?.reason);
    this.#writer = writer;
    writer?.done.catch(failed);
    const thrown = await this.#pump(writer);
    writer?.close();
    const result = (await writer?.done) ?? {};
    const failure = thrown ?? this.#refused;
    if (failure) throw failure.error;
    return result;
  }

  async #open(): Promise<Writer> {
    const { openWriter } = await import("./writer.ts");
    return openWriter(this.#target);
  }

  /** Takes the source to its end. Returns what it threw. */
  async #pump(writer: Writer | undefined): Promise<{ error: unknown } | undefined> {
    try {
      for (let index = 0; !this.#isAborted; index++) {
        // Only awaited when there is something to wait for: a promise for every part is most of what a part costs.
        const wait = !writer || writer.isOver ? this.local.demand() : writer.room();
        if (wait) await wait;
        if ((!writer || writer.isOver) && this.local.isClosed) {
          this.#release();
          return undefined;
        }
        const { done, value } = await this.#iterator.next();
        if (this.#isAborted) return undefined;
        if (done) break;
        this.#take(writer, index, value);
      }
      this.local.end();
      return undefined;
    } catch (error) {
      this.local.end({ error });
      return { error };
    }
  }

  #take(writer: Writer | undefined, index: number, part: T): void {
    let size = 0;
    try {
      const json = encode(`part ${index} of stream "${this.#target.key}"`, part);
      size = json.length;
      writer?.push(json);
    } catch (error) {
      this.#refused ??= { error };
    }
    this.local.push(part, size);
  }

  /** Tells the source that no more is wanted. */
  #release(): void {
    try {
      void Promise.resolve(this.#iterator.return?.()).catch(() => {});
    } catch {}
  }
}
