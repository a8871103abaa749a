import type { RunstreamError } from "../errors.ts";

/** What receiving came to: a message, or why there is none. */
export type InputResult<TData> = { ok: true; output: TData } | { ok: false; error: RunstreamError };

/** The promise of a message. A timeout is no rejection: see `unwrap`. */
export class InputPromise<TData> extends Promise<InputResult<TData>> {
  /** `then` gives an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  static of<TData>(result: Promise<InputResult<TData>>): InputPromise<TData> {
    return new InputPromise((resolve) => resolve(result));
  }

  /** The message itself. Rejects with the error if there is none. */
  async unwrap(): Promise<TData> {
    const result = await this;
    if (result.ok) return result.output;
    throw result.error;
  }
}
