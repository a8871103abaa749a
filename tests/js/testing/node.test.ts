// runstream/testing without a DOM, and the wire it speaks beside the dev server's.
import { type StreamStatus, streams } from "runstream";
import { createTestStream, type TestStream } from "runstream/testing";
import { expect, expectTypeOf, onTestFinished, test } from "vitest";
import { startDevServer } from "../../../js/dev-server/server.ts";
import type { StandardSchema } from "../../../js/schema.ts";

const numbers = streams.define<number>({ id: "numbers" });

test("read gets every part once, in order, over cuts, and closes at the end", async () => {
  const stream = createTestStream(numbers);
  const parts: number[] = [];
  const reading = (async () => {
    for await (const part of await numbers.read(stream.runId, stream.auth)) parts.push(part);
  })();
  for (let i = 0; i < 20; i++) {
    await stream.push(2 * i, 2 * i + 1);
    if (i % 3 === 0) await stream.cut();
    if (i % 5 === 0) await stream.advance(5_000);
  }
  await stream.advance(5_000);
  await stream.end();
  await reading;
  expect(parts).toEqual(Array.from({ length: 40 }, (_, i) => i));
});

test("where reading begins is honoured", async () => {
  const stream = createTestStream<number>("numbers");
  await stream.push(0, 1, 2);
  const read = async (options: object) => {
    const parts: number[] = [];
    const reading = (async () => {
      const all = await streams.read<number>(stream.runId, "numbers", { ...stream.auth, ...options });
      for await (const part of all) parts.push(part);
    })();
    await stream.advance();
    await stream.end();
    await reading;
    return parts;
  };
  expect(await read({ startIndex: 1 })).toEqual([1, 2]);
  expect(await read({ lastEventId: "1" })).toEqual([2]);
  expect(await read({ from: "latest" })).toEqual([]);
});

test("what is sent without React is seen, and any other run is not found", async () => {
  const stream = createTestStream();
  const cancel = streams.input<{ reason: string }>({ id: "a/b" });
  await cancel.send(stream.runId, { reason: "enough" }, stream.auth);
  expect(stream.sent).toEqual([{ stream: "a/b", data: { reason: "enough" } }]);
  await expect(cancel.send("run_other", { reason: "" }, stream.auth)).rejects.toMatchObject({ code: "not-found" });
});

test("a stream whose server fails tells its reader", async () => {
  const stream = createTestStream(numbers);
  const seen: Array<string | undefined> = [];
  const onStatus = ({ error }: StreamStatus) => seen.push(error?.code);
  const reader = (await numbers.read(stream.runId, { ...stream.auth, onStatus })).getReader();
  const reading = reader.read();
  await stream.fail(503);
  await stream.advance(10_000);
  expect(seen).toContain("http");
  stream.recover();
  await stream.push(7);
  await stream.advance(5_000);
  expect(await reading).toEqual({ done: false, value: 7 });
  await reader.cancel();
  await stream.advance();
  expect(stream.readers).toBe(0);
});

test("its answer says what the dev server's says", async () => {
  const stream = createTestStream(numbers);
  await stream.push(1, 2);
  const server = await startDevServer({ port: 0 });
  onTestFinished(() => server.close());
  server.createRun({ id: stream.runId });
  server.appendAll(stream.runId, "numbers", [1, 2]);
  const path = `/realtime/v1/streams/${stream.runId}/numbers`;
  const headers = { "timeout-seconds": "1", "last-event-id": "0", authorization: `Bearer ${server.secretKey}` };
  const real = await fetch(`${server.url}${path}`, { headers });
  const fake = await stream.auth.fetch?.(new Request(`${stream.auth.baseURL}${path}`, { headers }));
  await stream.advance(1_000);
  expect(fake?.headers.get("x-stream-version")).toBe(real.headers.get("x-stream-version"));
  const [theirs, ours] = await Promise.all([real.text(), fake?.text()]);
  expect(eventsOf(ours ?? "")).toEqual(eventsOf(theirs));
});

/** The events, without what S2 alone needs and what differs from one run to the next. */
function eventsOf(text: string) {
  return text
    .trim()
    .split("\n\n")
    .map((event) => {
      const [, name] = /^event: (.*)$/m.exec(event) ?? [];
      const [, data = ""] = /^data: (.*)$/m.exec(event) ?? [];
      const stable = data.replace(/"timestamp":\d+/g, '"timestamp":0').replace(/\\"id\\":\\".*?\\"/g, "");
      return { name, data: stable };
    });
}

test("its parts have the type of what is written", () => {
  const schema = {} as StandardSchema<string, number>;
  expectTypeOf(createTestStream(numbers)).toEqualTypeOf<TestStream<number>>();
  expectTypeOf(() => createTestStream(streams.define({ id: "lengths", schema }))).returns.toEqualTypeOf<
    TestStream<string>
  >();
  expectTypeOf(createTestStream<string>("key").push).parameters.toEqualTypeOf<string[]>();
});
