import { useCallback, useEffect, useRef, useState } from "react";
import { notReady } from "../config.ts";
import type { RunstreamError } from "../errors.ts";
import { send as sendToStream } from "../input/send.ts";
import type { ClientOptions, DefinedInputStream } from "../types.ts";
import { useClient } from "./context.ts";

/** Options of {@link useInputStreamSend}. */
export type UseInputStreamSendOptions = ClientOptions & {
  /**
   * Whether sending is possible.
   * @default true
   */
  enabled?: boolean | undefined;
};

/** What {@link useInputStreamSend} returns. */
export type InputStreamSendInstance<TData> = {
  /**
   * Sends, behind the sends made before; without a network it waits for one. Resolves when the server has stored it, rejects
   * with a typed error, or with the reason of `signal` or `cancel`; a promise that nobody looks at never raises an unhandled
   * rejection.
   */
  send: (data: TData, options?: { signal?: AbortSignal | undefined }) => Promise<void>;
  /** How many sends of this hook are under way or waiting. */
  pending: number;
  /** `pending > 0`. */
  isLoading: boolean;
  /** The first error since sending was last idle. What was cancelled is none. */
  error: RunstreamError | undefined;
  /** Whether there are a run id and a token. */
  isReady: boolean;
  /** Cancels what is pending. A send that has left already may arrive all the same. */
  cancel: () => void;
};

/** Sends to a defined input stream of a run. */
// biome-ignore lint/suspicious/noExplicitAny: the data is inferred, and nothing else fits both its uses
export function useInputStreamSend<TStream extends DefinedInputStream<any, any>>(
  stream: TStream,
  runId?: string,
  options?: UseInputStreamSendOptions,
): InputStreamSendInstance<Parameters<TStream["send"]>[1]>;
/** Sends to an input stream of a run by its id. */
export function useInputStreamSend<TData>(
  streamId: string,
  runId?: string,
  options?: UseInputStreamSendOptions,
): InputStreamSendInstance<TData>;
export function useInputStreamSend(
  stream: DefinedInputStream<unknown> | string,
  runId?: string,
  options: UseInputStreamSendOptions = {},
): InputStreamSendInstance<unknown> {
  const id = typeof stream === "string" ? stream : stream.id;
  const client = useClient(options);
  const missing = notReady(`useInputStreamSend for "${id}"`, runId, client.accessToken);
  const target = `${runId} ${id}`;
  const [state, setState] = useState<State>({ target, pending: 0, error: undefined });
  const { pending, error } = state.target === target ? state : { pending: 0, error: undefined };

  const latest = useRef({ client, stream });
  useEffect(() => {
    latest.current = { client, stream };
  });

  const [open] = useState(() => new Set<AbortController>());
  const send = useCallback(
    (data: unknown, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> => {
      setState((old) => {
        const isFirst = old.target !== target || old.pending === 0;
        return isFirst ? { target, pending: 1, error: undefined } : { ...old, pending: old.pending + 1 };
      });
      const abort = new AbortController();
      const giveUp = () => abort.abort(signal?.reason);
      if (signal?.aborted) giveUp();
      signal?.addEventListener("abort", giveUp);
      open.add(abort);
      const settle = (thrown?: RunstreamError) => {
        signal?.removeEventListener("abort", giveUp);
        open.delete(abort);
        const failure = abort.signal.aborted ? undefined : thrown;
        setState((old) => {
          if (old.target !== target) return old;
          return { target, pending: old.pending - 1, error: old.error ?? failure };
        });
      };
      const { client, stream } = latest.current;
      const sendIt = typeof stream === "string" ? sendTo(stream) : stream.send;
      const result = sendIt(runId ?? "", data, { ...client, signal: abort.signal });
      result.then(() => settle(), settle);
      return result;
    },
    [runId, target, open],
  );
  const cancel = useCallback(() => {
    for (const abort of open) abort.abort();
  }, [open]);

  const isReady = !missing && options.enabled !== false;
  return { send, pending, isLoading: pending > 0, error, isReady, cancel };
}

type State = { target: string; pending: number; error: RunstreamError | undefined };

/** `send` of the input stream that has this id. */
function sendTo(id: string): DefinedInputStream<unknown>["send"] {
  return (runId, data, options) => sendToStream(runId, id, data, options);
}
