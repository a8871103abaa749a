import { setScope } from "./config.ts";
import { RunstreamError } from "./errors.ts";
import type { AccessToken, ClientOptions } from "./types.ts";

/** What `wait` is waiting for, told to the host that may take the run down meanwhile. */
export type SuspendedWait = {
  waitpointId: string;
  runId: string;
  streamId: string;
  idempotencyKey: string | undefined;
  timeoutAt: Date | undefined;
};

/** The run that code works for. */
export type RunContext = {
  /** The run's id. */
  id: string;
  /** What `target: "parent"` means. The run itself if there is none. */
  parentId?: string | undefined;
  /** What `target: "root"` means. The run itself if there is none. */
  rootId?: string | undefined;
  /** Used by every call inside that names none: the secret key. */
  accessToken?: AccessToken | undefined;
  /** Used by every call inside that names none. */
  baseURL?: string | undefined;
  /**
   * Called when `wait` has waited for a while. The host may take the run down and begin it again when the waitpoint is
   * completed, or resolve then. Without it `wait` goes on asking.
   */
  suspend?: ((wait: SuspendedWait) => Promise<void>) | undefined;
};

/** How long a run waits for what it still writes when its function is done, in milliseconds. */
const DRAIN_MS = 60_000;

type Frame = { run: RunContext; atEnd: Set<() => void>; pending: Set<Promise<unknown>> };
type Storage = { run<T>(frame: Frame, fn: () => T): T; getStore(): Frame | undefined };

/** On the global object, so that two copies of the package agree on the run. */
const STORAGE = Symbol.for("runstream.run");
const shared = globalThis as { [STORAGE]?: Storage };

/**
 * Runs `fn` as the work of a run: inside it, also after an `await`, `streams.pipe` and the others write to that run, and
 * input streams receive what is sent to it. When what `fn` returned has settled the run is over here: what it still writes is
 * waited for, up to 60 s, then its input handlers go. Needs `AsyncLocalStorage` (Node, Deno, Bun, edge
 * runtimes, Workers with `nodejs_compat`); elsewhere it throws `unsupported`.
 */
export function withRun<T>(run: RunContext, fn: () => T): T {
  if (typeof run?.id !== "string" || run.id === "") {
    throw new RunstreamError("invalid-argument", `withRun: the run's id is ${JSON.stringify(run?.id)}; give a run id`);
  }
  const frame: Frame = { run, atEnd: new Set(), pending: new Set() };
  setScope(scope);
  let result: T;
  try {
    result = storage().run(frame, fn);
  } catch (thrown) {
    end(frame);
    throw thrown;
  }
  if (!isThenable(result)) {
    end(frame);
    return result;
  }
  const settled = async () => {
    try {
      return await result;
    } finally {
      await drain(frame.pending);
      end(frame);
    }
  };
  return settled() as T;
}

/** The run that the calling code works for: that of `withRun`, else that of the official SDK's task. */
export function currentRun(): RunContext | undefined {
  return shared[STORAGE]?.getStore()?.run ?? officialRun();
}

/** One object for as long as the current run lasts, to keep what belongs to it. */
export function currentScope(): object | undefined {
  return shared[STORAGE]?.getStore() ?? official()?.["task-context"]?.ctx?.run;
}

/** Calls `callback` when the current run is over. Returns what forgets it. Outside a run it is never called. */
export function onRunEnd(callback: () => void): () => void {
  const frame = shared[STORAGE]?.getStore();
  if (frame) {
    frame.atEnd.add(callback);
    return () => void frame.atEnd.delete(callback);
  }
  if (!officialRun()) return () => {};
  listenForCleanup();
  atOfficialEnd.add(callback);
  return () => void atOfficialEnd.delete(callback);
}

/** Keeps the current run from ending before `promise` has settled. */
export function holdRun(promise: Promise<unknown>): void {
  const frame = shared[STORAGE]?.getStore();
  if (frame) {
    frame.pending.add(promise);
    promise.catch(() => {}).then(() => frame.pending.delete(promise));
  } else if (officialRun()) {
    let isSettled = false;
    const settled = promise
      .catch(() => {})
      .then(() => {
        isSettled = true;
      });
    official()?.["wait-until"]?.register({ promise: settled, requiresResolving: () => !isSettled });
  }
}

