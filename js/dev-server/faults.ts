import { INPUT_PREFIX } from "./runs.ts";

/**
 * What can go wrong, once. A fault waits in a list until a request matches it, and is used up by that request.
 * `afterBytes` counts bytes of the body, `afterRecords` records sent on that connection; with neither, at once.
 * Records are numbered as in the log: `seq_num` on v2, lines from 0 on v1.
 */
export type Fault = FaultScope & FaultAct;

type FaultAct =
  /**
   * The socket closes in the middle of the body, after exactly so much. `reset`: by a TCP reset, which loses what is
   * still on its way. `headers: false`: before the status, as when nobody answers.
   */
  | { kind: "cut"; afterBytes?: number; afterRecords?: number; reset?: boolean; headers?: boolean }
  /** A proper end of the body that says nothing. */
  | { kind: "end"; afterBytes?: number; afterRecords?: number }
  /**
   * No byte any more, pings included, on an open socket. `headers: false` keeps back even the status. A send gets
   * no answer; `accept: true` stores it all the same.
   */
  | { kind: "stall"; afterBytes?: number; afterRecords?: number; headers?: boolean; accept?: boolean }
  /** The answer begins late. */
  | { kind: "delay"; ms: number }
  /** A few bytes at a time. Default 16 bytes each 5 ms. */
  | { kind: "drip"; bytes?: number; ms?: number }
  | StatusFault
  /** 200 and a web page, as a captive portal answers. */
  | { kind: "html"; body?: string }
  /** Default 307 to the same address with `?redirected=1`. */
  | { kind: "redirect"; location?: string; status?: number }
  /** Every batch (v1: event) is written twice. */
  | { kind: "duplicate" }
  /** `Last-Event-ID` is not looked at: everything from 0, or on v2 only so many records again. */
  | { kind: "replay"; records?: number }
  /** The batch (v1: event) holding this record is cut in half and is not JSON. */
  | { kind: "malformed"; atRecord: number }
  /** These records are not sent, as if a proxy had eaten them. Both ends included. */
  | { kind: "swallow"; fromRecord: number; toRecord: number }
  /** The record arrives after the one that follows it. */
  | { kind: "reorder"; atRecord: number }
  /** `[DONE]` long before the wait is over. On v1: the body ends. */
  | { kind: "done-early"; afterRecords?: number }
  /** S2's `event: error`, then the end of the body. On v1: the body ends. */
  | { kind: "error-event"; afterRecords?: number; code?: string; message?: string }
  /** Anything at all, written as it is. */
  | { kind: "inject"; text: string; afterRecords?: number }
  /** The send is stored, then the socket closes before the answer. */
  | { kind: "drop-answer" }
  /** The stream is being deleted: 409 to a writer that talks to S2 itself, 500 where the gateway talks to it. */
  | { kind: "deletion-pending" };

/** Another answer than the one due. */
interface StatusFault {
  kind: "status";
  status: number;
  headers?: Record<string, string>;
  /** Default: JSON with the status in words. */
  body?: string;
  /** Default "application/json; charset=utf-8". */
  contentType?: string;
  /** A send is stored all the same. Default false. */
  accept?: boolean;
  /** False hides the answer from pages of another origin. Default true. */
  cors?: boolean;
}

export interface FaultScope {
  /** Only this run. */
  run?: string;
  /** Only this stream key; an input stream also by its id. */
  stream?: string;
  /** How many requests it befalls. Default 1. */
  times?: number | "always";
  /** Lets this many matching requests pass first. Default 0. */
  skip?: number;
  /**
   * Which requests. Default "read", and "send" (any but "read") for drop-answer and deletion-pending. "records" is an
   * append to S2 itself, "append" one through the gateway.
   */
  on?: Operation | "send";
}

export type FaultKind = Fault["kind"];
export type Operation = "read" | "create" | "ingest" | "probe" | "append" | "input" | "records";

export interface FiredFault {
  kind: FaultKind;
  run: string;
  stream: string;
  on: Operation;
  at: Date;
}

/** The type of each field of a kind; of one with "?", if it is there. */
const FIELDS: Readonly<Record<FaultKind, Readonly<Record<string, string>>>> = {
  cut: { afterBytes: "number?", afterRecords: "number?", reset: "boolean?", headers: "boolean?" },
  end: { afterBytes: "number?", afterRecords: "number?" },
  stall: { afterBytes: "number?", afterRecords: "number?", headers: "boolean?", accept: "boolean?" },
  delay: { ms: "number" },
  drip: { bytes: "number?", ms: "number?" },
  status: {
    ...{ status: "number", headers: "object?", body: "string?", contentType: "string?" },
    ...{ accept: "boolean?", cors: "boolean?" },
  },
  html: { body: "string?" },
  redirect: { location: "string?", status: "number?" },
  duplicate: {},
  replay: { records: "number?" },
  malformed: { atRecord: "number" },
  swallow: { fromRecord: "number", toRecord: "number" },
  reorder: { atRecord: "number" },
  "done-early": { afterRecords: "number?" },
  "error-event": { afterRecords: "number?", code: "string?", message: "string?" },
  inject: { text: "string", afterRecords: "number?" },
  "drop-answer": {},
  "deletion-pending": {},
};
const SCOPE = { run: "string?", stream: "string?", times: "times?", skip: "number?", on: "on?" };
const ON = ["read", "create", "ingest", "probe", "append", "input", "records", "send"];

