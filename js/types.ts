import type { RunstreamError } from "./errors.ts";
import type { InputPromise } from "./input/result.ts";

/** The state of a subscription. */
export type StreamState = "idle" | "connecting" | "live" | "reconnecting" | "ended" | "stopped" | "failed";

/** Everything there is to know about a subscription besides its parts. */
export type StreamStatus = {
  /**
   * - `idle`: not started (`enabled: false`, no run id, no token, or rendered on a server)
   * - `connecting`: the first connection is being made
   * - `live`: reading
   * - `reconnecting`: the connection was lost, another will be made; nothing is lost by it
   * - `ended`: the server ended the read window, see `endReason`
   * - `stopped`: by `stop()`
   * - `failed`: given up, see `error`
   */
  readonly status: StreamState;
  /**
   * Why the stream ended. `idle-timeout`: no record for `timeoutInSeconds`, which is the only end there is on the wire;
   * whether the run is finished only the run can say. `no-content`: the server answered 204.
   */
  readonly endReason: "idle-timeout" | "no-content" | undefined;
  /** To be shown: set when failed, after three failures in a row or after 10 s without a connection. Cleared by recovery. */
  readonly error: RunstreamError | undefined;
  /** What went wrong last, shown or not. Cleared by recovery. */
  readonly lastError: RunstreamError | undefined;
  /** Failures in a row. */
  readonly retryCount: number;
  /** Holes in the numbering that a second reading confirmed. Each is reported through `onGap`. */
  readonly gaps: number;
  /** Records dropped because they had been seen. */
  readonly duplicates: number;
  /** Times the stream was found replaced by another one, and its parts cleared. */
  readonly resets: number;
  /** Records between the last one delivered and the end of the stream, when the server said where that is (v2). */
  readonly lag: number | undefined;
  /** `status === "live"`. */
  readonly isLive: boolean;
};

/** A part with what the wire says about it. */
export type StreamPart<TPart> = {
  /** Position: the decimal sequence number on v2, the Redis id on v1. */
  id: string;
  chunk: TPart;
  /** When the server stored it, in milliseconds since 1970. */
  timestamp: number;
  /** The part id its writer gave it (v2). */
  recordId?: string;
  /** Headers of the record (v2). Empty if it had none, undefined on v1. */
  headers?: Array<[string, string]>;
};

/** A record that says something about the stream instead of carrying a part. */
export type ControlRecord = { id: string; timestamp: number; headers: Array<[string, string]> };

/** A record that is no part: not JSON, no envelope, or nothing at all. */
export type BadRecord = { id: string; reason: string; body: string };

/** Positions that are missing: from `from` up to and without `to`. */
export type Gap = { from: number; to: number };

/** A token, or a function that returns one. A function is asked for every connection. */
export type AccessToken = string | (() => string | Promise<string>);

/** Additions to every request. */
export type RequestOptions = {
  /** Headers to add. `Authorization` and the protocol's own headers cannot be replaced. */
  additionalHeaders?: Record<string, string>;
  /** Accepted for compatibility and ignored: a subscription retries until it is stopped. */
  retry?: unknown;
};

/** Where to connect, and as whom. */
export type ClientOptions = {
  /** A public access token with read (or, for sending, write) access to the run; on a server, the secret key. */
  accessToken?: AccessToken | undefined;
  /**
   * May have a path, as behind a proxy: every request goes below it. With `?` or `#` it is refused (`invalid-argument`).
   * @default "https://api.trigger.dev"
   */
  baseURL?: string | undefined;
  /** Name of the preview branch, for preview environments. */
  previewBranch?: string | undefined;
  requestOptions?: RequestOptions | undefined;
  /** Makes a new token when the server refuses the present one, or shortly before it expires. Many streams share one call. */
  refreshAccessToken?: (() => Promise<string>) | undefined;
  /**
   * `v2RealtimeStreams: false` asks for v1 streams. It matters where runs are triggered; the streams of a run stay what they are.
   * `TRIGGER_V2_REALTIME_STREAMS=0` says the same.
   */
  future?: { v2RealtimeStreams?: boolean | undefined } | undefined;
  /** Used instead of the global `fetch`. Called with one `Request`. */
  fetch?: ((request: Request) => Promise<Response>) | undefined;
};

