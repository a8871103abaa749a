import { task } from "@trigger.dev/sdk";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { currentRun, onRunEnd } from "../../js/run-context.ts";
import { execute } from "./official-task.ts";

// A task of the official SDK, run by its own executor, that uses our client.

let server: DevServer;
beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  process.env.TRIGGER_API_URL = server.url;
  process.env.TRIGGER_SECRET_KEY = server.secretKey;
});
afterEach(async () => {
  delete process.env.TRIGGER_API_URL;
  delete process.env.TRIGGER_SECRET_KEY;
  await server.close();
});

const run = { id: "run_child", parentTaskRunId: "run_parent", rootTaskRunId: "run_root" };

test("the current run is the task's", async () => {
  let seen: unknown;
  task({
    id: "who",
    run: async () => {
      await Promise.resolve();
      seen = currentRun();
    },
  });
  await execute("who", run);
  expect(seen).toEqual({ id: "run_child", parentId: "run_parent", rootId: "run_root" });
  expect(currentRun()).toBeUndefined();
});

test("the run's end is the task's", async () => {
  const ended: string[] = [];
  task({ id: "ends", run: async () => void onRunEnd(() => ended.push(currentRun()?.id ?? "")) });
  await execute("ends", { id: "run_1" });
  await execute("ends", { id: "run_2" });
  expect(ended).toEqual(["run_1", "run_2"]);
});
