// Loaded on the first subscription, so that a page pays for the core when it streams. The only importer of
// the reader's glue.
import init, { type Handle, open } from "./generated/runstream.js";
import compressed from "./generated/wasm-inline.js";
import { compileInlined } from "./inflate.ts";

/** One running subscription of the core. `free` closes its connection. */
export type CoreHandle = Omit<Handle, typeof Symbol.dispose>;

/** What the core is told. The shim has checked every value. */
export type CoreConfig = {
  url: string;
  headers: Record<string, string>;
  timeoutInSeconds: number;
  startIndex: number | undefined;
  lastEventId: string | undefined;
  latest: boolean;
  follow: boolean;
  /** A missing `data` is the `undefined` that was sent. */
  input: boolean;
  /** Least milliseconds between deliveries; 0 delivers after every read. */
  deliverInterval: number;
  meta: boolean;
  seed: number;
  canRefresh: boolean;
  fetch: ((request: Request) => Promise<Response>) | undefined;
};

/** An error as it crosses: code, message, HTTP status or 0. */
export type CoreError = [code: string, message: string, status: number];

/** A status as it crosses. */
export type CoreStatus = [
  kind: string,
  endReason: string | undefined,
  error: CoreError | undefined,
  lastError: CoreError | undefined,
  retryCount: number,
  gaps: number,
  duplicates: number,
  lag: number | undefined,
];

/** What the core calls. The byte arrays are views of its memory: decode them before anything else. */
export type CoreHost = {
  token(refresh: boolean): Promise<string>;
  deliver(
    text: Uint8Array,
    meta: Uint8Array,
    notices: Uint8Array,
    undefinedAt: Uint32Array,
    cursor: string | undefined,
  ): void;
  status(status: CoreStatus): void;
};

/** `clock` is given, since to import what the page has already would cost it a file of its own. */
export async function start(clock: object): Promise<(config: CoreConfig, host: CoreHost) => CoreHandle> {
  await init(await compileInlined(compressed), clock);
  return (config, host) => open(config, host);
}
