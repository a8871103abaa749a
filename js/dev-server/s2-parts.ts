import { KEPT_IDS, RecentIds } from "./ids.ts";
import type { S2, S2Record } from "./s2.ts";
import { retrying, S2Error } from "./s2-error.ts";

/** How long to wait, in milliseconds, for a record that took the place of another to become readable. */
const AGAIN_MS = 10;
/** How often another writer may be faster. */
const MAX_ROUNDS = 200;

/** What this process knows of a stream. */
interface Known {
  /** The ids of the parts that were there when it first looked; undefined before. */
  before: RecentIds | undefined;
  /** The ids of those that came since. */
  since: RecentIds;
  /** The ids of those it was asked to store. */
  asked: RecentIds;
  /** Up to where the stream was read. */
  next: number | undefined;
  /** When the last in turn is done. */
  turn: Promise<unknown>;
}

/**
 * Parts that are stored once, however often they come. S2 knows no part ids, but the stream holds them: it is read to its
 * end, and a part that is not there is written on the condition that this is the end still. So it is after a restart,
 * beside other writers, and after an attempt whose answer was lost. The last 65,536 parts are looked at.
 */
export class S2Parts {
  readonly #s2: S2;
  readonly #known = new Map<string, Known>();

  constructor(s2: S2) {
    this.#s2 = s2;
  }

  /** Resolves to false for a part that was here before: in this process, or already when it first looked. */
  append(runId: string, key: string, id: string, body: string): Promise<boolean> {
    return this.#inTurn(runId, key, async (known) => {
      for (let round = 1; ; round++) {
        const end = await this.#catchUp(runId, key, known);
        if (holds(known, id) || (await this.#s2.appendAt(runId, key, body, end))) break;
        if (round === MAX_ROUNDS) throw new S2Error("S2 append failed: others write all the time", 412);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
      const isNew = !known.before?.has(id) && !known.asked.has(id);
      known.asked.add(id);
      return isNew;
    });
  }

  has(runId: string, key: string, id: string): Promise<boolean> {
    return this.#inTurn(runId, key, async (known) => {
      await this.#catchUp(runId, key, known);
      return holds(known, id);
    });
  }

  /** One after another for each stream: of two conditions on one position one would fail. */
  #inTurn<T>(runId: string, key: string, work: (known: Known) => Promise<T>): Promise<T> {
    const name = JSON.stringify([runId, key]);
    let known = this.#known.get(name);
    if (!known) {
      known = { ...nothing(), asked: new RecentIds(), turn: Promise.resolve() };
      this.#known.set(name, known);
    }
    const own = known;
    const result = own.turn.then(() => retrying(() => work(own)));
    own.turn = result.catch(() => {});
    return result;
  }

  /** Reads to the end of the stream, and says where that is. */
  async #catchUp(runId: string, key: string, known: Known): Promise<number> {
    for (;;) {
      const { records, tail = known.next ?? 0 } = await this.#s2.page(runId, key, { from: known.next, last: KEPT_IDS });
      for (const record of records) known.since.add(idOf(record));
      const last = records.at(-1);
      if (last) known.next = last.seq_num + 1;
      // It was deleted, and begins anew.
      else if (known.next !== undefined && tail < known.next) Object.assign(known, nothing());
      else {
        known.next = tail;
        if (!known.before) Object.assign(known, { before: known.since, since: new RecentIds() });
        return tail;
      }
    }
  }
}

function nothing(): Pick<Known, "before" | "since" | "next"> {
  return { before: undefined, since: new RecentIds(), next: undefined };
}

function holds({ before, since }: Known, id: string): boolean {
  return (before?.has(id) ?? false) || since.has(id);
}

function idOf({ body = "" }: S2Record): string {
  try {
    return String((JSON.parse(body) as { id?: unknown } | null)?.id);
  } catch {
    return "";
  }
}
