import { attempt, tell } from "./callbacks.ts";
import { clientOf, requireReady } from "./config.ts";
import { RunstreamError, reportException, warnOnce } from "./errors.ts";
import { iterate } from "./iterate.ts";
import type { Validate } from "./schema.ts";
import { Connection, IDLE } from "./subscription.ts";
import type { AsyncIterableStream, StreamReadOptions, StreamStatus } from "./types.ts";

/** How much may wait for a slow consumer before the server is made to wait, in bytes of JSON. */
const HIGH_WATER = 256 * 1024;

/**
 * Reads a stream on a connection of its own. Pull-based: what nobody takes stays on the server, but for one read and
 * `HIGH_WATER`. Closes when the server ended the window or `signal` is aborted; errors with a typed error.
 */
export function readStream<T>(
  runId: string,
  key: string,
  options: StreamReadOptions = {},
  validate?: Validate,
): AsyncIterableStream<T> {
  const client = clientOf(options);
  requireReady(`reading stream "${key}"`, runId, client);
  const waiting: Array<{ parts: unknown[]; bytes: number }> = [];
  let taken = 0;
  let bytes = 0;
  let isPaused = false;
  let wake: (() => void) | undefined;
  const { signal, onStatus, onInvalidPart = reportException } = options;
  let told: StreamStatus = IDLE;
  const warn = ({ status, error }: StreamStatus) => {
    if (!error || status === "failed") return;
    warnOnce(`reading stream "${key}" of ${runId} fails, and is tried again (${error.message}); onStatus hears of it`);
  };

  const connection = new Connection(
    { runId, key, input: false, client, read: options },
    {
      deliver: (delivery) => {
        for (const notice of delivery.notices) tell(notice, options);
        const parts = validate ? valid(delivery.parts, validate, onInvalidPart) : delivery.parts;
        if (parts.length === 0) return;
        waiting.push({ parts, bytes: delivery.bytes });
        bytes += delivery.bytes;
        pace();
        wake?.();
      },
      changed: () => {
        const { status } = connection;
        if (status !== told) attempt(() => (onStatus ?? warn)(status));
        told = status;
        wake?.();
      },
    },
  );
  const pace = () => {
    const shouldPause = isPaused ? bytes > HIGH_WATER / 2 : bytes > HIGH_WATER;
    if (shouldPause !== isPaused) {
      isPaused = shouldPause;
      connection.setPaused(isPaused);
    }
  };
  const close = () => {
    signal?.removeEventListener("abort", onAbort);
    connection.close();
  };
  let isAborted = signal?.aborted ?? false;
  const onAbort = () => {
    isAborted = true;
    connection.stop();
    wake?.();
  };

  const stream = new ReadableStream<T>(
    {
      start() {
        if (isAborted) return;
        signal?.addEventListener("abort", onAbort);
        void connection.open({ meta: false, deliverInterval: 0 });
      },
      async pull(controller) {
        for (;;) {
          const next = waiting[0];
          if (next) {
            controller.enqueue(next.parts[taken++] as T);
            if (taken === next.parts.length) {
              waiting.shift();
              taken = 0;
              bytes -= next.bytes;
              pace();
            }
            return;
          }
          const { status, error } = connection.status;
          if (isAborted || status === "ended" || status === "stopped") {
            close();
            return controller.close();
          }
          if (status === "failed") {
            close();
            return controller.error(error ?? new RunstreamError("internal", "the stream failed without a cause"));
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
  return iterable(stream);
}

/** The parts that the schema takes, as it gives them back. */
function valid(
  parts: unknown[],
  validate: Validate,
  onInvalidPart: (error: RunstreamError, part: unknown) => void,
): unknown[] {
  return parts.flatMap((part) => {
    try {
      return [validate(part)];
    } catch (thrown) {
      attempt(() => onInvalidPart(thrown as RunstreamError, part));
      return [];
    }
  });
}

/** Adds iteration where the platform's streams have none (Safari). */
function iterable<T>(stream: ReadableStream<T>): AsyncIterableStream<T> {
  if (Symbol.asyncIterator in stream) return stream as AsyncIterableStream<T>;
  return Object.assign(stream, { [Symbol.asyncIterator]: () => iterate(stream as ReadableStream<T>) });
}
