import { Bell } from "./bell.ts";

const MAX_ENTRIES = 1000;
const ENTRIES_PER_NODE = 100;

/** One network chunk that a writer sent: all its lines share one id. */
export interface Entry {
  readonly ms: number;
  readonly seq: number;
  /** `<ms>-<seq>`, as Redis numbers stream entries. */
  readonly id: string;
  readonly lines: readonly string[];
  /** How many lines were written before this entry. */
  readonly firstLine: number;
}

/** The log behind a run that is read as v1: entries of JSON lines, as a Redis stream keeps them. */
export class EntryLog {
  readonly bell = new Bell();
  #entries: Entry[] = [];
  #last = { ms: 0, seq: 0 };
  #lineCount = 0;

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  append(lines: readonly string[]): Entry {
    const ms = Math.max(Date.now(), this.#last.ms);
    const seq = ms === this.#last.ms ? this.#last.seq + 1 : 0;
    const entry: Entry = { ms, seq, id: `${ms}-${seq}`, lines, firstLine: this.#lineCount };
    this.#last = { ms, seq };
    this.#lineCount += lines.length;
    this.#entries.push(entry);
    // "About 1000": whole nodes go, and never so many that fewer than 1000 entries stay.
    if (this.#entries.length >= MAX_ENTRIES + ENTRIES_PER_NODE) this.#entries.splice(0, ENTRIES_PER_NODE);
    this.bell.ring();
    return entry;
  }

  /** The entries after the given id, at most 100. */
  read(after: EntryId): Entry[] {
    let start = this.#entries.length;
    while (start > 0 && isAfter(this.#entries[start - 1] as Entry, after)) start--;
    return this.#entries.slice(start, start + 100);
  }

  get lastId(): EntryId {
    return { ...this.#last };
  }
}

export interface EntryId {
  ms: number;
  seq: number;
}

/** `undefined` for what Redis would refuse. */
export function parseEntryId(text: string): EntryId | undefined {
  const match = /^(\d{1,16})(?:-(\d{1,16}))?$/.exec(text);
  return match ? { ms: Number(match[1]), seq: Number(match[2] ?? 0) } : undefined;
}

function isAfter(entry: EntryId, id: EntryId): boolean {
  return entry.ms > id.ms || (entry.ms === id.ms && entry.seq > id.seq);
}
