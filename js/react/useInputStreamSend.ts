import { useCallback, useEffect, useRef, useState } from "react";
import { notReady } from "../config.ts";
import type { RunstreamError } from "../errors.ts";
import { send as sendToStream } from "../input.ts";
import type { ClientOptions, DefinedInputStream, InferInputStreamType } from "../types.ts";
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
   * Sends, behind the sends made before. Resolves when the server has stored it, rejects with a typed error; a promise
   * that nobody looks at never raises an unhandled rejection.
   */
  send: (data: TData) => Promise<void>;
  /** Whether a send is under way or waiting. */
  isLoading: boolean;
  /** The first error since sending was last idle. */
  error: RunstreamError | undefined;
  /** Whether there are a run id and a token. */
  isReady: boolean;
};

/** Sends to a defined input stream of a run. */
// biome-ignore lint/suspicious/noExplicitAny: the data is inferred, and nothing else fits both its uses
export function useInputStreamSend<TStream extends DefinedInputStream<any>>(
  stream: TStream,
  runId?: string,
  options?: UseInputStreamSendOptions,
): InputStreamSendInstance<InferInputStreamType<TStream>>;
/** Sends to an input stream of a run by its id. */
export function useInputStreamSend<TData>(
  streamId: string,
  runId?: string,
  options?: UseInputStreamSendOptions,
): InputStreamSendInstance<TData>;
export function useInputStreamSend(
  stream: { readonly id: string } | string,
  runId?: string,
  options: UseInputStreamSendOptions = {},
): InputStreamSendInstance<unknown> {
  const id = typeof stream === "string" ? stream : stream.id;
  const client = useClient(options);
  const missing = notReady(`useInputStreamSend for "${id}"`, runId, client.accessToken);
  const target = `${runId} ${id}`;
  const [state, setState] = useState<State>({ target, pending: 0, error: undefined });
  const { pending, error } = state.target === target ? state : { pending: 0, error: undefined };

  const latest = useRef(client);
  useEffect(() => {
    latest.current = client;
  });

  const send = useCallback(
    (data: unknown): Promise<void> => {
      setState((old) => {
        const isFirst = old.target !== target || old.pending === 0;
        return isFirst ? { target, pending: 1, error: undefined } : { ...old, pending: old.pending + 1 };
      });
      const settle = (thrown?: RunstreamError) =>
        setState((old) => {
          if (old.target !== target) return old;
          return { target, pending: old.pending - 1, error: old.error ?? thrown };
        });
      const result = sendToStream(runId ?? "", id, data, latest.current);
      result.then(() => settle(), settle);
      return result;
    },
    [runId, id, target],
  );
  return { send, isLoading: pending > 0, error, isReady: !missing && options.enabled !== false };
}

type State = { target: string; pending: number; error: RunstreamError | undefined };
