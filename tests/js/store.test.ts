// A stream shown without React.
import { createStreamStore, type RunstreamError, type StreamSnapshot, type StreamStore, streams } from "runstream";
import { createTestStream } from "runstream/testing";
import { describe, expect, expectTypeOf, test, vi } from "vitest";

const numbers = streams.define<number>({ id: "numbers" });

function begin(options: object = {}) {
  const stream = createTestStream(numbers);
  const store = createStreamStore(numbers, stream.runId, { ...stream.auth, ...options });
  return { stream, store };
}
/** A listener that remembers. */
function listen<TPart, TValue>(store: StreamStore<TPart, TValue>) {
  const seen: Array<StreamSnapshot<TPart, TValue>> = [];
  const leave = store.subscribe((snapshot) => {
    expect(snapshot).toBe(store.getSnapshot());
    seen.push(snapshot);
  });
  return { seen, leave };
}

test("the first listener begins to read, and hears of it at once", async () => {
  const { stream, store } = begin();
  await stream.push(1, 2);
  expect(store.getSnapshot()).toMatchObject({ status: "idle", parts: [], lastEventId: undefined });
  expect(stream.readers).toBe(0);
  const { seen } = listen(store);
  expect(seen).toEqual([store.getSnapshot()]);
  await stream.push(3);
  expect(store.getSnapshot()).toMatchObject({ status: "live", parts: [1, 2, 3], lastEventId: "2" });
  expect(seen.map(({ status }) => status)).toEqual(expect.arrayContaining(["idle", "connecting", "live"]));
  expect(store.getSnapshot()).toBe(store.getSnapshot());
});

test("the last listener to leave closes the connection; the next one goes on behind the parts", async () => {
  const { stream, store } = begin();
  const [one, two] = [listen(store), listen(store)];
  await stream.push(1);
  one.leave();
  one.leave();
  await stream.advance();
  expect(stream.readers).toBe(1);
  two.leave();
  expect(store.getSnapshot()).toMatchObject({ status: "idle", isLive: false, parts: [1] });
  await stream.push(2);
  expect(stream.readers).toBe(0);
  expect(store.getSnapshot().parts).toEqual([1]);
  const { seen } = listen(store);
  expect(seen[0]).toMatchObject({ status: "idle", parts: [1] });
  await stream.advance();
  expect(store.getSnapshot()).toMatchObject({ status: "live", parts: [1, 2] });
  expect(one.seen.at(-1)?.parts).toEqual([1]);
});

test("a listener that is there twice leaves once at a time", async () => {
  const { stream, store } = begin();
  const listener = vi.fn();
  const leave = store.subscribe(listener);
  store.subscribe(listener);
  leave();
  listener.mockClear();
  await stream.push(1);
  expect(listener.mock.lastCall?.[0].parts).toEqual([1]);
});

test("stores of one stream share a connection", async () => {
  const { stream, store } = begin();
  const other = createStreamStore(numbers, stream.runId, { ...stream.auth, maxParts: 1 });
  listen(store);
  listen(other);
  await stream.push(1, 2);
  expect(stream.readers).toBe(1);
  expect([store.getSnapshot().parts, other.getSnapshot().parts]).toEqual([[1, 2], [2]]);
});

test("a snapshot comes at its pace, however many parts do", async () => {
  const { stream, store } = begin({ throttleInMs: 1_000 });
  const { seen } = listen(store);
  await stream.advance(2_000);
  seen.length = 0;
  for (let i = 0; i < 10; i++) await stream.push(i);
  await stream.advance(2_000);
  expect(seen.length).toBeLessThanOrEqual(2);
  expect(seen.at(-1)?.parts).toHaveLength(10);
});

test("a pace need not be whole", async () => {
  const { stream, store } = begin({ throttleInMs: 1000 / 60 });
  listen(store);
  for (let i = 0; i < 5; i++) await stream.push(i);
  expect(store.getSnapshot()).toMatchObject({ status: "live", parts: [0, 1, 2, 3, 4] });
});

