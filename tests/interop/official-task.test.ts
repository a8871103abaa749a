import { task } from "@trigger.dev/sdk";
import { streams } from "runstream";
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

test("what a task writes goes to its run, its parent and its root, all before it ends", async () => {
  for (const id of ["run_child", "run_parent", "run_root"]) server.createRun({ id });
  const chat = streams.define<string>({ id: "chat" });
  task({
    id: "writes",
    run: async () => {
      await chat.append("first");
      chat.pipe(
        (async function* () {
          yield "second";
          await new Promise((resolve) => setTimeout(resolve, 100));
          yield "third";
        })(),
      );
      void chat.append("to the parent", { target: "parent" });
      void chat.append("to the root", { target: "root" });
    },
  });
  await execute("writes", run);
  const partsOf = (id: string) =>
    server.records(id, "chat").map((record) => JSON.parse("body" in record ? record.body : "").data);
  expect(partsOf("run_child")).toEqual(["first", "second", "third"]);
  expect(partsOf("run_parent")).toEqual(["to the parent"]);
  expect(partsOf("run_root")).toEqual(["to the root"]);
});
