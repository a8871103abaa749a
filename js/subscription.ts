import { baseOf, checkHeader, headersOf, messageOf, streamUrl } from "./api.ts";
import { clock } from "./clock.ts";
import { type ErrorCode, RunstreamError, warnOnce } from "./errors.ts";
import type { Validate } from "./schema.ts";
import { shared } from "./shared.ts";
import { Credential, ownerOf } from "./token.ts";
import type { BadRecord, ClientOptions, ControlRecord, Gap, ReadOptions, StreamState, StreamStatus } from "./types.ts";
import type { CoreConfig, CoreError, CoreHandle, CoreHost, CoreStatus } from "./wasm.ts";

/** Which stream to read, from where, as whom. */
export type Source = {
  runId: string;
  key: string;
  /** An input stream. */
  input: boolean;
  client: ClientOptions;
  read: ReadOptions;
  /** The judgement of the stream's schema. */
  validate?: Validate | undefined;
};

export const IDLE: StreamStatus = {
  status: "idle",
  endReason: undefined,
  error: undefined,
  lastError: undefined,
  retryCount: 0,
  gaps: 0,
  duplicates: 0,
  resets: 0,
  lag: undefined,
  isLive: false,
};

/** What a delivery brings besides parts, and before which of them. */
export type Notice =
  | ({ type: "control"; at: number } & ControlRecord)
  | ({ type: "bad-record"; at: number } & BadRecord)
  | ({ type: "gap"; at: number } & Gap)
  | { type: "reset"; at: number };

/** Parts as the core delivers them. `meta` holds id, timestamp, part id and headers of each, one after the other. */
export type Delivery = { parts: unknown[]; meta: unknown[] | undefined; notices: Notice[]; bytes: number };

export type Sink = {
  deliver(delivery: Delivery): void;
  changed(): void;
};

/** What is delivered how often. */
export type Pace = { meta: boolean; deliverInterval: number };

type Core = (config: CoreConfig, host: CoreHost) => CoreHandle;

const core: { loading?: Promise<Core> | undefined } = shared("core", {});

/** Fetches and compiles the core, once. A failure is not remembered: the next subscription tries again. */
export function loadCore(): Promise<Core> {
  core.loading ??= Promise.all([import("./wasm.ts"), import("./generated/wasm-inline.js")])
    .then(([module, inlined]) => module.start(clock, warnOnce, inlined.default))
    .catch((thrown: unknown) => {
      core.loading = undefined;
      const message = `the WebAssembly core could not be loaded (${messageOf(thrown)})`;
      throw new RunstreamError("internal", message, undefined, { cause: thrown });
    });
  return core.loading;
}

const parse = <T>(json: string): T[] => (json ? JSON.parse(json) : []);

/** One connection's worth of reading: the core's handle, the credential and the status. */
export class Connection {
  status: StreamStatus = IDLE;
  /** What the application may give back as `lastEventId`. */
  cursor: string | undefined;
  readonly credential: Credential;
  readonly #source: Source;
  readonly #sink: Sink;
  #handle: CoreHandle | undefined;
  /** Counts openings, so that what belongs to an earlier one is ignored. */
  #life = 0;
  #pace: Pace | undefined;
  #isStopped = false;

  constructor(source: Source, sink: Sink) {
    this.#source = source;
    this.#sink = sink;
    this.credential = new Credential(source.client);
  }

