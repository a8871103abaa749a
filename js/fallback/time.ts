// The clock, as src/wasm/time.rs has it.
import type { Clock } from "../clock.ts";

export class Time {
  readonly #clock: Clock;
  #last = 0;
  #ahead = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Milliseconds since 1970, or more: when the clock is set back, this goes on from where it was. The wall clock, because
   * others stand still while the machine sleeps.
   */
  now(): number {
    const date = this.#clock.now();
    this.#ahead = Math.max(this.#ahead, this.#last - date);
    this.#last = date + this.#ahead;
    return this.#last;
  }

  /** Calls `run` at `due`. What it gives takes that back. */
  at(due: number, run: () => void): () => void {
    const id = this.#clock.setTimeout(run, Math.max(due - this.now(), 0));
    return () => this.#clock.clearTimeout(id);
  }

  /** `Retry-After` as milliseconds from now: seconds, or a date. */
  retryAfter(value: string | null): number | undefined {
    if (value === null) return undefined;
    if (/^\d+$/.test(value)) return Number(value) * 1_000;
    const date = Date.parse(value);
    return Number.isNaN(date) ? undefined : Math.max(date - this.now(), 0);
  }
}