interface Step {
  readonly faults: readonly Fault[];
  skip: number;
  left: number;
}

/** The script: steps in order, each used up by the next request it matches. A request meets one step at most. */
export class FaultList {
  /** Everything that really happened, oldest first. */
  fired: FiredFault[] = [];
  #steps: Step[] = [];

  /** Each argument is one step. An array is one step with several faults; the first one's scope counts. */
  add(...steps: (Fault | readonly Fault[])[]): void {
    const parsed = steps.map((step) => {
      const faults = (Array.isArray(step) ? step : [step]) as readonly Fault[];
      for (const fault of faults) check(fault);
      const times = faults[0]?.times ?? 1;
      return { faults, skip: faults[0]?.skip ?? 0, left: times === "always" ? Number.POSITIVE_INFINITY : times };
    });
    this.#steps.push(...parsed.filter((step) => step.faults.length > 0));
  }

  /** Forgets the steps still waiting, and what fired: all of it, or what concerns one run. */
  clear(run?: string): void {
    this.#steps = this.#steps.filter(({ faults }) => run !== undefined && faults[0]?.run !== run);
    this.fired = this.fired.filter((fault) => run !== undefined && fault.run !== run);
  }

  /** Steps that still wait for a request. */
  get pending(): number {
    return this.#steps.length;
  }

  /** Steps that still wait for a request of this run. */
  pendingFor(run: string): number {
    return this.#steps.filter(({ faults }) => faults[0]?.run === run).length;
  }

  /** The faults that befall this request. Using up is here; `fired` is told when one acts. */
  take(on: Operation, run: string, stream: string): readonly Fault[] {
    for (const step of this.#steps) {
      if (!matches(step.faults[0] as Fault, on, run, stream)) continue;
      if (step.skip > 0) {
        step.skip--;
        continue;
      }
      step.left--;
      if (step.left <= 0) this.#steps = this.#steps.filter((other) => other !== step);
      return step.faults;
    }
    return [];
  }
}

/** The requests that reach S2 and change something there. */
const S2_WRITES: readonly Operation[] = ["records", "append", "input"];

function matches(fault: Fault, on: Operation, run: string, stream: string): boolean {
  const isOfSends = fault.kind === "drop-answer" || fault.kind === "deletion-pending";
  const wanted = fault.on ?? (isOfSends ? "send" : "read");
  if (fault.kind === "deletion-pending" && !S2_WRITES.includes(on)) return false;
  if (wanted === "send" ? on === "read" : wanted !== on) return false;
  if (fault.run !== undefined && fault.run !== run) return false;
  return fault.stream === undefined || fault.stream === stream || INPUT_PREFIX + fault.stream === stream;
}

function check(fault: Fault): void {
  if (typeof fault !== "object" || fault === null)
    throw new TypeError(`A fault is an object, not ${JSON.stringify(fault)}.`);
  const { kind, ...values } = fault as { kind: FaultKind } & Record<string, unknown>;
  if (!Object.hasOwn(FIELDS, kind)) {
    const known = Object.keys(FIELDS).join(", ");
    throw new TypeError(`Unknown fault kind ${JSON.stringify(kind)}; known kinds: ${known}.`);
  }
  const fields: Record<string, string> = { ...FIELDS[kind], ...SCOPE };
  for (const name of Object.keys(values)) {
    if (Object.hasOwn(fields, name)) continue;
    const known = Object.keys(fields).join(", ");
    throw new TypeError(`A "${kind}" fault has no field ${JSON.stringify(name)}; its fields: ${known}.`);
  }
  for (const [name, field] of Object.entries(fields)) {
    const value = values[name];
    const type = field.replace("?", "");
    if ((value === undefined && type !== field) || isOf(type, value)) continue;
    const wanted = { times: 'a number or "always"', on: `one of ${ON.join(", ")}` }[type] ?? `a ${type}`;
    throw new TypeError(`"${name}" of a "${kind}" fault is ${JSON.stringify(value)}; give ${wanted}.`);
  }
}

function isOf(type: string, value: unknown): boolean {
  if (type === "times") return value === "always" || typeof value === "number";
  if (type === "on") return ON.includes(value as string);
  return typeof value === type && value !== null;
}
