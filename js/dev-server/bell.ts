/** Wakes readers when something was stored. Check the state first, then wait: nothing can happen in between. */
export class Bell {
  #waiting = new Set<() => void>();

  ring(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  /** Resolves when the bell rings, when `ms` have passed or when `signal` aborts, whichever is first. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      // A little late rather than early: a timer may fire up to a millisecond before its time.
      const timer = setTimeout(wake, Math.min(Math.max(ms, 0) + 1, 2 ** 31 - 1));
      signal.addEventListener("abort", wake);
      this.#waiting.add(wake);
    });
  }
}

/** A pause that ends early when `signal` aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Bell().wait(ms, signal);
}