function scope(): ClientOptions {
  const { accessToken, baseURL } = currentRun() ?? {};
  return { accessToken, baseURL };
}

function storage(): Storage {
  const found = shared[STORAGE];
  if (found) return found;
  // Edge runtimes have it as a global, and throw when Node's way is tried.
  const AsyncLocalStorage =
    (globalThis as { AsyncLocalStorage?: new () => Storage }).AsyncLocalStorage ??
    globalThis.process?.getBuiltinModule?.("node:async_hooks").AsyncLocalStorage;
  if (!AsyncLocalStorage) {
    const message = "withRun needs AsyncLocalStorage, which this runtime has not; give each call a target instead";
    throw new RunstreamError("unsupported", message);
  }
  const made: Storage = new AsyncLocalStorage();
  shared[STORAGE] = made;
  return made;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}

async function drain(pending: Set<Promise<unknown>>): Promise<void> {
  if (pending.size === 0) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DRAIN_MS);
  });
  await Promise.race([Promise.allSettled(pending), late]);
  clearTimeout(timer);
}

function end(frame: Frame): void {
  for (const callback of frame.atEnd) callback();
  frame.atEnd.clear();
}

/** What the official SDK registers on the global object; read, so that nothing of it has to be imported. */
type Official = {
  "task-context"?: { ctx?: { run?: { id: string; parentTaskRunId?: string; rootTaskRunId?: string } } };
  "api-client"?: { accessToken?: string; secretKey?: string; baseURL?: string };
  "wait-until"?: { register(entry: { promise: Promise<unknown>; requiresResolving(): boolean }): void };
  "lifecycle-hooks"?: { registerGlobalCleanupHook(hook: { id: string; fn: () => void }): void };
  runtime?: { waitForWaitpoint(wait: { waitpointFriendlyId: string }): Promise<OfficialResult> };
  usage?: { pauseAsync<T>(work: () => Promise<T>): Promise<T> };
};

/** What the official runtime answers when a waitpoint is completed. */
export type OfficialResult = { ok: boolean; output?: string; outputType?: string };

function official(): Official | undefined {
  return (globalThis as { [key: symbol]: Official | undefined })[Symbol.for("dev.trigger.ts.api")];
}

/** Suspends the run until the waitpoint is completed, by the official SDK's runtime. Undefined outside its tasks. */
export function officialWait(): ((waitpointId: string) => Promise<OfficialResult>) | undefined {
  if (shared[STORAGE]?.getStore() || !officialRun()) return undefined;
  const { runtime, usage } = official() ?? {};
  if (!runtime) return undefined;
  return (waitpointFriendlyId) => {
    const suspend = () => runtime.waitForWaitpoint({ waitpointFriendlyId });
    // What is waited for counts neither as cost nor towards the run's `maxDuration`.
    return usage ? usage.pauseAsync(suspend) : suspend();
  };
}

function officialRun(): RunContext | undefined {
  const api = official();
  const run = api?.["task-context"]?.ctx?.run;
  if (!run) return undefined;
  const { accessToken, secretKey, baseURL } = api?.["api-client"] ?? {};
  return {
    id: run.id,
    parentId: run.parentTaskRunId,
    rootId: run.rootTaskRunId,
    accessToken: secretKey ?? accessToken,
    baseURL,
  };
}

const atOfficialEnd = new Set<() => void>();
let listensTo: Official["lifecycle-hooks"];

function listenForCleanup(): void {
  const hooks = official()?.["lifecycle-hooks"];
  if (!hooks || hooks === listensTo) return;
  listensTo = hooks;
  hooks.registerGlobalCleanupHook({
    id: "runstream",
    fn: () => {
      for (const callback of atOfficialEnd) callback();
      atOfficialEnd.clear();
    },
  });
}
