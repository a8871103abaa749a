import { idSuffix, RecentIds } from "./ids.ts";
import type { LogLimits } from "./limits.ts";
import { RecordLog } from "./log.ts";
import { EntryLog } from "./log-v1.ts";
import type { Waitpoint } from "./waitpoints.ts";

export type StreamVersion = "v1" | "v2";
export type RunState = "executing" | "completed" | "failed" | "canceled";

export interface RunOptions {
  /** Default: `run_` and 21 random characters. */
  id?: string | undefined;
  /** How the run's streams are read. Default "v2". */
  version?: StreamVersion | undefined;
  parentId?: string | undefined;
  rootId?: string | undefined;
  /** Default "dev-task". */
  taskIdentifier?: string | undefined;
  tags?: readonly string[] | undefined;
  batchId?: string | undefined;
}

export interface Run {
  readonly id: string;
  readonly version: StreamVersion;
  readonly parentId: string | undefined;
  readonly rootId: string | undefined;
  readonly taskIdentifier: string;
  readonly tags: readonly string[];
  readonly batchId: string | undefined;
  state: RunState;
  completedAt: Date | undefined;
  /** The last waitpoint that the run was told to wait for; it may have ended. */
  waitsFor: Waitpoint | undefined;
  readonly createdAt: Date;
  /** Keys of the output streams that were created or appended to. Input streams never appear here. */
  readonly realtimeStreams: string[];
  /** Ids of the input streams that were sent to or waited for. */
  readonly inputStreams: string[];
}

export interface Stream {
  readonly runId: string;
  readonly key: string;
  readonly log: RecordLog | EntryLog;
  readonly createdAt: Date;
  /** Last chunk (line) of each v1 writer, by `X-Client-Id`. */
  readonly lastChunk: Map<string, number>;
  /** Part ids already stored, for servers that deduplicate by them. */
  readonly partIds: RecentIds;
}

export const INPUT_PREFIX = "$trigger.input:";

/** Notes a key that was written or waited for. */
export function noteKey(run: Run, key: string): void {
  const isInput = key.startsWith(INPUT_PREFIX);
  const keys = isInput ? run.inputStreams : run.realtimeStreams;
  const name = isInput ? key.slice(INPUT_PREFIX.length) : key;
  if (!keys.includes(name)) keys.push(name);
}

export class Runs {
  /** Its streams of v2 runs are kept elsewhere, and outlive this process: so may any run. */
  readonly #elsewhere: boolean;
  readonly #limits: LogLimits;
  #runs = new Map<string, Run>();
  /** Those nobody created here: asked for, and so taken to be executing. */
  #assumed = new Set<string>();
  #streams = new Map<string, Map<string, Stream>>();

  constructor(limits: LogLimits, { elsewhere = false }: { elsewhere?: boolean } = {}) {
    this.#limits = limits;
    this.#elsewhere = elsewhere;
  }

  create(options: RunOptions = {}): Run {
    const id = options.id ?? `run_${idSuffix()}`;
    if (this.isKnown(id)) throw new Error(`Run "${id}" already exists; choose another id.`);
    const run: Run = {
      id,
      version: options.version ?? "v2",
      parentId: options.parentId,
      rootId: options.rootId,
      taskIdentifier: options.taskIdentifier ?? "dev-task",
      tags: options.tags ?? [],
      batchId: options.batchId,
      state: "executing",
      completedAt: undefined,
      waitsFor: undefined,
      createdAt: new Date(),
      realtimeStreams: [],
      inputStreams: [],
    };
    this.#runs.set(id, run);
    this.#assumed.delete(id);
    this.#streams.set(id, new Map());
    return run;
  }

  /** Oldest first. */
  get list(): readonly Run[] {
    return [...this.#runs.values()];
  }

  /** Was created here. */
  isKnown(id: string): boolean {
    return this.#runs.has(id) && !this.#assumed.has(id);
  }

  find(id: string): Run | undefined {
    const run = this.#runs.get(id);
    if (run || !this.#elsewhere || !id.startsWith("run_")) return run;
    const assumed = this.create({ id });
    this.#assumed.add(id);
    return assumed;
  }

  get(id: string): Run {
    const run = this.find(id);
    if (!run) throw new Error(`Run "${id}" does not exist; create it with createRun({ id: "${id}" }).`);
    return run;
  }

  complete(id: string, state: Exclude<RunState, "executing"> = "completed"): void {
    const run = this.get(id);
    this.#assumed.delete(id);
    run.state = state;
    run.completedAt = new Date();
  }

  /** Reading or writing a stream that is not there makes it; one that was empty for too long is not there. */
  stream(run: Run, key: string): Stream {
    this.#checkIsHere(run);
    this.#deleteAbandoned(run, key);
    const streams = this.#streams.get(run.id) as Map<string, Stream>;
    let stream = streams.get(key);
    if (!stream) {
      const log = run.version === "v2" ? new RecordLog(this.#limits) : new EntryLog();
      stream = { runId: run.id, key, log, createdAt: new Date(), lastChunk: new Map(), partIds: new RecentIds() };
      streams.set(key, stream);
    }
    return stream;
  }

  /** The stream, to write to; undefined if that is how one learns that it is being deleted. */
  writableStream(run: Run, key: string): Stream | undefined {
    return this.#deleteAbandoned(run, key) ? undefined : this.stream(run, key);
  }

  /** Those kept in this process, oldest first. */
  streamsOf(run: Run): readonly Stream[] {
    return [...(this.#streams.get(run.id)?.values() ?? [])];
  }

  /** The stream, if it is there. */
  findStream(run: Run, key: string): Stream | undefined {
    return this.#streams.get(run.id)?.get(key);
  }

  deleteStream(runId: string, key: string): boolean {
    this.#checkIsHere(this.get(runId));
    const streams = this.#streams.get(runId) as Map<string, Stream>;
    const stream = streams.get(key);
    if (!stream) return false;
    streams.delete(key);
    if (stream.log instanceof RecordLog) stream.log.delete();
    return true;
  }

  /** The run that `target` means, seen from `run`. */
  target(run: Run, target: "self" | "parent" | "root"): Run | undefined {
    if (target === "self") return run;
    const id = target === "parent" ? run.parentId : run.rootId;
    return id === undefined ? undefined : this.find(id);
  }

  #deleteAbandoned(run: Run, key: string): boolean {
    const log = this.findStream(run, key)?.log;
    return log instanceof RecordLog && log.isAbandoned && this.deleteStream(run.id, key);
  }

  #checkIsHere({ id, version }: Run): void {
    if (this.#elsewhere && version === "v2")
      throw new Error(`The streams of run "${id}" are in S2: read and write them by the routes, or in S2 itself.`);
  }
}
