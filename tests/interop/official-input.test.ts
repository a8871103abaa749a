// Input streams across the two packages: our waits in a task of the official SDK, what they send and we receive, and the
// other way round.
import { runtime, usage } from "@trigger.dev/core/v3";
import { DevUsageManager, SharedRuntimeManager } from "@trigger.dev/core/v3/workers";
import { streams as official, task } from "@trigger.dev/sdk";
import { streams, withRun } from "runstream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { execute } from "./official-task.ts";

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

type Approval = { approved: boolean };
const ours = streams.input<Approval>({ id: "approval" });
const theirs = official.input<Approval>({ id: "approval" });

/** The real runtime of a worker; its messages to the platform go to `told`. */
const told: Array<[string, unknown]> = [];
const manager = new SharedRuntimeManager(
  { send: (type: string, data: unknown) => told.push([type, data]) } as never,
  false,
);
runtime.setGlobalRuntimeManager(manager);
usage.setGlobalUsageManager(new DevUsageManager());

/** What the platform does when the run of a waitpoint goes on. */
async function resolve(id: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/v1/waitpoints/tokens/${id}`, {
    headers: { Authorization: `Bearer ${server.secretKey}` },
  });
  const { status, output, outputType, outputIsError } = (await answer.json()) as Record<string, unknown>;
  expect(status).not.toBe("WAITING");
  await manager.resolveWaitpoints([{ id, friendlyId: id, type: "MANUAL", output, outputType, outputIsError } as never]);
}

const waitpointIds = () =>
  server.requests.flatMap(({ path }) => /^\/engine\/v1\/.*\/tokens\/(.*)\/wait$/.exec(path)?.[1] ?? []);
const suspensions = () => told.filter(([type]) => type === "SET_SUSPENDABLE").map(([, data]) => data);
const readers = () => server.connections.filter(({ closedAt }) => closedAt === undefined).length;

test("row 56: wait in an official task suspends by the official runtime, and takes its message once", async () => {
  const { id } = server.createRun();
  const [seen, got]: unknown[][] = [[], []];
  let sample = { wallTime: 0, cpuTime: 0 };
  task({
    id: "waits",
    run: async () => {
      const measurement = usage.start();
      ours.on((data) => seen?.push(data));
      got?.push(await ours.wait({ timeout: "1h" }), await ours.once().unwrap(), await ours.wait({ timeout: "1s" }));
      sample = usage.stop(measurement);
    },
  });
  told.length = 0;
  const running = execute("waits", { id });
  await vi.waitUntil(() => suspensions().length === 1);
  expect(suspensions()).toEqual([{ suspendable: true }]);
  expect(readers()).toBe(0);
  await theirs.send(id, { approved: true });
  await resolve(waitpointIds()[0] as string);
  await vi.waitUntil(() => readers() === 1);
  await theirs.send(id, { approved: false });
  await vi.waitUntil(() => suspensions().length === 3);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await resolve(waitpointIds()[1] as string);
  await running;
  // The second past which the last wait was suspended did not count.
  expect(sample.wallTime - sample.cpuTime).toBeGreaterThan(1_000);
  expect(got).toMatchObject([
    { ok: true, output: { approved: true } },
    { approved: false },
    { ok: false, error: { name: "WaitpointTimeoutError", code: "timeout" } },
  ]);
  expect(seen).toEqual([{ approved: true }, { approved: false }]);
  await vi.waitUntil(() => readers() === 0);
});

test("what the official SDK sends, ours receives", async () => {
  const { id } = server.createRun();
  await theirs.send(id, { approved: true });
  await theirs.send(id, { approved: false });
  await withRun({ id }, async () => {
    expect(await ours.once().unwrap()).toEqual({ approved: true });
    expect(await ours.wait().unwrap()).toEqual({ approved: false });
  });
});