test("a snapshot of very many parts comes less often, so that copying them stays cheap", async () => {
  const { stream, store } = begin();
  const { seen } = listen(store);
  const many = Array.from({ length: 50_000 }, (_, i) => i);
  for (let i = 0; i < 8; i++) await stream.push(...many);
  const shows = async (count: number) => {
    while (seen.at(-1)?.parts.length !== count) await stream.advance(1_000);
  };
  await shows(400_000);
  await stream.push(1);
  await shows(400_001);
  const { length } = seen;
  await stream.push(2);
  await stream.advance(20);
  expect(seen).toHaveLength(length);
  await shows(400_002);
});

test("parts can be folded, and each is told to onData", async () => {
  const onData = vi.fn();
  const stream = createTestStream(numbers);
  const reduce = (sum: number, part: number) => sum + part;
  const store = createStreamStore(numbers, stream.runId, { ...stream.auth, reduce, initialValue: 0, onData });
  listen(store);
  await stream.push(1, 2, 3);
  expect(store.getSnapshot()).toMatchObject({ value: 6, parts: [] });
  expect(onData.mock.calls.flat()).toEqual([1, 2, 3]);
});

test("stop ends reading, resume goes on", async () => {
  const { stream, store } = begin();
  store.stop();
  store.resume();
  listen(store);
  await stream.push(1);
  store.stop();
  await stream.push(2);
  expect(store.getSnapshot()).toMatchObject({ status: "stopped", parts: [1] });
  expect(stream.readers).toBe(0);
  store.resume();
  await stream.advance();
  expect(store.getSnapshot()).toMatchObject({ status: "live", parts: [1, 2] });
});

test("a failure is in the snapshot, beside the parts", async () => {
  const { stream, store } = begin();
  listen(store);
  await stream.push(1);
  await stream.fail("unauthorized");
  const { status, parts, error } = store.getSnapshot();
  expect([status, parts, error?.code]).toEqual(["failed", [1], "unauthorized"]);
});

test("a listener that throws is reported, and stops nobody", async () => {
  const reported = vi.spyOn(console, "error").mockImplementation(() => {});
  const { stream, store } = begin();
  store.subscribe(() => {
    throw new Error("mine");
  });
  const { seen } = listen(store);
  await stream.push(1);
  expect(seen.at(-1)?.parts).toEqual([1]);
  expect(String(reported.mock.calls[0])).toContain("mine");
  reported.mockRestore();
});

describe("what is missing", () => {
  test.each([
    ["the run id", () => createStreamStore(numbers, undefined, { accessToken: "t" })],
    ["there is no access token", () => createStreamStore(numbers, "run_1", { baseURL: "http://127.0.0.1:1" })],
    ["the run id", () => createStreamStore("", "key", { accessToken: "t" })],
  ])("%s: it stays idle and says so", async (what, make) => {
    const store = make();
    const { seen, leave } = listen<unknown, undefined>(store);
    await createTestStream().advance(1_000);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ status: "idle", parts: [], error: { code: "not-ready" } });
    expect(seen[0]?.error?.message).toContain(what);
    leave();
    expect(store.getSnapshot()).toMatchObject({ status: "idle", error: { code: "not-ready" } });
  });

  test("a run id that is none is refused at once", () => {
    const make = () => createStreamStore(numbers, 7 as unknown as string);
    expect(make).toThrow('createStreamStore got number as the run id of stream "numbers"; give a string');
  });
});

test("streams are named in the three ways of the hook, and typed as there", () => {
  const byKey = createStreamStore<string>("run_1", "key", { accessToken: "t" });
  expectTypeOf(byKey.getSnapshot().parts).toEqualTypeOf<string[]>();
  expectTypeOf(createStreamStore<string>("run_1").getSnapshot().parts).toEqualTypeOf<string[]>();
  expectTypeOf(createStreamStore(numbers, "run_1").subscribe)
    .parameter(0)
    .parameter(0)
    .toEqualTypeOf<StreamSnapshot<number>>();
  const folded = createStreamStore(numbers, "run_1", { reduce: (text: string, n) => text + n, initialValue: "" });
  expectTypeOf(folded.getSnapshot().value).toEqualTypeOf<string>();
  expectTypeOf(folded.getSnapshot().error).toEqualTypeOf<RunstreamError | undefined>();
});
