import { reportException } from "./errors.ts";
import type { Notice } from "./subscription.ts";
import type { StreamCallbacks } from "./types.ts";

/** Runs the application's code. What it throws is reported, and the stream goes on. */
export function attempt<T>(run: () => T, otherwise?: T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    reportException(thrown);
    return otherwise;
  }
}

/** Tells the application what came that is no part. */
export function tell(notice: Notice, callbacks: StreamCallbacks<never>): void {
  attempt(() => {
    if (notice.type === "control") {
      callbacks.onControl?.({ id: notice.id, timestamp: notice.timestamp, headers: notice.headers });
    } else if (notice.type === "bad-record") {
      callbacks.onBadRecord?.({ id: notice.id, reason: notice.reason, body: notice.body });
    } else if (notice.type === "gap") callbacks.onGap?.({ from: notice.from, to: notice.to });
    else callbacks.onReset?.();
  });
}
