// Loaded on the first subscription, so that a page pays for the core when it streams. The only importer of
// the reader's glue.
import type { Clock } from "./clock.ts";
import init, { type Handle, open } from "./generated/runstream.js";
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

/** What the core calls. */
export type CoreHost = {
  token(refresh: boolean): Promise<string>;
  /** JSON texts, empty for nothing, and how many bytes the first has. `undefinedAt` is a view that must not be kept. */
  deliver(
    text: string,
    bytes: number,
    meta: string,
    notices: string,
    undefinedAt: Uint32Array,
    cursor: string | undefined,
  ): void;
  status(status: CoreStatus): void;
};

/**
 * The core as JavaScript where no WebAssembly may run. `clock` and `warn` are given, since to import what the page has already would
 * cost it a file of its own; and so is the wasm, which is to have one: gzip takes more for base64 and program text together.
 */
export async function start(
  clock: Clock,
  warn: (message: string) => void,
  compressed: string,
): Promise<(config: CoreConfig, host: CoreHost) => CoreHandle> {
  let module: WebAssembly.Module;
  try {
    module = await compileInlined(compressed);
  } catch (refused) {
    return (await import("./fallback/driver.ts")).start(clock, warn, refused);
  }
  await init(module, clock);
  // Lenient and keeping a BOM inside the text, as the standard has it for event streams.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const decode = (bytes: Uint8Array) => (bytes.length > 0 ? decoder.decode(bytes) : "");
  return (config, host) =>
    open(config, {
      ...host,
      // Views of the core's memory, which the application's code may move: all is copied out before.
      deliver(...[text, meta, notices, undefinedAt, cursor]: Views) {
        host.deliver(decode(text), text.length, decode(meta), decode(notices), undefinedAt, cursor);
      },
    });
}

type Views = [text: Uint8Array, meta: Uint8Array, notices: Uint8Array, undefinedAt: Uint32Array, cursor?: string];
