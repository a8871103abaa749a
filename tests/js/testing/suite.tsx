// What runstream/testing promises, whatever the DOM is made of: each *.test.ts beside this one runs it on another.
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { StrictMode } from "react";
import { streams } from "runstream";
import { TriggerAuthContext, useInputStreamSend, useRealtimeStream } from "runstream/react";
import { createTestStream, type TestStream } from "runstream/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import "../recipes/Answer.test.tsx";

const numbers = streams.define<number>({ id: "numbers" });
const go = streams.input<number>({ id: "go" });

function Numbers({ runId, throttleInMs }: { runId: string; throttleInMs?: number }) {
  const { parts, status, error, lastError, resume } = useRealtimeStream(numbers, runId, { throttleInMs });
  const { send, pending, error: sendError } = useInputStreamSend(go, runId);
  return (
    <>
      <p>{JSON.stringify({ parts, status, code: error?.code, last: lastError?.code })}</p>
      <output>{JSON.stringify({ pending, code: sendError?.code })}</output>
      <button type="button" onClick={() => send(1)}>
        send
      </button>
      <button type="button" onClick={resume}>
        resume
      </button>
    </>
  );
}

function show(stream: TestStream<number>, options: { throttleInMs?: number } = {}) {
  return render(
    <StrictMode>
      <TriggerAuthContext.Provider value={stream.auth}>
        <Numbers runId={stream.runId} {...options} />
      </TriggerAuthContext.Provider>
    </StrictMode>,
  );
}
const shown = () => JSON.parse(document.querySelector("p")?.textContent ?? "");
const sending = () => JSON.parse(document.querySelector("output")?.textContent ?? "");

const complaints = vi.spyOn(console, "error");
beforeEach(() => {
  complaints.mockClear();
  // As testing-library has it where the runner's functions are global.
  Reflect.set(globalThis, "IS_REACT_ACT_ENVIRONMENT", true);
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  expect(complaints).not.toHaveBeenCalled();
});

test("a part is on the page when push resolves, one that was written before the page was there as well", async () => {
  const stream = createTestStream(numbers);
  await stream.push(1, 2);
  show(stream);
  await stream.push(3);
  expect(shown()).toMatchObject({ parts: [1, 2, 3], status: "live" });
  expect(stream.readers).toBe(1);
});

test("testing-library's own waiting works, too", async () => {
  const stream = createTestStream(numbers);
  show(stream);
  await screen.findByText(/"live"/);
  void stream.push(1);
  await screen.findByText(/\[1\]/);
});

test("nothing that takes longer than a frame happens before its time", async () => {
  const stream = createTestStream(numbers);
  show(stream, { throttleInMs: 1_000 });
  await stream.push(1);
  await stream.advance(1_000);
  expect(shown().parts).toEqual([1]);
  await stream.push(2);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await stream.advance(900);
  expect(shown().parts).toEqual([1]);
  await stream.advance(100);
  expect(shown().parts).toEqual([1, 2]);
});

test("a page that is left leaves no connection", async () => {
  const stream = createTestStream(numbers);
  const { unmount } = show(stream);
  await stream.push(1);
  expect(stream.readers).toBe(1);
  unmount();
  await stream.advance();
  expect(stream.readers).toBe(0);
});

test("a stream that lives long is neither ended nor taken for dead", async () => {
  const stream = createTestStream(numbers);
  show(stream);
  for (let i = 0; i < 5; i++) {
    await stream.push(i);
    await stream.advance(59_000);
  }
  expect(shown()).toMatchObject({ parts: [0, 1, 2, 3, 4], status: "live" });
  await stream.end();
  expect(shown()).toMatchObject({ parts: [0, 1, 2, 3, 4], status: "ended" });
  fireEvent.click(screen.getByText("resume"));
  await stream.push(5);
  expect(shown()).toMatchObject({ parts: [0, 1, 2, 3, 4, 5], status: "live" });
});

