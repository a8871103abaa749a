import {
  type Header,
  MAX_BATCH_BYTES,
  MAX_BATCH_RECORDS,
  MAX_RECORD_BYTES,
  meteredBytes,
  type NewRecord,
} from "./log.ts";

/** What a writer asks of S2 with one request: these records, all or none, if the conditions hold. */
export interface AppendInput {
  records: NewRecord[];
  /** The position that the first record must get. */
  matchSeqNum: number | undefined;
  /** What the log's fencing token must be. */
  fencingToken: string | undefined;
}

/** What S2 answers to a request that it does not take. */
export class BasinError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The body of an append. Throws what S2 would answer. */
export function parseAppend(text: string): AppendInput {
  const { records, match_seq_num: match, fencing_token: token } = parseObject(text);
  if (!Array.isArray(records)) throw badJson("missing field `records`");
  if (match != null && !isPosition(match)) throw badJson("match_seq_num: expected u64");
  if (token != null && typeof token !== "string") throw badJson("fencing_token: expected a string");
  const parsed = records.map(parseRecord);
  checkBatch(parsed);
  return { records: parsed, matchSeqNum: match ?? undefined, fencingToken: token ?? undefined };
}

export function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badJson((error as Error).message);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw badJson("expected an object");
  return value as Record<string, unknown>;
}

function parseRecord(record: unknown, i: number): NewRecord {
  const at = `records[${i}]`;
  if (typeof record !== "object" || record === null) throw badJson(`${at}: expected an object`);
  const { body, headers, timestamp } = record as Record<string, unknown>;
  if (body !== undefined && typeof body !== "string") throw badJson(`${at}.body: expected a string`);
  if (timestamp != null && !isPosition(timestamp)) throw badJson(`${at}.timestamp: expected u64`);
  if (headers !== undefined && !(Array.isArray(headers) && headers.every(isHeader))) {
    throw badJson(`${at}.headers: expected pairs of strings`);
  }
  return { body, headers, timestamp: timestamp ?? undefined };
}

function checkBatch(records: readonly NewRecord[]): void {
  let bytes = 0;
  for (const record of records) {
    checkHeaders(record);
    const size = meteredBytes(record);
    if (size > MAX_RECORD_BYTES) throw invalid("record must have metered size less than 1 MiB");
    bytes += size;
  }
  if (records.length === 0) throw invalid("record batch must not be empty");
  if (records.length > MAX_BATCH_RECORDS) throw invalid("record batch must not exceed 1000 records");
  if (bytes > MAX_BATCH_BYTES) throw invalid("record batch must not exceed a metered size of 1 MiB");
}

function checkHeaders({ headers = [], body = "" }: NewRecord): void {
  if (!headers.some(([name]) => name === "")) return;
  if (headers.length > 1) throw invalid("invalid header: empty name");
  const command = headers[0]?.[1];
  const bytes = Buffer.byteLength(body);
  if (command === "fence") {
    if (bytes > 36) throw invalid("invalid `fence` command: fencing token must not exceed 36 bytes in length");
  } else if (command !== "trim") throw invalid("unknown command");
  else if (bytes !== 8) {
    throw invalid(`invalid \`trim\` command: earliest sequence number to trim to was ${bytes} bytes, must be 8`);
  }
}

const invalid = (message: string) => new BasinError(422, "invalid", message);
const badJson = (message: string) => new BasinError(400, "bad_json", message);

function isPosition(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isHeader(value: unknown): value is Header {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string");
}
