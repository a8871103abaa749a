import { Bell } from "./bell.ts";
import { type LogLimits, StreamFull } from "./limits.ts";

/** Largest record the log takes, in metered bytes: 8, plus the body, plus 2 and both lengths for each header. */
export const MAX_RECORD_BYTES = 1_048_576;
export const MAX_BATCH_RECORDS = 1000;
export const MAX_BATCH_BYTES = 1_048_576;

export type Header = readonly [name: string, value: string];

/** What a writer hands over. An empty body and no headers make a record that is only a position. */
export interface NewRecord {
  headers?: readonly Header[] | undefined;
  body?: string | undefined;
  /** Milliseconds since the epoch. Default now; moved so that it is neither in the future nor before the last record's. */
  timestamp?: number | undefined;
}

export interface LogRecord {
  readonly seqNum: number;
  /** Milliseconds since the epoch, never smaller than the record's before. */
  readonly timestamp: number;
  readonly headers: readonly Header[];
  readonly body: string;
  /** Metered bytes. */
  readonly bytes: number;
  /** When it came, whatever its timestamp says; in milliseconds since the epoch. */
  readonly storedAt: number;
}

export interface Tail {
  seqNum: number;
  timestamp: number;
}

export function meteredBytes(record: NewRecord): number {
  let bytes = 8 + Buffer.byteLength(record.body ?? "");
  for (const [name, value] of record.headers ?? []) bytes += 2 + Buffer.byteLength(name) + Buffer.byteLength(value);
  return bytes;
}

/** The log behind a run that is read as v2: numbered records, as S2 keeps them. */
export class RecordLog {
  readonly bell = new Bell();
  /** Set once, by `delete()`: the trim record that readers see last. */
  deletedBy: LogRecord | undefined;
  /** What the last fence command said; a writer may ask that it be still so. */
  fencingToken = "";
  readonly #limits: LogLimits;
  #records: LogRecord[] = [];
  #first = 0;
  #tail: Tail = { seqNum: 0, timestamp: 0 };
  /** Metered, of the records held. */
  #bytes = 0;
  #emptySince = Date.now();

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  get tail(): Readonly<Tail> {
    return this.#tail;
  }

  /** Every record still held. */
  get records(): readonly LogRecord[] {
    this.#expire();
    return this.#records;
  }

  /** It held nothing for so long that S2 deletes it. */
  get isAbandoned(): boolean {
    this.#expire();
    return this.#records.length === 0 && Date.now() - this.#emptySince >= this.#limits.deleteEmptyAfterMs;
  }

  /** All or nothing: a record over the limit refuses the whole call. */
  append(...added: NewRecord[]): LogRecord[] {
    this.#expire();
    let total = this.#bytes;
    for (const record of added) {
      const bytes = meteredBytes(record);
      if (bytes > MAX_RECORD_BYTES) throw new RecordTooLarge(bytes);
      total += bytes;
    }
    if (total > this.#limits.maxStreamBytes) throw new StreamFull(this.#limits.maxStreamBytes);
    const stored = added.map((record) => this.#store(record));
    this.bell.ring();
    return stored;
  }

  /** The next records from `seqNum` on, at most `limit`, one batch's worth (1,000 records, 1 MiB metered). */
  read(seqNum: number, limit = MAX_BATCH_RECORDS): LogRecord[] {
    this.#expire();
    const start = Math.max(seqNum - this.#first, 0);
    const batch: LogRecord[] = [];
    let bytes = 0;
    for (let i = start; i < this.#records.length && batch.length < Math.min(limit, MAX_BATCH_RECORDS); i++) {
      const record = this.#records[i] as LogRecord;
      bytes += record.bytes;
      if (batch.length > 0 && bytes > MAX_BATCH_BYTES) break;
      batch.push(record);
    }
    return batch;
  }

  /** Does what a stored record commands, if it is a command: one header that has no name. */
  obey({ headers, body, seqNum }: LogRecord): void {
    const [name, command] = headers[0] ?? [];
    if (headers.length !== 1 || name !== "") return;
    if (command === "fence") this.fencingToken = body;
    if (command === "trim") this.#forget(Math.min(Number(Buffer.from(body).readBigUInt64BE()), seqNum));
  }

  /** Forgets what lies before `seqNum`. The command itself is a record and takes the next position. */
  trim(seqNum: number): LogRecord {
    const point = Math.min(Math.max(seqNum, this.#first), this.#tail.seqNum);
    const big = Buffer.alloc(8);
    big.writeBigUInt64BE(BigInt(point));
    this.#forget(point);
    const command = this.#store({ headers: [["", "trim"]], body: big.toString("utf8") });
    this.bell.ring();
    return command;
  }

  /** Readers get one last trim record, then an error. The log is of no use afterwards: make a new one. */
  delete(): void {
    // Every bit set, which is not UTF-8, so that eight replacement characters arrive.
    this.deletedBy = this.#store({ headers: [["", "trim"]], body: "\ufffd".repeat(8) });
    this.bell.ring();
  }

  /** Drops what lies before a position that exists. */
  #forget(point: number): void {
    if (point <= this.#first) return;
    for (const { bytes } of this.#records.splice(0, point - this.#first)) this.#bytes -= bytes;
    this.#first = point;
  }

  /** Drops what was kept for long enough. */
  #expire(): void {
    const oldest = Date.now() - this.#limits.retentionMs;
    let count = 0;
    while ((this.#records[count]?.storedAt ?? Number.POSITIVE_INFINITY) <= oldest) count++;
    if (count === 0) return;
    this.#emptySince = (this.#records[count - 1]?.storedAt ?? oldest) + this.#limits.retentionMs;
    this.#forget(this.#first + count);
  }

  #store(record: NewRecord): LogRecord {
    const now = Date.now();
    const timestamp = Math.max(Math.min(record.timestamp ?? now, now), this.#tail.timestamp);
    const stored: LogRecord = {
      seqNum: this.#tail.seqNum,
      timestamp,
      headers: record.headers ?? [],
      body: record.body ?? "",
      bytes: meteredBytes(record),
      storedAt: now,
    };
    this.#records.push(stored);
    this.#bytes += stored.bytes;
    this.#tail = { seqNum: stored.seqNum + 1, timestamp };
    return stored;
  }
}

export class RecordTooLarge extends Error {
  constructor(bytes: number) {
    super(
      `Record metered size ${bytes} bytes exceeds the S2 per-record limit of ${MAX_RECORD_BYTES} bytes. ` +
        "Reduce tool-output size or split into smaller parts.",
    );
    this.name = "RecordTooLarge";
  }
}
