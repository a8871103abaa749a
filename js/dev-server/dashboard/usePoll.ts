import { useCallback, useEffect, useState } from "react";
import { ask } from "./server.ts";

const POLL_MS = 1000;

type Polled<T> = { path: string | undefined; value?: T; error?: Error };

/** What the dev server says under a path: every second while the page is seen, and at once after `refresh`. */
export function usePoll<T>(path: string | undefined): {
  value: T | undefined;
  error: Error | undefined;
  refresh: () => void;
} {
  const [polled, setPolled] = useState<Polled<T>>({ path });
  const [round, setRound] = useState(0);
  const refresh = useCallback(() => setRound((n) => n + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round asks at once
  useEffect(() => {
    if (path === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const poll = async () => {
      clearTimeout(timer);
      if (document.hidden) return;
      const next = await ask<T>("GET", path).then(
        (value) => ({ path, value }),
        (error: Error) => ({ path, error }),
      );
      if (isOver) return;
      // What was known stays to be seen while the server is gone.
      setPolled((old) => (old.path === path ? { ...old, error: undefined, ...next } : next));
      timer = setTimeout(poll, POLL_MS);
    };
    void poll();
    document.addEventListener("visibilitychange", poll);
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", poll);
    };
  }, [path, round]);

  const isCurrent = polled.path === path;
  return { value: isCurrent ? polled.value : undefined, error: isCurrent ? polled.error : undefined, refresh };
}
