export interface DevServerOptions {
  /** Default 4983. 0 takes any free port. */
  port?: number | undefined;
  /** Default "tr_dev_runstream". Also signs and checks the public access tokens. */
  secretKey?: string | undefined;
  /** False: `X-Trigger-Stream-Start: latest` is overlooked, as servers before it did. Default true. */
  honorStartLatest?: boolean | undefined;
  /**
   * A send or an append whose `X-Part-Id` is among the last 65,536 of its stream is not stored again, and the answer repeats
   * the id in the same header, which pages may read. False: it is stored again, as by the service. Default true.
   */
  dedupeParts?: boolean | undefined;
  /** How long a v2 stream keeps a record, in milliseconds. Default 28 days. */
  retentionMs?: number | undefined;
  /** How much a v2 stream holds, in metered bytes. Default 300 MiB. */
  maxStreamBytes?: number | undefined;
  /**
   * A v2 stream that has held no record for so many milliseconds is deleted: the next write learns that it is being deleted
   * and stores nothing, the one after it begins a new stream. Default one hour.
   */
  deleteEmptyAfterMs?: number | undefined;
  /** Seconds, where a reader gives none. Default 60. */
  defaultTimeoutSeconds?: number | undefined;
  /** Between two v2 pings, at random from this range. Default [5000, 15000]. */
  pingIntervalMs?: number | readonly [least: number, most: number] | undefined;
  /** Without a byte before a v1 ping. Default 10000. */
  v1PingMs?: number | undefined;
  /** How often v1 looks whether the time is up. Default 5000. */
  v1BlockMs?: number | undefined;
  /** How long a second of `Timeout-Seconds` lasts, for tests in a hurry. Default 1000. */
  secondMs?: number | undefined;
  /**
   * Keeps the streams of v2 runs in a real S2 instead of in this process: its event streams are passed through, and
   * writers are sent to it. Default: in this process. What then does not apply: `secondMs` and `pingIntervalMs`, which
   * are S2's, and the limits of a stream.
   */
  s2?: S2Options | undefined;
}

export interface S2Options {
  /** Where it listens: "http://127.0.0.1:4984", or "https://my-basin.b.s2.dev" at the service. */
  endpoint: string;
  /** It must exist, and create its streams on append and on read. */
  basin: string;
  /** Given to whoever may write, as it is. Default: none, which `s2-lite` does not ask for. */
  token?: string | undefined;
}

export interface Timing {
  readonly defaultTimeoutSeconds: number;
  readonly pingIntervalMs: readonly [least: number, most: number];
  readonly v1PingMs: number;
  readonly v1BlockMs: number;
  readonly secondMs: number;
}

export function timingOf(options: DevServerOptions): Timing {
  const ping = options.pingIntervalMs ?? [5000, 15_000];
  return {
    defaultTimeoutSeconds: options.defaultTimeoutSeconds ?? 60,
    pingIntervalMs: typeof ping === "number" ? [ping, ping] : ping,
    v1PingMs: options.v1PingMs ?? 10_000,
    v1BlockMs: options.v1BlockMs ?? 5000,
    secondMs: options.secondMs ?? 1000,
  };
}