/** What `configure` and `TriggerAuthContext` take: what the official ones do, and what `ClientOptions` adds to it. */
export type ApiClientConfiguration = ClientOptions & {
  /**
   * Wins over `accessToken` in `configure`; the hooks do not look at it.
   * @deprecated Use `accessToken`.
   */
  secretKey?: string | undefined;
  /** Accepted for compatibility and ignored: no runs are triggered here. */
  externalDeploymentId?: string | undefined;
};

/** Where and how to read. */
export type ReadOptions = {
  /**
   * Seconds without a record after which the server ends the read window: a whole number from 1 to 600.
   * @default 60
   */
  timeoutInSeconds?: number | undefined;
  /** Position of the first part to read, from 0. Past the end it waits for that position. Any value, even 0, disables `from`. */
  startIndex?: number | undefined;
  /** The `lastEventId` of an earlier subscription: goes on behind it. Wins over `startIndex` and `from`. */
  lastEventId?: string | number | undefined;
  /**
   * Where to begin. `"latest"` reads only what is written from now on.
   * @default "beginning"
   */
  from?: "beginning" | "latest" | undefined;
  /**
   * Go on after `timeoutInSeconds` without a record, until stopped.
   * @default false
   */
  follow?: boolean | undefined;
};

/** What is called while reading. Each is the one of the last render; one that throws is reported and the stream goes on. */
export type StreamCallbacks<TPart> = {
  /** Called for every part, in order, before it is rendered. */
  onData?: ((part: TPart) => void) | undefined;
  /** Called for the parts of one delivery, with position and time. */
  onParts?: ((parts: Array<StreamPart<TPart>>) => void) | undefined;
  /** Called for a control record. */
  onControl?: ((record: ControlRecord) => void) | undefined;
  /** Called for a record that is no part. */
  onBadRecord?: ((record: BadRecord) => void) | undefined;
  /** Called for a part that the stream's schema refuses; the stream goes on without it. Reported as an uncaught error by default. */
  onInvalidPart?: ((error: RunstreamError, part: unknown) => void) | undefined;
  /** Called when positions are missing for good. */
  onGap?: ((gap: Gap) => void) | undefined;
  /** Called when the stream was replaced by another one: the parts so far are not part of it. */
  onReset?: (() => void) | undefined;
};

/** What a subscription shows. Immutable, and the same object until something changes. */
export type StreamSnapshot<TPart, TValue = undefined> = StreamStatus & {
  /** The parts so far, in order, each once; with `maxParts` the last of them, with `reduce` none. Always an array. */
  readonly parts: TPart[];
  /** What `reduce` made of the parts. */
  readonly value: TValue;
  /** Give it back as the `lastEventId` option to go on behind `parts`, even after a reload. Opaque. */
  readonly lastEventId: string | undefined;
};

/** How one reader of a stream wants it. */
export type ViewOptions<TPart, TValue = undefined> = StreamCallbacks<TPart> & {
  /**
   * Least time between updates in milliseconds. A floor, not a promise: an update also waits for the frame that shows the last
   * one, and a page that is hidden, or draws no frames, is updated once a second. Only `stop` shows at once.
   * @default 0
   */
  throttleInMs?: number | undefined;
  /** How many parts to keep: the last ones. All of them by default. */
  maxParts?: number | undefined;
  /** Folds the parts into `value` instead of keeping them: memory stays flat. Must not change the value it is given. */
  reduce?: ((value: TValue, part: TPart) => TValue) | undefined;
  /** What `reduce` begins with. */
  initialValue?: TValue | undefined;
};

/** A source of parts. Consumed once. A string is none. */
export type PartSource<TPart> = ReadableStream<TPart> | AsyncIterable<TPart> | (Iterable<TPart> & object);

