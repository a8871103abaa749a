import type { Fault } from "./faults.ts";
import type { Outlet } from "./outlet.ts";

/** A record or an event on its way out, with its position in the log. */
interface Numbered {
  readonly number: number;
}

/** How this protocol version says what a fault wants said. */
export interface Phrases {
  /** `[DONE]`; empty where the protocol has none. */
  done: string;
  /** `event: error`; empty where the protocol has none. */
  error(code: string, message: string): string;
}

/** Plays a connection's faults that are about records; the outlet plays those about bytes. */
export class Script {
  readonly #outlet: Outlet;
  readonly #faults: readonly Fault[];
  readonly #phrases: Phrases;
  #stops: RecordStop[];
  #acted = new Set<Fault>();
  #held: Numbered | undefined;

  constructor(faults: readonly Fault[], outlet: Outlet, phrases: Phrases) {
    this.#faults = faults;
    this.#outlet = outlet;
    this.#phrases = phrases;
    this.#stops = faults.filter(isRecordStop).sort((a, b) => (a.afterRecords ?? 0) - (b.afterRecords ?? 0));
  }

  /** How far back the reader is taken, against its cursor: 0 unless a fault says so. */
  get rewind(): number {
    const replay = this.#faults.find((fault) => fault.kind === "replay");
    if (!replay) return 0;
    this.#fireOnce(replay);
    return replay.records ?? Number.POSITIVE_INFINITY;
  }

  /** How many records may be sent before the next fault is due. */
  get budget(): number {
    const stop = this.#stops[0];
    return stop ? (stop.afterRecords ?? 0) - this.#outlet.connection.recordsWritten : Number.POSITIVE_INFINITY;
  }

  /** Acts out what is due. False when the connection is over. */
  async due(): Promise<boolean> {
    for (let stop = this.#stops[0]; stop && this.budget <= 0; stop = this.#stops[0]) {
      this.#stops.shift();
      if (!(await this.#act(stop))) return false;
    }
    return true;
  }

  /** Drops and reorders. */
  shape<T extends Numbered>(records: readonly T[]): T[] {
    let shaped = [...records];
    for (const fault of this.#faults) {
      if (fault.kind === "swallow") {
        const kept = shaped.filter((record) => record.number < fault.fromRecord || record.number > fault.toRecord);
        if (kept.length < shaped.length) this.#fireOnce(fault);
        shaped = kept;
      } else if (fault.kind === "reorder") {
        shaped = this.#reorder(shaped, fault);
      }
    }
    return shaped;
  }

  /** Writes one frame that carries `records`; spoils it or repeats it if a fault says so. */
  async deliver(head: string, data: string, records: readonly Numbered[]): Promise<boolean> {
    let body = data;
    for (const fault of this.#faults) {
      if (fault.kind !== "malformed" || this.#acted.has(fault)) continue;
      if (!records.some((record) => record.number === fault.atRecord)) continue;
      this.#fireOnce(fault);
      body = body.slice(0, Math.floor(body.length / 2));
    }
    const frame = `${head}data: ${body}\n\n`;
    this.#outlet.connection.recordsWritten += records.length;
    if (!(await this.#outlet.write(frame))) return false;
    const duplicate = this.#faults.find((fault) => fault.kind === "duplicate");
    if (!duplicate) return true;
    this.#fireOnce(duplicate);
    return this.#outlet.write(frame);
  }

  #reorder<T extends Numbered>(records: T[], fault: Extract<Fault, { kind: "reorder" }>): T[] {
    const shaped: T[] = [];
    for (const record of records) {
      if (record.number === fault.atRecord) {
        this.#held = record;
        continue;
      }
      shaped.push(record);
      if (record.number === fault.atRecord + 1 && this.#held) {
        this.#fireOnce(fault);
        shaped.push(this.#held as T);
        this.#held = undefined;
      }
    }
    return shaped;
  }

  async #act(stop: RecordStop): Promise<boolean> {
    if (stop.kind === "cut" || stop.kind === "end" || stop.kind === "stall") {
      await this.#outlet.stop(stop);
      return false;
    }
    this.#fireOnce(stop);
    if (stop.kind === "inject") return this.#outlet.write(stop.text);
    const code = stop.kind === "error-event" ? (stop.code ?? "unavailable") : "";
    const message = stop.kind === "error-event" ? (stop.message ?? "streamer missing in action") : "";
    await this.#outlet.write(stop.kind === "done-early" ? this.#phrases.done : this.#phrases.error(code, message));
    this.#outlet.end("fault");
    return false;
  }

  #fireOnce(fault: Fault): void {
    if (this.#acted.has(fault)) return;
    this.#acted.add(fault);
    this.#outlet.fire(fault);
  }
}

type RecordStop = Extract<Fault, { afterRecords?: number }>;

function isRecordStop(fault: Fault): fault is RecordStop {
  if (fault.kind === "done-early" || fault.kind === "error-event" || fault.kind === "inject") return true;
  return (fault.kind === "cut" || fault.kind === "end" || fault.kind === "stall") && fault.afterRecords !== undefined;
}
