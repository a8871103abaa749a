import { attempt, tell } from "./callbacks.ts";
import { clock, FRAME_MS } from "./clock.ts";
import { type RunstreamError, reportException } from "./errors.ts";
import type { Validate } from "./schema.ts";
import { shared } from "./shared.ts";
import { Connection, type Delivery, IDLE, identityOf, type Notice, type Source } from "./subscription.ts";
import type { ClientOptions, StreamPart, StreamSnapshot, StreamStatus, ViewOptions } from "./types.ts";

/** How long an unwatched subscription stays open, in milliseconds: StrictMode and a remount come back at once. */
const LINGER_MS = 20;
/** How often a hidden page is updated, in milliseconds. Browsers slow its timers to this anyway. */
const HIDDEN_MS = 1_000;
/** How long to wait for the last update to be drawn, in milliseconds: a suspended component never says so. */
const DRAWN_MS = 1_000;
/** How many subscriptions with an `id` are kept after they were left. */
const PARKED = 16;

/** So many parts are a millisecond of pace. An update copies all that are kept: this bounds it to a few percent of the time. */
const PARTS_PER_MS = 10_000;

const NOTHING: never[] = [];

/** A subscription that readers share: one connection, and the parts that any of them still needs. */
class Subscription {
  readonly views = new Set<View>();
  readonly connection: Connection;
  readonly #identity: string;
  readonly #validate: Validate | undefined;
  #withMeta = false;
  #isOpen = false;
  #linger: unknown;
  #log: unknown[] = [];
  #meta: unknown[] = [];
  /** How many parts came before the first one in the log. */
  base = 0;

  constructor(source: Source, identity: string) {
    this.#identity = identity;
    this.#validate = source.validate;
    this.connection = new Connection(source, {
      deliver: (delivery) => this.#deliver(delivery),
      changed: () => {
        for (const view of this.views) view.changed();
      },
    });
  }

  /** How many parts there have been. */
  get end(): number {
    return this.base + this.#log.length;
  }

  slice(from: number, to = this.end): unknown[] {
    return this.#log.slice(Math.max(from - this.base, 0), to - this.base);
  }

  metaOf(index: number): unknown[] {
    const at = (index - this.base) * 4;
    return this.#meta.slice(at, at + 4);
  }

  /** Whether `view` would get everything it needs here. */
  suits(view: View): boolean {
    const hasMeta = this.#withMeta || (!this.#isOpen && this.end === 0);
    const judgesAlike = view.source.validate === this.#validate;
    return judgesAlike && (this.base === 0 || view.isBounded) && (hasMeta || !view.wantsMeta);
  }

