import { useEffect, useInsertionEffect, useMemo, useState } from "react";
import { notReady } from "../config.ts";
import { warnOnce } from "../errors.ts";
import { sortArguments } from "../overloads.ts";
import { IDLE, type Source } from "../subscription.ts";
import { ownerOf } from "../token.ts";
import type {
  ClientOptions,
  DefinedStream,
  InferStreamType,
  ReadOptions,
  StreamSnapshot,
  ViewOptions,
} from "../types.ts";
import { type AnyViewOptions, View } from "../view.ts";
import { useClient } from "./context.ts";

/** Options of {@link useRealtimeStream}. */
export type UseRealtimeStreamOptions<TPart, TValue = undefined> = ClientOptions &
  ReadOptions &
  ViewOptions<TPart, TValue> & {
    /** Keeps the parts when the component is unmounted, for the next one with the same `id` on the same stream. */
    id?: string | undefined;
    /**
     * Whether to read.
     * @default true
     */
    enabled?: boolean | undefined;
  };

/** What {@link useRealtimeStream} returns. */
export type UseRealtimeStreamInstance<TPart, TValue = undefined> = StreamSnapshot<TPart, TValue> & {
  /** Ends reading and keeps the parts. */
  stop: () => void;
  /** Goes on where reading was stopped, ended or failed. */
  resume: () => void;
};

/** Reads a defined stream of a run. */
export function useRealtimeStream<TStream extends DefinedStream<unknown>, TValue = undefined>(
  stream: TStream,
  runId: string | undefined,
  options?: UseRealtimeStreamOptions<InferStreamType<TStream>, TValue>,
): UseRealtimeStreamInstance<InferStreamType<TStream>, TValue>;
/** Reads a stream of a run by its key. */
export function useRealtimeStream<TPart, TValue = undefined>(
  runId: string | undefined,
  streamKey: string,
  options?: UseRealtimeStreamOptions<TPart, TValue>,
): UseRealtimeStreamInstance<TPart, TValue>;
/** Reads the `"default"` stream of a run. */
export function useRealtimeStream<TPart, TValue = undefined>(
  runId: string | undefined,
  options?: UseRealtimeStreamOptions<TPart, TValue>,
): UseRealtimeStreamInstance<TPart, TValue>;
export function useRealtimeStream(
  first: DefinedStream<unknown> | string | undefined,
  second?: unknown,
  third?: unknown,
): UseRealtimeStreamInstance<unknown, unknown> {
  const [runId, key, options = {}, validate] = sortArguments<Options>("useRealtimeStream", first, second, third);
  const client = useClient(options);
  const { accessToken } = client;
  const isEnabled = options.enabled !== false;
  const missing = isEnabled ? notReady(`useRealtimeStream for stream "${key}"`, runId, accessToken) : undefined;
  const isActive = isEnabled && !missing;

  const { timeoutInSeconds, follow } = options;
  const { baseURL, previewBranch } = client;
  const owner = ownerOf(accessToken);
  // Where to begin is read once per run and stream, so that an app may feed `lastEventId` back; the rest of the options
  // reaches the view through its own updates.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what names the stream, not the objects that carry it
  const view = useMemo(() => {
    const source: Source = { runId: runId ?? "", key, input: false, client, read: options, validate };
    return new View(source, options);
  }, [runId, key, baseURL, previewBranch, owner, timeoutInSeconds, follow, options.id]);

  // State and not an external store: those render synchronously, and a stream would keep a transition from finishing.
  const [shown, setShown] = useState({ view, snapshot: view.getSnapshot() });
  const snapshot = shown.view === view ? shown.snapshot : view.getSnapshot();

  // With the commit, not after it: what arrives in between is for the callbacks that are on the page.
  useInsertionEffect(() => {
    view.options = options;
  });
  // In the commit, too: the frame that comes next shows it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the snapshot that was rendered is what this reports
  useInsertionEffect(() => view.committed(), [view, snapshot]);
  useEffect(() => {
    if (isActive) return view.mount(() => setShown({ view, snapshot: view.getSnapshot() }), true);
  }, [view, isActive]);
  const { refreshAccessToken } = client;
  useEffect(() => {
    view.updateClient({ accessToken, refreshAccessToken });
  }, [view, accessToken, refreshAccessToken]);

  const warning = missing?.message;
  useEffect(() => {
    if (warning) warnOnce(warning);
  }, [warning]);

  const { stop, resume } = view;
  if (isActive) return { ...snapshot, stop, resume };
  return { ...snapshot, ...IDLE, error: missing, lastError: missing, stop, resume };
}

type Options = AnyViewOptions & UseRealtimeStreamOptions<unknown>;
