// The official packages, unchanged, made to work outside a worker: there they write and wait for nothing, and say nothing.
import { apiClientManager, inputStreams, realtimeStreams, runtime, taskContext } from "@trigger.dev/core/v3";
import { StandardInputStreamManager, StandardRealtimeStreamsManager } from "@trigger.dev/core/v3/workers";
import { configure } from "@trigger.dev/sdk";
import type { DevServer } from "../../js/dev-server/server.ts";

let writing: StandardRealtimeStreamsManager;
let reading: StandardInputStreamManager;

/** Their globals can be set once: what is set here asks for the manager of the moment. */
realtimeStreams.setGlobalManager({
  pipe: (...args) => writing.pipe(...args),
  append: (...args) => writing.append(...args),
});
inputStreams.setGlobalManager(
  new Proxy({} as StandardInputStreamManager, {
    get(_, name) {
      const value: unknown = Reflect.get(reading, name);
      return typeof value === "function" ? value.bind(reading) : value;
    },
  }),
);

/** Instead of the platform's, which takes the process down meanwhile: asks until the waitpoint has ended. */
runtime.setGlobalRuntimeManager({
  async waitForWaitpoint({ waitpointFriendlyId: id }: { waitpointFriendlyId: string }) {
    for (;;) {
      const found = await apiClientManager.clientOrThrow().retrieveWaitpointToken(id);
      const { status, output, outputType, outputIsError } = found;
      if (status !== "WAITING") return { id, ok: !outputIsError, output, outputType };
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
} as never);

/** From here on their SDK talks to this server. */
export function pointAt(server: DevServer) {
  apiClientManager.disable();
  configure({ baseURL: server.url, accessToken: server.secretKey });
  writing = new StandardRealtimeStreamsManager(apiClientManager.clientOrThrow(), server.url);
  reading?.reset();
  reading = new StandardInputStreamManager(apiClientManager.clientOrThrow(), server.url);
}

/** From here on their SDK is inside a task of this run. */
export function enter(runId: string) {
  reading.setRunId(runId, "v2");
  taskContext.setGlobalTaskContext({ ctx: { run: { id: runId } }, worker: {} } as never);
}

/** Ends what their SDK keeps open. */
export function leave() {
  reading?.reset();
}
