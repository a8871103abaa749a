// The core as JavaScript, made from src/wasm/abi.rs: its functions as a class. The only importer of them.
import * as abi from "../generated/abi.js";
import type { CoreConfig, CoreError, CoreStatus } from "../wasm.ts";
import { decode } from "./text.ts";

export type Action = [attempt: 0] | [attempt: number, lastEventId: string | null, latest: 0 | 1, refreshToken: 0 | 1];

/** What an answer's head says. */
export type Head = {
  status: number;
  version: string | null;
  isEventStream: boolean;
  retryAfterMs: number | undefined;
  detail: string;
};

/** In the order of `command` in src/wasm/abi.rs. */
const COMMANDS = ["stop", "resume", "wake", "tokenChanged", "pause", "unpause"] as const;
export type Command = (typeof COMMANDS)[number];

export type Delivery = {
  text: string;
  bytes: number;
  meta: string;
  notices: string;
  undefinedAt: Uint32Array;
  cursor: string | undefined;
};

const encoder = new TextEncoder();

export class Core {
  readonly #session = abi.create();

  /** Starts. Throws the `CoreError` of an option that cannot be. */
  constructor(config: CoreConfig, now: number) {
    const { lastEventId, startIndex, latest, follow, input, meta, canRefresh } = config;
    const start = lastEventId !== undefined ? 3 : startIndex !== undefined ? 2 : latest ? 1 : 0;
    const flags = [follow, input, meta, canRefresh].reduce((sum, flag, bit) => sum | (Number(flag) << bit), 0);
    const length = this.#put(encoder.encode(lastEventId));
    const { timeoutInSeconds, deliverInterval, seed } = config;
    const refused = this.#json<CoreError>(
      abi.open(this.#session, now, start, startIndex ?? 0, length, timeoutInSeconds, deliverInterval, flags, seed),
    );
    if (!refused) return;
    this.free();
    throw refused;
  }

  free(): void {
    abi.free(this.#session);
  }

  head(now: number, attempt: number, head: Head): void {
    const version = ["v1", "v2"].indexOf(head.version ?? "") + 1;
    const detail = this.#put(encoder.encode(head.detail));
    const { status, isEventStream, retryAfterMs = -1 } = head;
    abi.response(this.#session, now, attempt, status, version, isEventStream, retryAfterMs, detail);
  }

  bytes(now: number, attempt: number, bytes: Uint8Array): void {
    abi.bytes(this.#session, now, attempt, this.#put(bytes));
  }

  end(now: number, attempt: number): void {
    abi.end(this.#session, now, attempt);
  }

  disconnect(now: number, attempt: number, cause: string): void {
    abi.disconnect(this.#session, now, attempt, this.#put(encoder.encode(cause)));
  }

  timeout(now: number): void {
    abi.timeout(this.#session, now);
  }

  command(now: number, command: Command): void {
    abi.command(this.#session, now, COMMANDS.indexOf(command));
  }

  takeAction(): Action | undefined {
    return this.#json(abi.take_action(this.#session));
  }

  /** When to call `timeout`, or to take the delivery. */
  due(): number | undefined {
    const due = abi.due(this.#session);
    return due < 0 ? undefined : due;
  }

  takeDelivery(now: number): Delivery | undefined {
    const slices = abi.take_delivery(this.#session, now);
    if (slices === 0) return undefined;
    const [text, meta, notices, holes, cursor] = [0, 1, 2, 3, 4].map((at) => slice(slices, at)) as FiveSlices;
    return {
      text: decode(view(text)),
      bytes: text.length,
      meta: decode(view(meta)),
      notices: decode(view(notices)),
      undefinedAt: new Uint32Array(abi.memory.buffer, holes.address, holes.length),
      cursor: cursor.address === 0 ? undefined : decode(view(cursor)),
    };
  }

  takeStatus(): CoreStatus | undefined {
    // JSON has no undefined.
    return this.#json<unknown[]>(abi.take_status(this.#session))?.map((value) => value ?? undefined) as
      | CoreStatus
      | undefined;
  }

  /** Where the core looks for what crosses with the next call. Returns the length. */
  #put(bytes: Uint8Array): number {
    const address = abi.reserve(this.#session, bytes.length);
    new Uint8Array(abi.memory.buffer).set(bytes, address);
    return bytes.length;
  }

  #json<T>(slices: number): T | undefined {
    return slices === 0 ? undefined : JSON.parse(decode(view(slice(slices, 0))));
  }
}

type Slice = { address: number; length: number };
type FiveSlices = [Slice, Slice, Slice, Slice, Slice];

function slice(slices: number, at: number): Slice {
  const [address = 0, length = 0] = new Uint32Array(abi.memory.buffer, slices + at * 8, 2);
  return { address, length };
}

const view = ({ address, length }: Slice) => new Uint8Array(abi.memory.buffer, address, length);
