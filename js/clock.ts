import { shared } from "./shared.ts";

/** The time of a page. `runstream/testing` puts its own in its place. */
export const clock = shared("clock", {
  now: () => Date.now(),
  setTimeout: (run: () => void, ms: number): unknown => setTimeout(run, ms),
  clearTimeout: (id: unknown): void => clearTimeout(id as number),
});

export type Clock = typeof clock;
