// The chat's transport on a stream that does what the test says.
import type { ChatTransport, UIMessage, UIMessageChunk } from "ai";
import { createChatTransport, type SavedChat } from "runstream/ai";
import { createTestStream } from "runstream/testing";
import { describe, expect, test, vi } from "vitest";
import { answers } from "../../examples/ai-sdk/streams.ts";

const question = (text: string): UIMessage => ({ id: text, role: "user", parts: [{ type: "text", text }] });
const start: UIMessageChunk = { type: "start" };
const finish: UIMessageChunk = { type: "finish" };
const say = (delta: string): UIMessageChunk => ({ type: "text-delta", id: "1", delta });

function begin(more: { load?: () => SavedChat | undefined; onStop?: () => unknown } = {}) {
  const stream = createTestStream(answers);
  const saved: SavedChat[] = [];
  const asked: string[] = [];
  const transport: ChatTransport<UIMessage> = createChatTransport({
    ...stream.auth,
    ...more,
    stream: answers,
    send: async ({ messages }: { messages: UIMessage[] }) => {
      asked.push(messages.at(-1)?.id ?? "");
      return { runId: stream.runId };
    },
    save: (_, now) => void saved.push(now),
  });
  const read = (chunks: ReadableStream<UIMessageChunk>) => {
    const got: UIMessageChunk[] = [];
    const over = (async () => {
      for await (const chunk of chunks) got.push(chunk);
    })();
    over.catch(() => {});
    return { got, over };
  };
  const ask = async (text: string, abortSignal?: AbortSignal) => {
    const request = { chatId: "chat", messageId: undefined, messages: [question(text)], abortSignal };
    return read(await transport.sendMessages({ trigger: "submit-message", ...request }));
  };
  const resume = async () => {
    const chunks = await transport.reconnectToStream({ chatId: "chat" });
    return chunks && read(chunks);
  };
  return { stream, transport, ask, resume, saved, asked };
}

test("an answer is what the run wrote since the last one, up to its end", async () => {
  const { stream, ask, saved, asked } = begin();
  const first = await ask("a");
  await stream.push(start, say("A"));
  await stream.cut();
  await stream.push(finish);
  await stream.advance(100);
  await first.over;
  await stream.push(say("stray"), start, say("B"), finish, say("stray"));
  const second = await ask("b");
  await stream.advance();
  await second.over;
  expect([first.got, second.got]).toEqual([
    [start, say("A"), finish],
    [start, say("B"), finish],
  ]);
  expect(asked).toEqual(["a", "b"]);
  const { runId } = stream;
  expect(saved).toEqual([
    { runId, lastEventId: undefined, isAnswering: true, unwanted: 0 },
    { runId, lastEventId: "2", isAnswering: false, unwanted: 0 },
    { runId, lastEventId: "2", isAnswering: true, unwanted: 0 },
    { runId, lastEventId: "6", isAnswering: false, unwanted: 0 },
  ]);
  expect(stream.readers).toBe(0);
});

describe("an answer that is stopped", () => {
  test("is closed, and told to the run; what is left of it is no part of the next", async () => {
    const onStop = vi.fn();
    const { stream, ask } = begin({ onStop });
    const abort = new AbortController();
    const first = await ask("a", abort.signal);
    await stream.push(start, say("A"));
    abort.abort();
    await first.over;
    expect(first.got).toEqual([start, say("A")]);
    expect(onStop.mock.calls).toEqual([["chat", stream.runId]]);
    const second = await ask("b");
    await stream.push(say("A"), { type: "abort" }, start, say("B"), finish);
    await second.over;
    expect(second.got).toEqual([start, say("B"), finish]);
  });

  test("before it began is passed over as a whole", async () => {
    const { stream, ask, saved } = begin();
    const abort = new AbortController();
    const first = await ask("a", abort.signal);
    await stream.advance();
    abort.abort();
    await first.over;
    expect(saved.at(-1)).toMatchObject({ isAnswering: false, unwanted: 1 });
    const second = await ask("b");
    await stream.push(start, say("A"), { type: "abort" });
    await stream.push(start, say("B"), finish);
    await second.over;
    expect([first.got, second.got]).toEqual([[], [start, say("B"), finish]]);
    expect(saved.at(-1)).toMatchObject({ isAnswering: false, unwanted: 0 });
  });

  test("before it was asked for is not read", async () => {
    const { stream, ask } = begin();
    const { got, over } = await ask("a", AbortSignal.abort());
    await over;
    expect(got).toEqual([]);
    expect(stream.readers).toBe(0);
  });
});

test("a question that does not wait for the answer before it gets its own", async () => {
  const { stream, ask, saved } = begin();
  const first = await ask("a");
  await stream.push(start);
  const second = await ask("b");
  await stream.push(finish, start, say("B"));
  await first.over;
  expect(saved.at(-1)).toMatchObject({ lastEventId: undefined, isAnswering: true, unwanted: 1 });
  await stream.push(finish);
  await second.over;
  expect([first.got, second.got]).toEqual([
    [start, finish],
    [start, say("B"), finish],
  ]);
  expect(saved.at(-1)).toMatchObject({ lastEventId: "4", isAnswering: false, unwanted: 0 });
});

