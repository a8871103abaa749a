/**
 * A Trigger.dev Realtime Streams server in memory, or in front of a real S2, for developing and testing without an account. It listens on 127.0.0.1
 * only and shares no code with the client.
 *
 * It has Trigger.dev's own routes, and under /v1 as much of S2 as a writer of v2 streams needs, over HTTP/1.1 and JSON. The
 * official Node writer wants HTTP/2 there, so it is told to use the v1 route; it is known by `x-trigger-source: sdk`.
 *
 * Besides there are these, which need no key and answer pages of any origin:
 *
 * | route | body | answer |
 * |---|---|---|
 * | GET / | | the dashboard, a page |
 * | GET /dev/health | | `{ok, s2?}`: where the streams are, if not here |
 * | GET /dev/runs | | `{runs}`, the newest first |
 * | GET /dev/runs/:run | | the run, `streams`, `connections` and `faults`: the last 50 of each, the newest first |
 * | POST /dev/runs | `{id?, version?, parentId?, rootId?, taskIdentifier?, tags?, expiresIn?}` | `{id, publicAccessToken}`, also for a run that exists |
 * | POST /dev/runs/:run/complete | `{state?: "completed" \| "failed" \| "canceled"}` | `{ok}` |
 * | POST /dev/runs/:run/streams/:key | `{data, partId?}` | `{ok}`: one part, typed |
 * | DELETE /dev/runs/:run/streams/:key | | `{deleted}` |
 * | POST /dev/faults | a step, or an array of steps; a step is a fault or an array of faults for one request | `{ok, pending}` |
 * | GET /dev/faults | | `{pending, fired}` |
 * | DELETE /dev/faults | `{run?}` | `{ok}` |
 * | GET /dev/connections | | `{connections}` |
 * | POST /dev/connections/cut | `{run?, stream?}` | `{cut}`: how many readers lost their socket |
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { App } from "./app.ts";
import type { Connection, ConnectionFilter } from "./connection.ts";
import { Connections } from "./connections.ts";
import { FaultList } from "./faults.ts";
import { limitsOf } from "./limits.ts";
import type { LogRecord, NewRecord } from "./log.ts";
import type { Entry } from "./log-v1.ts";
import { appendInput, appendRaw, appendValue, trim } from "./operations.ts";
import { type DevServerOptions, type S2Options, timingOf } from "./options.ts";
import { type RequestEntry, RequestLog } from "./requests.ts";
import { handle } from "./router.ts";
import { type Run, type RunOptions, type RunState, Runs } from "./runs.ts";
import { S2 } from "./s2.ts";
import { createTokens, type MintOptions, scopesForRun } from "./tokens.ts";
import { Waitpoints } from "./waitpoints.ts";

export type { Fault, FaultKind, FaultScope, FiredFault, Operation } from "./faults.ts";
export type { Header, LogRecord, NewRecord } from "./log.ts";
export type { Entry } from "./log-v1.ts";
export type { Run, RunOptions, RunState, StreamVersion } from "./runs.ts";
export type { Connection, ConnectionFilter, DevServerOptions, FaultList, MintOptions, RequestEntry, S2Options };

export const DEFAULT_PORT = 4983;
export const DEFAULT_SECRET_KEY = "tr_dev_runstream";

/** With `s2`, what reads or writes the streams of v2 runs here throws: use the routes, or S2 itself. */
export interface DevServer {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly secretKey: string;
  /** Stops listening and resets every open socket. */
  close(): Promise<void>;

  createRun(options?: RunOptions): Run;
  /** From now on the run takes neither appends nor input. Its streams can still be read. */
  completeRun(runId: string, state?: Exclude<RunState, "executing">): void;

  /** One part, written as `pipe` writes it. */
  append(runId: string, streamKey: string, value: unknown, options?: { partId?: string }): LogRecord | Entry;
  /** Several parts at once: one batch for a reader at the tail; on v1 events that share one id. */
  appendAll(runId: string, streamKey: string, values: readonly unknown[]): LogRecord[] | Entry;
  /** One value, stored as a send to this input stream stores it. */
  appendInput(runId: string, inputStreamId: string, value: unknown): LogRecord | Entry;
  /** A record as it is: command and control records, bodies that are no envelope. On v1: a line. */
  appendRaw(runId: string, streamKey: string, record: NewRecord): LogRecord | Entry;
  /** Forgets the records before `seqNum` (v2). */
  trim(runId: string, streamKey: string, seqNum: number): LogRecord;
  /** Readers of a v2 stream get a trim record and an error; written or read again, the stream starts at 0. */
  deleteStream(runId: string, streamKey: string): boolean;
  /** What is stored, oldest first. */
  records(runId: string, streamKey: string): readonly (LogRecord | Entry)[];

  /** A public access token: for a run id, to read it and to send to its input streams; else with these scopes. */
  token(forRun: string | readonly string[], options?: MintOptions): Promise<string>;

  /** What is to go wrong, and what did. */
  readonly faults: FaultList;
  /** Readers, open and gone, oldest first. */
  readonly connections: readonly Connection[];
  /** Resets the sockets of open readers; returns how many. */
  cut(filter?: ConnectionFilter): number;
  /** Every request, oldest first; about the last thousand. */
  readonly requests: readonly RequestEntry[];
}

export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const secretKey = options.secretKey ?? DEFAULT_SECRET_KEY;
  const app: App = {
    options,
    secretKey,
    timing: timingOf(options),
    runs: new Runs(limitsOf(options), { elsewhere: options.s2 !== undefined }),
    waitpoints: new Waitpoints(),
    tokens: createTokens(secretKey),
    faults: new FaultList(),
    connections: new Connections(),
    s2: options.s2 && new S2(options.s2),
  };
  const requests = new RequestLog();
  const server = createServer((req, res) => {
    requests.note(req, res);
    // A reader that left in the middle of a write is nothing to report.
    res.on("error", () => {});
    void handle(app, req, res);
  });
  server.keepAliveTimeout = 65_000;
  // A writer's request lasts as long as its source.
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? DEFAULT_PORT, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    secretKey,
    close() {
      app.connections.cut({}, "shutdown");
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
    createRun: (runOptions) => app.runs.create(runOptions),
    completeRun: (runId, state) => app.runs.complete(runId, state),
    append(runId, key, value, { partId } = {}) {
      const stored = appendValue(app, runId, key, [value], partId);
      return Array.isArray(stored) ? (stored[0] as LogRecord) : stored;
    },
    appendAll: (runId, key, values) => appendValue(app, runId, key, values),
    appendInput: (runId, id, value) => appendInput(app, runId, id, value),
    appendRaw: (runId, key, record) => appendRaw(app, runId, key, record),
    trim: (runId, key, seqNum) => trim(app, runId, key, seqNum),
    deleteStream: (runId, key) => app.runs.deleteStream(runId, key),
    records(runId, key) {
      const { log } = app.runs.stream(app.runs.get(runId), key);
      return "records" in log ? log.records : log.entries;
    },
    token: (forRun, mint) => app.tokens.mint(typeof forRun === "string" ? scopesForRun(forRun) : forRun, mint),
    faults: app.faults,
    get connections() {
      return app.connections.list;
    },
    cut: (filter) => app.connections.cut(filter),
    get requests() {
      return requests.list;
    },
  };
}
