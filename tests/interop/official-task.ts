// Runs a task of the official SDK as its own worker does: with the real executor and the real managers.
import {
  lifecycleHooks,
  resourceCatalog,
  type TaskRunContext,
  type TaskRunExecution,
  taskContext,
  waitUntil,
} from "@trigger.dev/core/v3";
import { TriggerTracer } from "@trigger.dev/core/v3/tracer";
import {
  ConsoleInterceptor,
  StandardLifecycleHooksManager,
  StandardResourceCatalog,
  StandardWaitUntilManager,
  TaskExecutor,
  TracingSDK,
} from "@trigger.dev/core/v3/workers";

const catalog = new StandardResourceCatalog();
resourceCatalog.setGlobalResourceCatalog(catalog);
catalog.setCurrentFileContext("tasks.ts", "tasks");
lifecycleHooks.setGlobalLifecycleHooksManager(new StandardLifecycleHooksManager());
waitUntil.setGlobalManager(new StandardWaitUntilManager(5_000));

const tracingSDK = new TracingSDK({ url: "http://127.0.0.1:1", forceFlushTimeoutMillis: 1, diagLogLevel: "none" });

export type OfficialRun = { id: string; parentTaskRunId?: string; rootTaskRunId?: string };

/** Runs the task registered under `taskId`, and gives back what the executor says of it. */
export async function execute(taskId: string, run: OfficialRun, payload: unknown = {}) {
  const task = catalog.getTask(taskId);
  if (!task) throw new Error(`no task ${taskId}`);
  const ctx = contextOf(taskId, run);
  taskContext.setGlobalTaskContext({ ctx, worker: { id: "worker", contentHash: "hash", version: "1" } as never });
  const executor = new TaskExecutor(task, {
    tracingSDK,
    tracer: new TriggerTracer({ tracer: tracingSDK.getTracer("test", "1"), logger: tracingSDK.getLogger("test", "1") }),
    consoleInterceptor: new ConsoleInterceptor(tracingSDK.getLogger("test", "1") as never, false, false),
    retries: { enabledInDev: false, default: { maxAttempts: 1 } },
    isWarmStart: false,
    executionCount: 0,
  });
  const execution = { ...ctx, run: { ...ctx.run, payload: JSON.stringify(payload), payloadType: "application/json" } };
  try {
    const { result } = await executor.execute(
      execution as never as TaskRunExecution,
      ctx,
      new AbortController().signal,
    );
    if (!result.ok) throw Object.assign(new Error("the task failed"), { cause: result.error });
    return result.output === undefined ? undefined : JSON.parse(result.output);
  } finally {
    // No task is running, as in a process that never was a worker.
    taskContext.setGlobalTaskContext(undefined as never);
  }
}

function contextOf(taskId: string, run: OfficialRun): TaskRunContext {
  return {
    attempt: {
      number: 1,
      startedAt: new Date(),
      id: "attempt_1",
      backgroundWorkerId: "w",
      backgroundWorkerTaskId: "t",
    },
    task: { id: taskId, filePath: "tasks.ts", exportName: taskId },
    run: {
      ...run,
      tags: [],
      isTest: false,
      createdAt: new Date(),
      startedAt: new Date(),
      durationMs: 0,
      costInCents: 0,
    },
    queue: { id: "queue_1", name: "queue" },
    environment: { id: "env_dev", slug: "dev", type: "DEVELOPMENT" },
    organization: { id: "org_1", slug: "org", name: "Org" },
    project: { id: "proj_1", ref: "proj", slug: "proj", name: "Proj" },
    machine: { name: "small-1x", cpu: 1, memory: 1, centsPerMs: 0 },
  } as never;
}