  /** Opens, behind what was read before. */
  async open(pace: Pace): Promise<void> {
    const life = ++this.#life;
    this.#pace = pace;
    this.#isStopped = false;
    this.#set({ ...IDLE, resets: this.status.resets, status: "connecting" });
    try {
      const config = this.#config(pace);
      const openHandle = await loadCore();
      if (life !== this.#life || this.#isStopped) return;
      this.#handle = openHandle(config, this.#host(life));
      open.add(this);
      listenForWake();
    } catch (thrown) {
      if (life !== this.#life) return;
      const error = Array.isArray(thrown) ? toError(thrown as CoreError) : (thrown as RunstreamError);
      this.#set({ ...this.status, status: "failed", error, lastError: error });
    }
  }

  /** Closes for good, or until the next `open`. */
  close(): void {
    this.#life++;
    open.delete(this);
    this.#handle?.free();
    this.#handle = undefined;
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#handle) this.#handle.stop();
    else this.#set({ ...this.status, status: "stopped" });
  }

  resume(): void {
    this.#isStopped = false;
    if (this.#handle) this.#handle.resume();
    else if (this.#pace) void this.open(this.#pace);
  }

  /** The network is back, or the page is visible again. */
  wake(): void {
    this.#handle?.wake();
    this.#sink.changed();
  }

  setPaused(paused: boolean): void {
    this.#handle?.setPaused(paused);
  }

  /** Takes the credential of the last render. */
  update(client: ClientOptions): void {
    if (this.credential.update(client)) this.#handle?.tokenChanged();
  }

  #config({ meta, deliverInterval }: Pace): CoreConfig {
    const { runId, key, input, client, read } = this.#source;
    const { startIndex, timeoutInSeconds = 60, from } = read;
    checkWhole("startIndex", startIndex, 0, Number.MAX_SAFE_INTEGER);
    checkWhole("timeoutInSeconds", timeoutInSeconds, 1, 600);
    if (from !== undefined && from !== "beginning" && from !== "latest") {
      throw new RunstreamError("invalid-argument", `from is ${JSON.stringify(from)}; give "beginning" or "latest"`);
    }
    if (typeof client.accessToken === "string") checkHeader("the access token", "authorization", client.accessToken);
    const lastEventId = this.cursor ?? read.lastEventId;
    return {
      url: streamUrl(baseOf(client), runId, key, input),
      headers: headersOf(client),
      timeoutInSeconds,
      startIndex,
      lastEventId: lastEventId === undefined ? undefined : String(lastEventId),
      latest: from === "latest",
      follow: read.follow ?? false,
      input,
      deliverInterval,
      meta,
      seed: Math.random(),
      canRefresh: this.credential.canRefresh,
      fetch: client.fetch,
    };
  }

  #host(life: number): CoreHost {
    return {
      token: (renew) => this.credential.get(renew),
      deliver: (text, bytes, meta, notices, undefinedAt, cursor) => {
        if (life !== this.#life) return;
        const parts = parse(text);
        for (const index of undefinedAt) parts[index] = undefined;
        const delivery = { parts, meta: parse(meta), notices: parse<Notice>(notices), bytes };
        this.cursor = cursor;
        const resets = delivery.notices.filter(({ type }) => type === "reset").length;
        if (resets > 0) this.status = { ...this.status, resets: this.status.resets + resets };
        this.#sink.deliver(delivery);
      },
      status: (status) => {
        if (life === this.#life) this.#set(toStatus(status, this.status.resets));
      },
    };
  }

  #set(status: StreamStatus): void {
    this.status = status;
    this.#sink.changed();
  }
}

function checkWhole(name: string, value: number | undefined, from: number, to: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= from && value <= to)) return;
  throw new RunstreamError("invalid-argument", `${name} is ${value}; give a whole number from ${from} to ${to}`);
}

function toError([code, message, status]: CoreError): RunstreamError {
  return new RunstreamError(code as ErrorCode, message, status || undefined);
}

function toStatus(core: CoreStatus, resets: number): StreamStatus {
  const [status, endReason, error, lastError, retryCount, gaps, duplicates, lag] = core;
  return {
    status: status as StreamState,
    endReason: endReason as StreamStatus["endReason"],
    error: error && toError(error),
    lastError: lastError && toError(lastError),
    retryCount,
    gaps,
    duplicates,
    resets,
    lag,
    isLive: status === "live",
  };
}

/** What makes two readers share a connection. Throws nothing: bad values differ and fail on their own. */
export function identityOf({ runId, key, input, client, read }: Source): string {
  const { timeoutInSeconds, startIndex, lastEventId, from, follow } = read;
  const start = lastEventId !== undefined ? `after ${lastEventId}` : (startIndex ?? from);
  const { baseURL, previewBranch, accessToken } = client;
  return JSON.stringify([
    [baseURL, previewBranch, ownerOf(accessToken), runId, key, input],
    [timeoutInSeconds, follow, start],
  ]);
}

/** The connections that want to know when the page or the network comes back. */
const open = new Set<Connection>();
let listening = false;

function listenForWake(): void {
  if (listening || typeof addEventListener !== "function" || typeof document === "undefined") return;
  listening = true;
  const wake = () => {
    for (const connection of open) connection.wake();
  };
  addEventListener("online", wake);
  // Also after a restore from the back/forward cache, whose sockets are gone.
  addEventListener("pageshow", wake);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") wake();
  });
}
