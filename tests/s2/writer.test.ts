// Our writers straight to a real S2, past the look-alike of the dev server in memory.
import { configure, streams } from "runstream";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { BASIN, type ServerProcess, startS2 } from "./processes.ts";

let s2: ServerProcess;
let server: DevServer;
let runId: string;

beforeAll(async () => {
  s2 = await startS2();
});
afterAll(() => s2.kill());
beforeEach(async () => {
  server = await startDevServer({ port: 0, s2: { endpoint: s2.url, basin: BASIN } });
  configure({ baseURL: server.url, accessToken: server.secretKey });
  runId = server.createRun().id;
});
afterEach(() => server.close());

const numbers = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);

async function stored<T = unknown>(key = "chat"): Promise<T[]> {
  const parts: T[] = [];
  for await (const part of await streams.read<T>(runId, key, { timeoutInSeconds: 1 })) parts.push(part);
  return parts;
}

const remove = (key = "chat") => fetch(`${server.url}/dev/runs/${runId}/streams/${key}`, { method: "DELETE" });

it("values of every kind arrive as they were, in order, over several batches", async () => {
  const values = [{ a: [null, 1.5] }, "", "two\u2028\u0000🎉", 0, false, null, ...numbers(2_500)];
  const { waitUntilComplete, stream } = streams.pipe("chat", values, { target: runId });
  const local: unknown[] = [];
  for await (const part of stream) local.push(part);
  expect(await waitUntilComplete()).toEqual({ lastEventId: String(values.length - 1) });
  expect(await stored()).toEqual(values);
  expect(local).toEqual(values);
  expect(server.requests.filter(({ method }) => method === "PUT")).toHaveLength(1);
});

it("several writers and appends share a stream, each in its order", async () => {
  const parts = (who: string) => numbers(300).map((i) => ({ who, i }));
  const pipes = ["a", "b"].map((who) => streams.pipe("chat", parts(who), { target: runId }).waitUntilComplete());
  const appends = parts("c").map((part) => streams.append("chat", part, { target: runId }));
  await Promise.all([...pipes, ...appends]);
  const all = await stored<{ who: string; i: number }>();
  for (const who of ["a", "b", "c"]) expect(all.filter((part) => part.who === who)).toEqual(parts(who));
  expect(all).toHaveLength(900);
});

it("row 54: the largest part that S2 takes arrives, one byte more is too-large, and no other part is lost", async () => {
  const largest = "x".repeat(1_048_576 - 8 - '{"data":"","id":"1234567"}'.length);
  // Quotes are escaped twice on their way: once in the record, once in the request.
  const quotes = '"'.repeat(250_000);
  const source = ["before", largest, quotes, `${largest}x`, "after"];
  const { waitUntilComplete } = streams.pipe("chat", source, { target: runId });
  await expect(waitUntilComplete()).rejects.toMatchObject({ code: "too-large" });
  expect(await stored()).toEqual(["before", largest, quotes, "after"]);
});

it("row 57: a stream that is deleted under its writer is created again, and the rest is written", async () => {
  let written = 0;
  const source = (async function* () {
    for (; written < 60; written++) {
      if (written === 20) {
        await expect.poll(() => stored(), { timeout: 10_000 }).toHaveLength(20);
        expect(await (await remove()).json()).toEqual({ deleted: true });
      }
      yield written;
    }
  })();
  await streams.pipe("chat", source, { target: runId }).waitUntilComplete();
  expect(await stored()).toEqual(numbers(40, 20));
});

it("row 57: an append to a stream that is being deleted is not refused: it waits, and is written to the new one", async () => {
  let refused = 0;
  const fetchAndCount = async (request: Request) => {
    const answer = await fetch(request);
    if (answer.status === 409) refused++;
    return answer;
  };
  configure({ baseURL: server.url, accessToken: server.secretKey, fetch: fetchAndCount });
  for (let i = 0; i < 200 && refused < 5; i++) {
    const appends = numbers(3).map((n) => streams.append("chat", { i, n }, { target: runId }));
    await Promise.all([remove(), ...appends]);
  }
  expect(refused).toBeGreaterThan(0);
  await streams.append("chat", "last", { target: runId });
  expect((await stored()).at(-1)).toBe("last");
});
