import type { DevServerOptions } from "./options.ts";

/** What a v2 stream may hold, and for how long. Looked at when the stream is used: there are no timers. */
export interface LogLimits {
  readonly retentionMs: number;
  readonly maxStreamBytes: number;
  readonly deleteEmptyAfterMs: number;
}

export function limitsOf(options: DevServerOptions): LogLimits {
  return {
    retentionMs: options.retentionMs ?? 28 * 86_400_000,
    maxStreamBytes: options.maxStreamBytes ?? 300 * 1_048_576,
    deleteEmptyAfterMs: options.deleteEmptyAfterMs ?? 3_600_000,
  };
}

export class StreamFull extends Error {
  constructor(maxBytes: number) {
    super(`The stream would hold more than ${maxBytes} metered bytes.`);
    this.name = "StreamFull";
  }
}