describe("a failure", () => {
  test.each([
    ["unauthorized", "unauthorized"],
    ["not-found", "not-found"],
    ["rejected", "rejected"],
    [403, "unauthorized"],
    [410, "rejected"],
  ] as const)("%s is final, and recovered from by resume", async (failure, code) => {
    const stream = createTestStream(numbers);
    show(stream);
    await stream.push(1);
    await stream.fail(failure);
    expect(shown()).toEqual({ parts: [1], status: "failed", code, last: code });
    stream.recover();
    await stream.push(2);
    expect(shown().parts).toEqual([1]);
    fireEvent.click(screen.getByText("resume"));
    await stream.advance();
    expect(shown()).toEqual({ parts: [1, 2], status: "live" });
  });

  test.each([
    ["http", "http"],
    [429, "http"],
    ["network", "network"],
    ["timeout", "timeout"],
  ] as const)("%s is tried again, and shown after 10 s", async (failure, code) => {
    const stream = createTestStream(numbers);
    show(stream);
    await stream.push(1);
    await stream.fail(failure);
    expect(shown()).toMatchObject({ parts: [1], status: "reconnecting", last: code });
    await stream.advance(10_000);
    expect(shown()).toMatchObject({ parts: [1], status: "reconnecting", code });
    stream.recover();
    await stream.push(2);
    await stream.advance(20_000);
    expect(shown()).toEqual({ parts: [1, 2], status: "live" });
  });

  test("not-a-stream is shown at once, and bad-event is final the third time", async () => {
    const stream = createTestStream(numbers);
    show(stream);
    await stream.push(1);
    await stream.fail("not-a-stream");
    expect(shown()).toMatchObject({ status: "reconnecting", code: "not-a-stream" });
    await stream.fail("bad-event");
    await stream.advance(10_000);
    expect(shown()).toMatchObject({ status: "failed", code: "bad-event" });
  });

  test("a first connection that is not found is tried three times", async () => {
    const stream = createTestStream(numbers);
    await stream.fail("not-found");
    show(stream);
    await stream.advance();
    expect(shown()).toMatchObject({ status: "reconnecting", last: "not-found" });
    await stream.advance(3_000);
    expect(shown()).toMatchObject({ status: "failed", code: "not-found" });
  });
});

describe("a send", () => {
  test.each([
    ["rejected", "rejected"],
    ["http", "http"],
    [413, "too-large"],
    ["network", "unconfirmed"],
  ] as const)("that is answered by %s rejects with %s", async (failure, code) => {
    const stream = createTestStream(numbers);
    show(stream);
    stream.failSends(failure);
    fireEvent.click(screen.getByText("send"));
    await stream.advance();
    expect(sending()).toEqual({ pending: 0, code });
    expect(stream.sent).toEqual([]);
  });

  test("that had no effect is repeated, and arrives once", async () => {
    const stream = createTestStream(numbers);
    show(stream);
    stream.failSends(429);
    fireEvent.click(screen.getByText("send"));
    await stream.advance();
    expect(sending()).toEqual({ pending: 1 });
    stream.recover();
    await stream.advance(250);
    expect(sending()).toEqual({ pending: 0 });
    expect(stream.sent).toEqual([{ stream: "go", data: 1 }]);
  });
});

test("streams of one run share its credentials", async () => {
  const stream = createTestStream(numbers);
  const words = stream.sibling<string>("words");
  function Words() {
    return <h1>{useRealtimeStream<string>(stream.runId, "words").parts.join(" ")}</h1>;
  }
  render(
    <TriggerAuthContext.Provider value={stream.auth}>
      <Words />
      <Numbers runId={stream.runId} />
    </TriggerAuthContext.Provider>,
  );
  await stream.push(1);
  await words.push("a", "b");
  expect(screen.getByText("a b")).toBeTruthy();
  await words.cut();
  await stream.push(2);
  expect(shown()).toMatchObject({ parts: [1, 2], status: "live" });
});

test.each(["before", "after"])("the runner's fake timers may be on, %s it was made", async (when) => {
  if (when === "before") vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "queueMicrotask"] });
  const stream = createTestStream(numbers);
  if (when === "after") vi.useFakeTimers();
  show(stream);
  await stream.push(1);
  expect(shown()).toMatchObject({ parts: [1], status: "live" });
  await stream.cut();
  await stream.advance(100);
  await stream.push(2);
  expect(shown()).toMatchObject({ parts: [1, 2], status: "live" });
});

test("nothing of it disturbs act, whose environment is what it was", async () => {
  const stream = createTestStream(numbers);
  show(stream);
  await stream.push(1);
  expect(Reflect.get(globalThis, "IS_REACT_ACT_ENVIRONMENT")).toBe(true);
  act(() => screen.getByText("send").click());
  expect(sending()).toEqual({ pending: 1 });
  await stream.advance();
});