/** Options of everything that writes. */
export type WriteOptions = ClientOptions & {
  /**
   * Which run to write to: `"self"`, `"parent"`, `"root"` or a run id. A run without a parent is its own parent and root.
   * Required outside a run.
   * @default "self"
   */
  target?: "self" | "parent" | "root" | (string & {}) | undefined;
  /** Aborts writing: what is not on its way is dropped, and the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Accepted for compatibility and ignored: there are no spans. */
  spanName?: string | undefined;
  /** Accepted for compatibility and ignored: there are no spans. */
  collapsed?: boolean | undefined;
};

/** What writing came to. */
export type WriteResult = {
  /** Position of the last part, where the server tells it (v2). */
  lastEventId?: string | undefined;
};

/** A source being written. */
export type PipeResult<TPart> = {
  /**
   * The same parts, to be read here, or to be the body of a `Response`: there strings and bytes are as they are, and any
   * other part is an event of an event stream (`data: <its JSON>`). Nobody has to read it: what waits is kept, up to
   * 16 Mi characters of JSON; beyond, this copy alone fails with `buffer-exceeded`.
   */
  stream: AsyncIterableStream<TPart>;
  /**
   * Resolves when the server has acknowledged every part. Rejects with what failed: what the source threw, or a typed error. Parts
   * before it are written. A promise that is never asked for raises nothing.
   */
  waitUntilComplete: () => Promise<WriteResult>;
};

/** Options of `writer`. */
export type WriterOptions<TPart> = WriteOptions & {
  /** Writes. The stream is complete when what it returns has settled and every merged stream has ended. */
  execute: (tools: { write: (part: TPart) => void; merge: (source: PartSource<TPart>) => void }) => unknown;
};

/** A stream with a key and the type of its parts. */
export type DefinedStream<TPart, TInput = TPart> = {
  /** The stream key. */
  readonly id: string;
  /** Reads the stream of a run. */
  read(runId: string, options?: StreamReadOptions): Promise<AsyncIterableStream<TPart>>;
  /** Writes a source to the stream. Returns at once. */
  pipe(source: PartSource<TInput>, options?: WriteOptions): PipeResult<TInput>;
  /** Writes one part. Resolves when the server has acknowledged it. Appends arrive in the order of the calls. */
  append(part: TInput, options?: WriteOptions): Promise<void>;
  /** Writes what `execute` writes and merges. Returns at once. */
  writer(options: WriterOptions<TInput>): PipeResult<TInput>;
  /** The schema's judgement of a part, if there is a schema. */
  readonly "~validate"?: ((part: unknown) => TPart) | undefined;
};

/** The type of a defined stream's parts. */
export type InferStreamType<T> = T extends { read(runId: string): Promise<AsyncIterableStream<infer TPart>> }
  ? TPart
  : unknown;

/**
 * An input stream with an id and the type of its data. What receives works inside a run only (`withRun`, or a task of the official
 * SDK): elsewhere `on` and `peek` throw and the others reject with `not-ready`, in a page with `unsupported`. All of it shares one
 * connection for each run and stream, which is opened by the first of `on`, `once` and `peek` and closed when the run ends.
 *
 * Every message goes to every handler of `on` that there is when it arrives, and to at most one `once` or `wait`: the one that
 * has waited longest. What nobody takes is kept for the next `on` (all of it), `once` or `wait` (the oldest).
 */
