import type { App } from "./app.ts";
import { RecordLog } from "./log.ts";
import { INPUT_PREFIX, type Run } from "./runs.ts";

/** A run as the service tells of it; what a server of streams cannot know is left out or at its simplest. */
export function describeRun(run: Run): Record<string, unknown> {
  const isWaiting = run.state === "executing" && run.waitsFor?.status === "WAITING";
  const { id, taskIdentifier, tags, batchId, createdAt, completedAt, realtimeStreams } = run;
  return {
    ...{ id, taskIdentifier, tags, batchId, createdAt, realtimeStreams },
    status: isWaiting ? "WAITING" : run.state.toUpperCase(),
    isQueued: false,
    isExecuting: run.state === "executing" && !isWaiting,
    isWaiting,
    isCompleted: completedAt !== undefined,
    isSuccess: run.state === "completed",
    isFailed: run.state === "failed",
    isCancelled: run.state === "canceled",
    isTest: false,
    updatedAt: completedAt ?? createdAt,
    startedAt: createdAt,
    finishedAt: completedAt,
    costInCents: 0,
    baseCostInCents: 0,
    durationMs: (completedAt ?? new Date()).getTime() - createdAt.getTime(),
    depth: run.parentId === undefined ? 0 : 1,
    triggerFunction: "trigger",
  };
}

/** A run as the dashboard tells of it. */
export function outlineRun(run: Run): Record<string, unknown> {
  const { id, version, state, parentId, rootId, taskIdentifier, tags, createdAt, completedAt, waitsFor } = run;
  const { id: waitpointId, timeoutAt, status } = waitsFor ?? {};
  return {
    ...{ id, version, state, parentId, rootId, taskIdentifier, tags, createdAt, completedAt },
    waitsFor: status === "WAITING" ? { id: waitpointId, timeoutAt } : undefined,
    streamCount: run.realtimeStreams.length + run.inputStreams.length,
  };
}

const SHOWN = 50;

/** The same with its streams, and with the last of its readers and of the faults that befell it. */
export function viewRun(app: App, run: Run): Record<string, unknown> {
  const ofRun = app.connections.list.filter(({ runId }) => runId === run.id);
  return {
    ...outlineRun(run),
    streams: viewStreams(app, run),
    connections: ofRun.slice(-SHOWN).reverse(),
    faults: {
      pending: app.faults.pendingFor(run.id),
      fired: app.faults.fired
        .filter((fault) => fault.run === run.id)
        .slice(-SHOWN)
        .reverse(),
    },
  };
}

/** Those written, waited for or read, each with what is stored of it if that is in this process. */
function viewStreams(app: App, run: Run): unknown[] {
  const here = new Map(app.runs.streamsOf(run).map((stream) => [stream.key, stream.log]));
  const inputs = run.inputStreams.map((id) => INPUT_PREFIX + id);
  const keys = new Set([...run.realtimeStreams, ...inputs, ...here.keys()]);
  return [...keys].map((key) => {
    const log = here.get(key);
    const isInput = key.startsWith(INPUT_PREFIX);
    return {
      key,
      name: isInput ? key.slice(INPUT_PREFIX.length) : key,
      isInput,
      records: log && (log instanceof RecordLog ? log.records : log.entries).length,
      readers: app.connections.count(run.id, key),
    };
  });
}