test("what onStop rejects with is reported", async () => {
  const reported = vi.spyOn(console, "error").mockImplementation(() => {});
  const { ask } = begin({ onStop: () => Promise.reject(new Error("mine")) });
  await (await ask("a", AbortSignal.abort())).over;
  expect(String(reported.mock.calls[0])).toContain("mine");
  reported.mockRestore();
});

describe("after a reload", () => {
  const saved = { runId: "", lastEventId: undefined, isAnswering: true, unwanted: 0 };

  test("an answer that was awaited is read from its beginning", async () => {
    const stream = createTestStream(answers);
    const load = () => ({ ...saved, lastEventId: "1", runId: stream.runId });
    const transport = createChatTransport({ ...stream.auth, stream: answers, send: vi.fn(), load });
    await stream.push(start, finish, start, say("B"));
    const got: UIMessageChunk[] = [];
    const chunks = await transport.reconnectToStream({ chatId: "chat" });
    const over = (async () => {
      for await (const chunk of chunks ?? []) got.push(chunk);
    })();
    await stream.advance();
    expect(got).toEqual([start, say("B")]);
    await stream.push(finish);
    await over;
    expect(got).toEqual([start, say("B"), finish]);
    expect(await transport.reconnectToStream({ chatId: "chat" })).toBe(null);
  });

  test("there is nothing to resume where none was", async () => {
    expect(await begin({ load: () => ({ ...saved, isAnswering: false }) }).resume()).toBe(null);
    expect(await begin({ load: () => undefined }).resume()).toBe(null);
    expect(await begin().resume()).toBe(null);
  });

  test("an answer that was awaited is not the next question's", async () => {
    const { stream, ask, saved: told } = begin({ load: () => ({ ...saved, runId: stream.runId }) });
    await stream.push(start, say("A"));
    const next = await ask("b");
    expect(told.at(-1)).toMatchObject({ unwanted: 1 });
    await stream.push(finish, start, say("B"), finish);
    await next.over;
    expect(next.got).toEqual([start, say("B"), finish]);
  });
});

describe("what goes wrong", () => {
  test("an error chunk ends the answer, and what follows it is passed over", async () => {
    const { stream, ask } = begin();
    const first = await ask("a");
    const error: UIMessageChunk = { type: "error", errorText: "no" };
    await stream.push(start, error, finish);
    await first.over;
    expect(first.got).toEqual([start, error]);
    const second = await ask("b");
    await stream.push(start, finish);
    await second.over;
    expect(second.got).toEqual([start, finish]);
  });

  test("a stream that cannot be read on is an error of the answer, which may be read again", async () => {
    const { stream, ask, resume } = begin();
    const first = await ask("a");
    await stream.push(start, say("A"));
    await stream.fail("unauthorized");
    await expect(first.over).rejects.toMatchObject({ code: "unauthorized" });
    stream.recover();
    const again = await resume();
    await stream.push(finish);
    await again?.over;
    expect(again?.got).toEqual([start, say("A"), finish]);
  });

  test("a run that has nothing is an error", async () => {
    const { stream, ask } = begin();
    await stream.fail(204);
    const { over } = await ask("a");
    await stream.advance();
    await expect(over).rejects.toMatchObject({ code: "rejected" });
  });

  test("without a token it says so", async () => {
    const transport = createChatTransport({ stream: answers, send: async () => ({ runId: "run_1" }) });
    const request = { chatId: "chat", messageId: undefined, messages: [], abortSignal: undefined };
    const chunks = await transport.sendMessages({ trigger: "submit-message", ...request });
    await expect(chunks.getReader().read()).rejects.toMatchObject({ code: "not-ready" });
  });

  test("a prompt that cannot be sent asks for nothing", async () => {
    const save = vi.fn();
    const send = () => Promise.reject(new Error("mine"));
    const transport = createChatTransport({ stream: answers, send, save });
    const request = { chatId: "chat", messageId: undefined, messages: [], abortSignal: undefined };
    await expect(transport.sendMessages({ trigger: "submit-message", ...request })).rejects.toThrow("mine");
    expect(save).not.toHaveBeenCalled();
  });

  test("a reader that leaves closes the connection", async () => {
    const { stream, transport } = begin();
    const request = { chatId: "chat", messageId: undefined, messages: [], abortSignal: undefined };
    const chunks = await transport.sendMessages({ trigger: "submit-message", ...request });
    await stream.push(start);
    expect(stream.readers).toBe(1);
    await chunks.cancel();
    await stream.advance();
    expect(stream.readers).toBe(0);
  });
});

test("another run is read from its beginning, with the token that came with it", async () => {
  const [one, two] = [createTestStream(answers), createTestStream(answers)];
  const runs = [one, two];
  const transport = createChatTransport({
    stream: answers,
    send: async () => {
      const { runId, auth } = runs.shift() as typeof one;
      return { runId, ...auth };
    },
  });
  for (const stream of [one, two]) {
    await stream.push(start, say(stream.runId), finish);
    const request = { chatId: "chat", messageId: undefined, messages: [], abortSignal: undefined };
    const chunks = await transport.sendMessages({ trigger: "submit-message", ...request });
    const got: UIMessageChunk[] = [];
    const over = (async () => {
      for await (const chunk of chunks) got.push(chunk);
    })();
    await stream.advance();
    await over;
    expect(got).toEqual([start, say(stream.runId), finish]);
  }
});
