// X-Part-Id in front of a real S2: stored once, said so, and so after a restart as well.
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { DevServer, DevServerOptions } from "../../js/dev-server/server.ts";
import { readAll, recordsIn, send, serve, valuesIn } from "../js/dev-server-http.ts";
import { BASIN, type ServerProcess, startS2 } from "./processes.ts";

let s2: ServerProcess;
let server: DevServer;
let run: string;
beforeAll(async () => {
  s2 = await startS2();
});
afterAll(() => s2.kill());
const inFront = (options: DevServerOptions = {}) => serve({ ...options, s2: { endpoint: s2.url, basin: BASIN } });
beforeEach(async () => {
  server = await inFront();
  run = server.createRun().id;
});

const drain = { "timeout-seconds": "0" };
const stored = async (key = "chat") => valuesIn(await readAll(server, `/realtime/v1/streams/${run}/${key}`, drain));
const append = (id: string, body = id, to = server) =>
  send(to, "POST", `/realtime/v1/streams/${run}/self/chat/append`, { body, headers: { "x-part-id": id } });
const sendInput = (id: string, data: unknown) =>
  send(server, "POST", `/realtime/v1/streams/${run}/input/approval`, {
    body: JSON.stringify({ data }),
    headers: { "x-part-id": id, origin: "https://app.example" },
  });
const direct = (...bodies: string[]) =>
  fetch(`${s2.url}/v1/streams/${encodeURIComponent(`org/org_dev/env/dev/env_dev/runs/${run}/chat`)}/records`, {
    method: "POST",
    headers: { "s2-basin": BASIN, "content-type": "application/json" },
    body: JSON.stringify({ records: bodies.map((body) => ({ body })) }),
  });

it("a part that comes again is stored once, and the answer repeats its id where pages may read it", async () => {
  for (const _ of [1, 2, 3]) {
    const { status, headers } = await sendInput("same", "yes");
    expect([status, headers["x-part-id"]]).toEqual([200, "same"]);
    expect(headers["access-control-expose-headers"]).toContain("x-part-id");
  }
  expect(await stored("$trigger.input:approval")).toEqual(['"yes"']);
});

it("also by a dev server that was not there the first time", async () => {
  await append("a");
  await append("b");
  await server.close();
  server = await inFront();
  for (const id of ["b", "c", "a"]) expect((await append(id)).status).toBe(200);
  expect(await stored()).toEqual(["a", "b", "c"]);
});

it("by two dev servers at once, beside a writer that goes straight to S2: every part once", async () => {
  const other = await inFront();
  const ids = Array.from({ length: 40 }, (_, i) => `part${i}`);
  const straight = Array.from({ length: 40 }, (_, i) => JSON.stringify({ data: `straight${i}`, id: `own${i}` }));
  await Promise.all([
    ...ids.map((id) => append(id)),
    ...ids.map((id) => append(id, id, other)),
    ...straight.map((body) => direct(body)),
  ]);
  const all = (await stored()) as string[];
  expect(all.filter((value) => value.startsWith("part")).sort()).toEqual([...ids].sort());
  expect(all).toHaveLength(80);
});

it("whatever else is in the stream: bodies that are no envelope, and more than one page", async () => {
  await direct("no json", "null", "[]", "", ...Array.from({ length: 900 }, (_, i) => `{"id":"old${i}"}`));
  await direct(...Array.from({ length: 900 }, (_, i) => `{"id":"new${i}"}`));
  for (const id of ["old0", "new899", "mine"]) expect((await append(id)).status).toBe(200);
  const records = recordsIn(await readAll(server, `/realtime/v1/streams/${run}/chat`, drain));
  expect(records.slice(1_804).map(({ body }) => body)).toEqual(['{"data":"mine","id":"mine"}']);
});

it("when the answer was lost", async () => {
  server.faults.add({ kind: "drop-answer" });
  await expect(append("a")).rejects.toThrow();
  expect((await append("a")).status).toBe(200);
  expect(await stored()).toEqual(["a"]);
});

it("anew when the stream was deleted", async () => {
  for (const id of ["a", "b", "c"]) await append(id);
  await send(server, "DELETE", `/dev/runs/${run}/streams/chat`, { key: null });
  await append("b");
  await append("b");
  expect(await stored()).toEqual(["b"]);
});

it("one that is known is taken by a run that is over, another is not", async () => {
  await append("a");
  server.completeRun(run);
  expect((await append("a")).status).toBe(200);
  expect((await append("b")).status).toBe(400);
});

it("ends one wait, not the next as well", async () => {
  const wait = async (lastSeqNum?: number) => {
    const body = JSON.stringify({ streamId: "approval", lastSeqNum });
    const { body: said } = await send(server, "POST", `/api/v1/runs/${run}/input-streams/wait`, { body });
    const { waitpointId } = JSON.parse(said);
    return async () => JSON.parse((await send(server, "GET", `/api/v1/waitpoints/tokens/${waitpointId}`)).body).status;
  };
  const first = await wait();
  await sendInput("a", 1);
  expect(await first()).toBe("COMPLETED");
  const second = await wait(0);
  await sendInput("a", 1);
  expect(await second()).toBe("WAITING");
  await sendInput("b", 2);
  expect(await second()).toBe("COMPLETED");
});

it("with dedupeParts: false every one is stored, and no header claims otherwise", async () => {
  const plain = await inFront({ dedupeParts: false });
  for (const _ of [1, 2]) expect((await append("a", "a", plain)).headers["x-part-id"]).toBeUndefined();
  expect(await stored()).toEqual(["a", "a"]);
});
