import { useEffect, useEffectEvent, useState } from "react";
import type { StreamStatus } from "runstream";

/** One change of status. */
export interface Change {
  status: StreamStatus["status"];
  /** `performance.now()`. */
  at: number;
  /** How many parts had arrived. */
  parts: number;
  detail: string | undefined;
}

/** Every status that was shown since reading began, oldest first. */
export function useHistory({ status, endReason, lastError }: StreamStatus, parts: number): Change[] {
  const [history, setHistory] = useState<Change[]>([]);
  const note = useEffectEvent(() => {
    if (status === "idle") return;
    const detail = status === "live" ? undefined : (lastError?.message ?? endReason);
    const change = { status, at: performance.now(), parts, detail };
    setHistory((old) => (old.at(-1)?.status === status ? old : [...old, change]));
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: for each status
  useEffect(() => note(), [status]);
  return history;
}
