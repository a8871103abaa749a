import { idSuffix } from "./ids.ts";

export type WaitpointStatus = "WAITING" | "COMPLETED" | "TIMED_OUT";

/** How a wait ended: text, and what kind of text. */
export interface Output {
  value: string | undefined;
  type: string;
}

export interface WaitpointOptions {
  timeoutAt?: Date | undefined;
  idempotencyKey?: string | undefined;
  idempotencyKeyExpiresAt?: Date | undefined;
  tags?: readonly string[] | undefined;
}

/** Something that a run waits for. It ends once: by what is said to it, or by its time, which is looked at when it is asked. */
export class Waitpoint {
  readonly id = `waitpoint_${idSuffix()}`;
  readonly createdAt = new Date();
  readonly timeoutAt: Date | undefined;
  readonly idempotencyKey: string | undefined;
  readonly idempotencyKeyExpiresAt: Date | undefined;
  readonly tags: readonly string[];
  #end: { at: Date; output: Output; isTimeout: boolean } | undefined;

  constructor(options: WaitpointOptions) {
    this.timeoutAt = options.timeoutAt;
    this.idempotencyKey = options.idempotencyKey;
    this.idempotencyKeyExpiresAt = options.idempotencyKeyExpiresAt;
    this.tags = options.tags ?? [];
  }

  get status(): WaitpointStatus {
    const end = this.#look();
    if (!end) return "WAITING";
    return end.isTimeout ? "TIMED_OUT" : "COMPLETED";
  }

  get completedAt(): Date | undefined {
    return this.#look()?.at;
  }

  get output(): Output | undefined {
    return this.#look()?.output;
  }

  /** Does nothing to one that has ended. */
  complete(output: Output): void {
    if (!this.#look()) this.#end = { at: new Date(), output, isTimeout: false };
  }

  #look() {
    if (!this.#end && this.timeoutAt && this.timeoutAt.getTime() <= Date.now()) {
      const error = {
        code: "TRIGGER_WAITPOINT_TIMEOUT",
        message: `Waitpoint timed out at ${this.timeoutAt.toISOString()}`,
      };
      const output = { value: JSON.stringify(error), type: "application/json" };
      this.#end = { at: this.timeoutAt, output, isTimeout: true };
    }
    return this.#end;
  }
}

/** All waitpoints of the process. There is no timer for any of them. */
export class Waitpoints {
  #byId = new Map<string, Waitpoint>();
  #byKey = new Map<string, Waitpoint>();
  /** Which waitpoint the next send to an input stream completes. One each: the last that was made. */
  #byStream = new Map<string, Waitpoint>();

  find(id: string): Waitpoint | undefined {
    return this.#byId.get(id);
  }

  /** The one made before under the same idempotency key, as long as the key holds; else a new one. */
  create(options: WaitpointOptions): { waitpoint: Waitpoint; isCached: boolean } {
    const { idempotencyKey: key } = options;
    const known = key === undefined ? undefined : this.#byKey.get(key);
    const expiresAt = known?.idempotencyKeyExpiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    if (known && expiresAt > Date.now()) return { waitpoint: known, isCached: true };
    const waitpoint = new Waitpoint(options);
    this.#byId.set(waitpoint.id, waitpoint);
    if (key !== undefined) this.#byKey.set(key, waitpoint);
    return { waitpoint, isCached: false };
  }

  /** From now on the next send to this stream completes this waitpoint, and no other. */
  listen(runId: string, streamId: string, waitpoint: Waitpoint): void {
    this.#byStream.set(JSON.stringify([runId, streamId]), waitpoint);
  }

  /** Tells who waits for this stream what came. `data` is the JSON text of what was sent. */
  sent(runId: string, streamId: string, data: string | undefined): void {
    const name = JSON.stringify([runId, streamId]);
    this.#byStream.get(name)?.complete({ value: data, type: "application/json" });
    this.#byStream.delete(name);
  }
}