  attach(view: View): void {
    clock.clearTimeout(this.#linger);
    this.views.add(view);
    // In a microtask, so that all the effects of one commit have joined before it is settled what is collected.
    if (!this.#isOpen) queueMicrotask(() => this.#open());
    else if (this.connection.status.status === "stopped") this.connection.resume();
  }

  #open(): void {
    if (this.#isOpen || this.views.size === 0) return;
    this.#isOpen = true;
    this.#withMeta ||= this.end === 0 && [...this.views].some((view) => view.wantsMeta);
    void this.connection.open({ meta: this.#withMeta, deliverInterval: FRAME_MS });
  }

  detach(view: View): void {
    this.views.delete(view);
    this.stopIfUnread();
    if (this.views.size > 0) return;
    clock.clearTimeout(this.#linger);
    this.#linger = clock.setTimeout(() => this.#close(view), LINGER_MS);
  }

  #close(last: View): void {
    this.#isOpen = false;
    this.connection.close();
    remove(this.#identity, this);
    if (last.options.id !== undefined) park(last.parkingKey, this);
  }

  /** Stops reading when nobody is left who wants more. */
  stopIfUnread(): void {
    if (this.views.size > 0 && ![...this.views].some((view) => view.isReading)) this.connection.stop();
  }

  resume(): void {
    this.connection.resume();
  }

  #deliver({ parts, meta, notices }: Delivery): void {
    let from = 0;
    const append = (to: number) => {
      if (to > from) {
        for (let i = from; i < to; i++) {
          if (!this.#keep(parts[i])) continue;
          if (meta && this.#withMeta) for (let j = i * 4; j < i * 4 + 4; j++) this.#meta.push(meta[j]);
        }
        for (const view of this.views) view.receive();
      }
      from = to;
    };
    for (const notice of notices) {
      append(notice.at);
      if (notice.type === "reset") {
        this.base = this.end;
        this.#log = [];
        this.#meta = [];
      }
      for (const view of this.views) view.notice(notice);
    }
    append(parts.length);
    for (const view of this.views) view.changed();
    this.#trim();
  }

  /** False if the stream's schema refuses it. */
  #keep(part: unknown): boolean {
    try {
      this.#log.push(this.#validate ? this.#validate(part) : part);
      return true;
    } catch (thrown) {
      for (const view of this.views) view.refused(thrown as RunstreamError, part);
      return false;
    }
  }

  /** Drops what no reader needs, in large steps so that it costs nothing per part. */
  #trim(): void {
    let needed = this.end;
    for (const view of this.views) needed = Math.min(needed, view.needsFrom);
    const spare = needed - this.base;
    if (spare > 1_000 && spare > this.#log.length / 2) {
      this.#log = this.#log.slice(spare);
      this.#meta = this.#meta.slice(spare * 4);
      this.base = needed;
    }
  }
}

const live = shared("live", new Map<string, Subscription[]>());
const parked = shared("parked", new Map<string, Subscription>());

function find(view: View): Subscription | undefined {
  const kept = parked.get(view.parkingKey);
  return [...(live.get(view.identity) ?? []), ...(kept ? [kept] : [])].find((candidate) => candidate.suits(view));
}

/** The subscription `view` had before, or one it can share, or a new one. */
function acquire(view: View, previous: Subscription | undefined): Subscription {
  const subscription = previous ?? find(view) ?? new Subscription(view.source, view.identity);
  parked.delete(view.parkingKey);
  const shared = live.get(view.identity) ?? [];
  if (!shared.includes(subscription)) live.set(view.identity, [...shared, subscription]);
  return subscription;
}

function remove(identity: string, subscription: Subscription): void {
  const rest = live.get(identity)?.filter((other) => other !== subscription) ?? [];
  if (rest.length > 0) live.set(identity, rest);
  else live.delete(identity);
}

function park(key: string, subscription: Subscription): void {
  parked.delete(key);
  parked.set(key, subscription);
  const oldest = parked.keys().next();
  if (parked.size > PARKED && !oldest.done) parked.delete(oldest.value);
}

/** Whether no reader waits for its last snapshot to be drawn. */
export function isDrawn(): boolean {
  return [...live.values()].flat().every(({ views }) => [...views].every((view) => view.isDrawn));
}

/** Options of a view, with the `id` under which its parts outlive an unmount. */
// biome-ignore lint/suspicious/noExplicitAny: parts are what the application says they are
export type AnyViewOptions = ViewOptions<any, any> & { id?: string | undefined };

/** One reader's window on a subscription: an external store with its own pace. */
export class View {
  readonly source: Source;
  readonly identity: string;
  options: AnyViewOptions;
  #subscription: Subscription | undefined;
  /** The subscription of the last mount: its parts are this window's. */
  #previous: Subscription | undefined;
  #listener: (() => void) | undefined;
  #waitsForCommit = false;
  #isStopped = false;
  /** The first part of the window, and the first part not handed to the callbacks yet. */
  #first = 0;
  #seen = 0;
  #value: unknown;
  #snapshot: StreamSnapshot<unknown, unknown>;
  #isStale = false;
  #isDue = false;
  #publishedAt = 0;
  /** When the snapshot was published that no frame has shown yet. */
  #undrawnSince: number | undefined;
  #isCommitted = false;
  #awaitsFrame = false;
  #timer: unknown;

  constructor(source: Source, options: AnyViewOptions) {
    this.source = source;
    this.identity = identityOf(source);
    this.options = options;
    this.#value = options.initialValue;
    const kept = options.id === undefined ? undefined : find(this);
    this.#snapshot = this.#make(kept, { ...IDLE });
  }

  get parkingKey(): string {
    return `${this.options.id ?? ""} ${this.identity}`;
  }

  get wantsMeta(): boolean {
    return this.options.onParts !== undefined;
  }

  /** Needs no part twice: it keeps the last ones only, or folds them. */
  get isBounded(): boolean {
    return this.options.maxParts !== undefined && this.options.reduce === undefined;
  }

  get isReading(): boolean {
    return !this.#isStopped;
  }

  get needsFrom(): number {
    const { reduce, maxParts } = this.options;
    if (this.#isStopped || reduce) return this.#seen;
    return maxParts === undefined ? this.#first : Math.max(this.#first, this.#seen - Math.max(maxParts, 0));
  }

  get isDrawn(): boolean {
    return this.#undrawnSince === undefined;
  }

  getSnapshot = (): StreamSnapshot<unknown, unknown> => this.#snapshot;

  /**
   * Begins to read. `listener` is called when there is a new snapshot, and for the next one not before a frame was drawn: with
   * `waitsForCommit` one after `committed` was called. Returns what ends it.
   */
  mount(listener: () => void, waitsForCommit = false): () => void {
    this.#listener = listener;
    this.#waitsForCommit = waitsForCommit;
    this.#isStopped = false;
    const subscription = acquire(this, this.#previous);
    this.#subscription = subscription;
    this.#previous = subscription;
    this.#first = Math.max(this.#first, subscription.base);
    subscription.attach(this);
    this.receive();
    this.changed();
    return () => {
      clock.clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#listener = undefined;
      this.#subscription = undefined;
      this.#undrawnSince = undefined;
      subscription.detach(this);
    };
  }

  /** Takes the credential of the last render. */
  updateClient(client: ClientOptions): void {
    this.#subscription?.connection.update(client);
  }

  stop = (): void => {
    if (this.#isStopped || !this.#subscription) return;
    this.#isStopped = true;
    this.#publish();
    this.#subscription.stopIfUnread();
  };

  resume = (): void => {
    if (!this.#subscription) return;
    this.#isStopped = false;
    this.#first = Math.max(this.#first, this.#subscription.base);
    this.receive();
    this.#subscription.resume();
    this.changed();
  };

  /** Hands the parts that came to the callbacks. */
  receive(): void {
    const subscription = this.#subscription;
    if (!subscription || this.#isStopped) return;
    const from = Math.max(this.#seen, subscription.base);
    const to = subscription.end;
    this.#seen = to;
    const { onData, onParts, reduce } = this.options;
    if (to === from || !(onData || onParts || reduce)) return;
    const parts = subscription.slice(from, to);
    for (const part of parts) {
      if (reduce) this.#value = attempt(() => reduce(this.#value, part), this.#value);
      if (onData) attempt(() => this.options.onData?.(part));
    }
    if (onParts) {
      const detailed = parts.map((part, i) => toPart(part, subscription.metaOf(from + i)));
      attempt(() => this.options.onParts?.(detailed));
    }
  }

  notice(notice: Notice): void {
    const { options } = this;
    if (notice.type === "reset") {
      this.#first = this.#subscription?.base ?? 0;
      this.#seen = this.#first;
      this.#value = options.initialValue;
    }
    if (this.#isStopped) return;
    tell(notice, options);
  }

  /** The stream's schema refused a part. */
  refused(error: RunstreamError, part: unknown): void {
    if (!this.#isStopped) attempt(() => (this.options.onInvalidPart ?? reportException)(error, part));
  }

  /** Something is new: publishes it when its time has come. */
  changed(): void {
    if (this.#isStopped) return;
    this.#isStale = true;
    this.#schedule();
  }

  /** The last snapshot was rendered. */
  committed(): void {
    this.#isCommitted = !this.isDrawn;
    // One at a time: a page that draws nothing calls none back.
    if (this.isDrawn || this.#awaitsFrame) return;
    this.#awaitsFrame = true;
    clock.frame(() => {
      this.#awaitsFrame = false;
      if (!this.#isCommitted) return;
      this.#undrawnSince = undefined;
      if (this.#isStale) this.#schedule();
    });
  }

  #schedule(): void {
    if (!this.#listener) return;
    const now = clock.now();
    const copying = this.#snapshot.parts.length / PARTS_PER_MS;
    const pace = Math.max(this.options.throttleInMs ?? 0, isHidden() ? HIDDEN_MS : 0, copying);
    const due = Math.max(now, this.#publishedAt + pace, (this.#undrawnSince ?? -DRAWN_MS) + DRAWN_MS);
    clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    // A clock that was set back must not hold the page.
    if (due <= now || now < this.#publishedAt) this.#publishSoon();
    else this.#timer = clock.setTimeout(() => this.#publish(), due - now);
  }

  /** At the end of this turn: a delivery and the status that comes with it are one update. */
  #publishSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (this.#listener) this.#publish();
    });
  }

  #publish(): void {
    clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isStale = false;
    this.#publishedAt = clock.now();
    const status = this.#subscription?.connection.status ?? IDLE;
    this.#snapshot = this.#make(
      this.#subscription,
      this.#isStopped ? { ...status, status: "stopped", isLive: false } : status,
    );
    this.#undrawnSince = this.#publishedAt;
    this.#isCommitted = false;
    if (!this.#waitsForCommit) this.committed();
    this.#listener?.();
  }

  #make(subscription: Subscription | undefined, status: StreamStatus): StreamSnapshot<unknown, unknown> {
    const { reduce, maxParts } = this.options;
    let parts: unknown[] = NOTHING;
    if (subscription && !reduce) {
      const from =
        maxParts === undefined ? this.#first : Math.max(this.#first, subscription.end - Math.max(maxParts, 0));
      parts = subscription.slice(from);
    }
    return { ...status, parts, value: this.#value, lastEventId: subscription?.connection.cursor };
  }
}

function toPart(chunk: unknown, [id, timestamp, recordId, headers]: unknown[]): StreamPart<unknown> {
  return {
    id: id as string,
    chunk,
    timestamp: timestamp as number,
    ...(recordId !== null && { recordId: recordId as string }),
    ...(headers !== null ? { headers: headers as Array<[string, string]> } : isPosition(id) && { headers: [] }),
  };
}

/** A v2 position, where a record without headers has none; v1 has no headers at all. */
function isPosition(id: unknown): boolean {
  return typeof id === "string" && !id.includes("-");
}

function isHidden(): boolean {
  return typeof document !== "undefined" && document.visibilityState === "hidden";
}
