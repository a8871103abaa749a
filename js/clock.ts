import { shared } from "./shared.ts";

/** In milliseconds. */
export const FRAME_MS = 16;

/** The time of a page. `runstream/testing` puts its own in its place. */
export const clock = shared("clock", {
  now: () => Date.now(),
  setTimeout: (run: () => void, ms: number): unknown => setTimeout(run, ms),
  clearTimeout: (id: unknown): void => clearTimeout(id as number),
  /** Calls `run` before the next frame is drawn, or when one would be where none are. */
  frame: (run: () => void): unknown =>
    typeof requestAnimationFrame === "function" ? requestAnimationFrame(run) : setTimeout(run, FRAME_MS),
});

export type Clock = typeof clock;
