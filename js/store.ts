import { attempt } from "./callbacks.ts";
import { clientOf, notReady } from "./config.ts";
import { sortArguments } from "./overloads.ts";
import type {
  ClientOptions,
  DefinedStream,
  InferStreamType,
  ReadOptions,
  StreamSnapshot,
  ViewOptions,
} from "./types.ts";
import { type AnyViewOptions, View } from "./view.ts";

/** Options of {@link createStreamStore}. */
export type StreamStoreOptions<TPart, TValue = undefined> = ClientOptions &
  ReadOptions &
  ViewOptions<TPart, TValue> & {
    /** Keeps the parts when nobody subscribes any more, for the next store with the same `id` on the same stream. */
    id?: string | undefined;
  };

/** A stream of a run, to be shown by anything. */
export type StreamStore<TPart, TValue = undefined> = {
  /**
   * Calls `listener` at once, and whenever there is a new snapshot. The first listener begins to read, and when the last one has left
   * the connection is closed; the parts stay, and the next listener goes on behind them. A listener that throws is reported. Returns
   * what ends it.
   */
  subscribe(listener: (snapshot: StreamSnapshot<TPart, TValue>) => void): () => void;
  /** What there is now: the same object until something changes. While nobody subscribes its `status` is `idle`. */
  getSnapshot(): StreamSnapshot<TPart, TValue>;
  /** Ends reading and keeps the parts. Does nothing while nobody subscribes. */
  stop(): void;
  /** Goes on where reading was stopped, ended or failed. Does nothing while nobody subscribes. */
  resume(): void;
};

/** Shows a defined stream of a run without React. Without a run id or a token it stays `idle`, with an `error`. */
export function createStreamStore<TStream extends DefinedStream<unknown>, TValue = undefined>(
  stream: TStream,
  runId: string | undefined,
  options?: StreamStoreOptions<InferStreamType<TStream>, TValue>,
): StreamStore<InferStreamType<TStream>, TValue>;
/** Shows a stream of a run by its key. */
export function createStreamStore<TPart, TValue = undefined>(
  runId: string | undefined,
  streamKey: string,
  options?: StreamStoreOptions<TPart, TValue>,
): StreamStore<TPart, TValue>;
/** Shows the `"default"` stream of a run. */
export function createStreamStore<TPart, TValue = undefined>(
  runId: string | undefined,
  options?: StreamStoreOptions<TPart, TValue>,
): StreamStore<TPart, TValue>;
export function createStreamStore(
  first: DefinedStream<unknown> | string | undefined,
  second?: unknown,
  third?: unknown,
): StreamStore<unknown, unknown> {
  const [runId, key, options = {}, validate] = sortArguments<AnyViewOptions & StreamStoreOptions<unknown>>(
    "createStreamStore",
    first,
    second,
    third,
  );
  const client = clientOf(options);
  const view = new View({ runId: runId ?? "", key, input: false, client, read: options, validate }, options);
  const error = notReady(`createStreamStore for stream "${key}"`, runId, client.accessToken);
  const listeners = new Set<(snapshot: StreamSnapshot<unknown, unknown>) => void>();
  let snapshot = error ? { ...view.getSnapshot(), error, lastError: error } : view.getSnapshot();
  let unmount: (() => void) | undefined;
  const publish = () => {
    snapshot = view.getSnapshot();
    for (const listener of listeners) attempt(() => listener(snapshot));
  };

  return {
    getSnapshot: () => snapshot,
    subscribe(listener) {
      // One of its own, so that a listener may be there twice.
      const own: typeof listener = (snapshot) => listener(snapshot);
      listeners.add(own);
      if (!error) unmount ??= view.mount(publish);
      attempt(() => own(snapshot));
      return () => {
        if (!listeners.delete(own) || listeners.size > 0) return;
        unmount?.();
        unmount = undefined;
        snapshot = { ...snapshot, status: "idle", isLive: false };
      };
    },
    stop: view.stop,
    resume: view.resume,
  };
}
