export interface DevServerOptions {
  /** Default 4983. 0 takes any free port. */
  port?: number | undefined;
  /** Default "tr_dev_runstream". Also signs and checks the public access tokens. */
  secretKey?: string | undefined;
  /** False: `X-Trigger-Stream-Start: latest` is overlooked, as servers before it did. Default true. */
  honorStartLatest?: boolean | undefined;
  /** True: a send whose `X-Part-Id` was stored before is not stored again, and the answer repeats the id. Default false. */
  dedupeParts?: boolean | undefined;
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
