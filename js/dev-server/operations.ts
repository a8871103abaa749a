import type { App } from "./app.ts";
import { inputId, partId } from "./ids.ts";
import { type LogRecord, type NewRecord, RecordLog } from "./log.ts";
import type { Entry } from "./log-v1.ts";
import { INPUT_PREFIX, noteKey } from "./runs.ts";

/** What tests and the control routes do to the log, past the gateway and its checks. */

/** Stores each value as `pipe` would: one record each on v2, one entry with a line each on v1. */
export function appendValue(
  app: App,
  runId: string,
  key: string,
  values: readonly unknown[],
  id?: string,
): LogRecord[] | Entry {
  const run = app.runs.get(runId);
  const { log } = app.runs.stream(run, key);
  noteKey(run, key);
  if (log instanceof RecordLog) {
    return log.append(...values.map((data) => ({ body: JSON.stringify({ data, id: id ?? partId() }) })));
  }
  return log.append(values.map((value) => String(JSON.stringify(value))));
}

/** Stores one value as an input send does: its JSON text, as a string. */
export function appendInput(app: App, runId: string, id: string, value: unknown): LogRecord | Entry {
  const data: string | undefined = JSON.stringify(value);
  const run = app.runs.get(runId);
  const { log } = app.runs.stream(run, INPUT_PREFIX + id);
  noteKey(run, INPUT_PREFIX + id);
  const stored =
    log instanceof RecordLog
      ? (log.append({ body: JSON.stringify({ data, id: inputId() }) })[0] as LogRecord)
      : log.append([String(JSON.stringify(data))]);
  app.waitpoints.sent(runId, id, data);
  return stored;
}

/** Stores a record, or on v1 a line, as it is. */
export function appendRaw(app: App, runId: string, key: string, record: NewRecord): LogRecord | Entry {
  const { log } = app.runs.stream(app.runs.get(runId), key);
  if (log instanceof RecordLog) return log.append(record)[0] as LogRecord;
  return log.append([record.body ?? ""]);
}

/** The oldest records go, and a trim command takes the next position. v2 only. */
export function trim(app: App, runId: string, key: string, seqNum: number): LogRecord {
  const { log } = app.runs.stream(app.runs.get(runId), key);
  if (!(log instanceof RecordLog)) throw new Error(`Run "${runId}" is read as v1: only v2 streams can be trimmed.`);
  return log.trim(seqNum);
}
