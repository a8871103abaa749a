import { RunstreamError } from "../errors.ts";
import { Connection, type Source } from "../subscription.ts";
import { type Message, messagesOf } from "./message.ts";

/** How much longer than its window a poll may take before it counts as empty, in milliseconds. */
const GRACE_MS = 5_000;

/**
 * Reads an input stream behind `position` until `take` says yes, which is true, or nothing more came for so many seconds. Holds
 * nothing afterwards. Rejects with what reading failed with, or the signal's reason.
 */
export function poll(
  source: Source,
  position: string | undefined,
  seconds: number,
  signal: AbortSignal,
  take: (message: Message) => boolean,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    let isDone = false;
    const end = (settle: () => void) => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      connection.close();
      settle();
    };
    const giveUp = () => end(() => reject(signal.reason));
    const timer = setTimeout(() => end(() => resolve(false)), seconds * 1_000 + GRACE_MS);
    signal.addEventListener("abort", giveUp);
    const read = { lastEventId: position, timeoutInSeconds: seconds };
    const connection: Connection = new Connection(
      { ...source, read },
      {
        deliver: (delivery) => {
          for (const message of messagesOf(delivery, () => {})) if (!isDone && take(message)) end(() => resolve(true));
        },
        changed: () => {
          const { status, error } = connection.status;
          if (status === "ended") end(() => resolve(false));
          if (status === "failed") end(() => reject(error ?? new RunstreamError("internal", "failed without a cause")));
        },
      },
    );
    void connection.open({ meta: true, deliverInterval: 0 });
  });
}