export type DefinedInputStream<TData, TInput = TData> = {
  /** The input stream's id. */
  readonly id: string;
  /**
   * Sends to a run, behind what was sent to the same stream of it before. Resolves when the server has stored it, and rejects
   * with a typed error; as everywhere, a rejection that nobody handles is reported by the platform. What the schema refuses is
   * `invalid-part` before any request; what it takes is sent as it is, not as the schema makes it.
   */
  send(runId: string, data: TInput, options?: SendOptions): Promise<void>;
  /**
   * Calls `handler` for what is kept, and for everything that comes, until `off` or the end of the run. What it throws, or rejects
   * with, is reported and stops nothing. When reading fails for good, that is reported, too; the next `on`, `once` or `peek` tries again.
   */
  on(handler: (data: TData) => unknown): InputSubscription;
  /**
   * The next message: the oldest that is kept, or the first to come. When reading fails for good, or the run ends, it resolves to
   * that error.
   */
  once(options?: OnceOptions): InputPromise<TData>;
  /**
   * The oldest message that is kept, or with `latest` the newest; it stays. `undefined` if there is none, and always the first
   * time when nothing listens yet: it begins to.
   */
  peek(options?: { latest?: boolean | undefined }): TData | undefined;
  /**
   * The next message, however long that takes, held by a waitpoint on the server. First it listens for `pollInSeconds`; then, with
   * a `suspend` hook in `withRun`, it lets go of everything and calls that, else it listens again. Inside a task of the official SDK
   * its runtime suspends the run. Handlers get what came meanwhile when it is over. Waits of one stream follow each other.
   */
  wait(options?: WaitOptions): InputPromise<TData>;
  /** `once` for `idleTimeoutInSeconds`, then `wait`. */
  waitWithIdleTimeout(options: IdleWaitOptions): InputPromise<TData>;
};

/** A handler that was registered. */
export type InputSubscription = {
  /** Calls it no more. What comes afterwards is kept. */
  off(): void;
};

/** Options of `once`. */
export type OnceOptions = {
  /** How long to wait, in milliseconds. For ever by default; 0 takes only what is kept. */
  timeoutMs?: number | undefined;
  /** Gives up: rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Accepted for compatibility and ignored: there are no spans. */
  spanName?: string | undefined;
};

/** Options of `wait`. */
export type WaitOptions = {
  /** `"30s"`, `"5m"`, `"1h30m"`, `"7d"`, or a date. For ever by default. */
  timeout?: string | Date | undefined;
  /** At most 2,048 characters. A second wait with the same key, also of another process, gets the first one's result. */
  idempotencyKey?: string | undefined;
  /** How long that holds, like `timeout`. For ever by default. */
  idempotencyKeyTTL?: string | undefined;
  /** Names the waitpoint for whoever lists them: at most ten. */
  tags?: string | string[] | undefined;
  /**
   * How long it listens before it suspends, in whole seconds from 1 to 600.
   * @default 30
   */
  pollInSeconds?: number | undefined;
  /** Accepted for compatibility and ignored: there are no spans. */
  spanName?: string | undefined;
};

/** Options of `waitWithIdleTimeout`. */
export type IdleWaitOptions = WaitOptions & {
  /** How long `once` waits, in seconds. 0 waits at once. */
  idleTimeoutInSeconds: number;
  /** Called before `wait`. */
  onSuspend?: (() => unknown) | undefined;
  /** Called after a `wait` that got a message. */
  onResume?: (() => unknown) | undefined;
  /** Resolve to a `WaitpointTimeoutError` instead of waiting. */
  skipSuspend?: boolean | undefined;
};

/** What defines an input stream. */
export type InputDefinition = {
  id: string;
  /** Called for a message that the schema refuses, and which is nobody's then. Reported as an uncaught error by default. */
  onInvalidPart?: ((error: RunstreamError, part: unknown) => void) | undefined;
  /** Called for a record that is no message. Reported as an uncaught error by default. */
  onBadRecord?: ((record: BadRecord) => void) | undefined;
};

/** The type of a defined input stream's data. */
export type InferInputStreamType<T> = T extends { peek(): infer TData | undefined } ? TData : unknown;

/** Options of `read`. */
export type StreamReadOptions = ClientOptions &
  ReadOptions &
  Omit<StreamCallbacks<unknown>, "onData" | "onParts"> & {
    /** Ends reading: what has arrived can still be read, then the stream closes. */
    signal?: AbortSignal | undefined;
    /**
     * Called when the status changes. A server that fails, or cannot be reached, is tried again until the signal is aborted; this is
     * how to hear of it. Without it the console is told once, in development.
     */
    onStatus?: ((status: StreamStatus) => void) | undefined;
  };

/** Options of `send`. */
export type SendOptions = ClientOptions & {
  /** Cancels a send that has not left yet. One that has may arrive all the same. Rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
};

/** A stream of values that can be iterated as well. */
export type AsyncIterableStream<T> = ReadableStream<T> & AsyncIterable<T>;
