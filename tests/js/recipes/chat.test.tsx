// The example with the AI SDK: its chat, in React, with its agent, over the dev server.
// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { type LanguageModel, readUIMessageStream, type UIMessage, type UIMessageChunk } from "ai";
import { MockLanguageModelV3, simulateReadableStream } from "ai/test";
import { withRun } from "runstream";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { agent } from "../../../examples/ai-sdk/agent.ts";
import { Chat } from "../../../examples/ai-sdk/Chat.tsx";
import { prompts } from "../../../examples/ai-sdk/streams.ts";
import { type DevServer, startDevServer } from "../../../js/dev-server/server.ts";
import { lastMessage } from "./read-message.ts";

let server: DevServer;
let runId: string;
let client: { baseURL: string; accessToken: string };

beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  runId = server.createRun().id;
  client = { baseURL: server.url, accessToken: server.secretKey };
  sessionStorage.clear();
});
afterEach(async () => {
  cleanup();
  await server.close();
});

type ModelChunk =
  Awaited<ReturnType<MockLanguageModelV3["doStream"]>>["stream"] extends ReadableStream<infer Chunk> ? Chunk : never;

/** Says its answers, one a prompt, a word at a time. */
function model(answers: Array<string[] | undefined>, chunkDelayInMs = 5): LanguageModel {
  return new MockLanguageModelV3({
    doStream: async ({ abortSignal: signal }) => {
      const words = answers.shift();
      if (!words) throw new Error("the model has no answer");
      const chunks: ModelChunk[] = [
        { type: "stream-start", warnings: [] },
        { type: "text-start", id: "1" },
        ...words.map((delta) => ({ type: "text-delta" as const, id: "1", delta })),
        { type: "text-end", id: "1" },
        {
          type: "finish",
          finishReason: { unified: "stop", raw: undefined },
          usage: {
            inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
            outputTokens: { total: words.length, text: words.length, reasoning: undefined },
          },
        },
      ];
      const spoken = simulateReadableStream({ chunkDelayInMs, chunks });
      return { stream: spoken.pipeThrough(new TransformStream(), { signal: signal ?? new AbortController().signal }) };
    },
  });
}

/** Runs the agent as the work of the run, until the test is over. */
function work(answers: Array<string[] | undefined>, delay?: number) {
  const over = new AbortController();
  const working = withRun({ id: runId, ...client }, () => agent(model(answers, delay), over.signal));
  onTestFinished(async () => {
    over.abort();
    await expect(working).rejects.toThrow("aborted");
  });
}

const show = (past: UIMessage[] = []) => render(<Chat runId={runId} client={client} past={past} />);
const shown = () => [...document.querySelectorAll("p")].map((line) => line.textContent);
const status = () => document.querySelector("output")?.textContent;

async function ask(text: string) {
  await waitFor(() => expect(["ready", "error"]).toContain(status()), LONG);
  const input = document.querySelector("input") as HTMLInputElement;
  fireEvent.change(input, { target: { value: text } });
  fireEvent.submit(document.querySelector("form") as HTMLFormElement);
}
const LONG = { timeout: 10_000 };
const shows = (lines: string[]) =>
  waitFor(() => {
    expect(shown()).toEqual(lines);
    expect(status()).toBe("ready");
  }, LONG);

/** What the agent wrote, as it stands on the server. */
const written = (): UIMessageChunk[] =>
  server.records(runId, "answers").map((record) => JSON.parse((record as { body: string }).body).data);
const words = (n: number) => Array.from({ length: n }, (_, i) => `${i} `);

test("two questions get their answers, over connections that are cut, as the AI SDK itself puts them together", async () => {
  work([words(60), ["Bye"]]);
  show();
  await ask("Count");
  await waitFor(() => expect(shown()[1]).toContain("10 "), LONG);
  server.cut();
  await waitFor(() => expect(shown()[1]).toContain("30 "), LONG);
  server.cut();
  const counted = `assistant: ${words(60).join("")}`;
  await shows(["user: Count", counted]);
  await ask("Leave");
  await shows(["user: Count", counted, "user: Leave", "assistant: Bye"]);

  const chunks = written();
  const second = chunks.findLastIndex(({ type }) => type === "start");
  const assembled = await Promise.all(
    [chunks.slice(0, second), chunks.slice(second)].map((answer) => last(streamOf(answer))),
  );
  const texts = assembled.map(({ parts }) => parts.map((part) => (part.type === "text" ? part.text : "")).join(""));
  expect(texts.map((text) => `assistant: ${text}`)).toEqual([counted, "assistant: Bye"]);
});

const streamOf = (chunks: UIMessageChunk[]) => simulateReadableStream({ chunks, chunkDelayInMs: null });

async function last(stream: ReadableStream<UIMessageChunk>): Promise<UIMessage> {
  let message: UIMessage | undefined;
  for await (const state of readUIMessageStream({ stream })) message = state;
  return message as UIMessage;
}

test("a stream of chunks is read into the message that the AI SDK makes of the same chunks", async () => {
  work([words(50)]);
  await prompts.send(runId, { id: "1", role: "user", parts: [{ type: "text", text: "Count" }] }, client);
  await waitFor(() => expect(written().at(-1)).toMatchObject({ type: "finish" }), LONG);
  const states: UIMessage[] = [];
  const message = await lastMessage(runId, { ...client, timeoutInSeconds: 1 }, (state) => states.push(state));
  expect(message).toEqual(await last(streamOf(written())));
  expect(states.length).toBeGreaterThan(50);
});

test("an answer that is stopped ends where it was, for the run as well, and the next one is whole", async () => {
  work([words(1_000), ["Fine"]], 20);
  show();
  await ask("Count");
  await waitFor(() => expect(shown()[1]).toContain("5 "), LONG);
  fireEvent.click(screen.getByText("Stop"));
  await waitFor(() => expect(status()).toBe("ready"), LONG);
  const stopped = shown();
  await waitFor(() => expect(written().at(-1)).toMatchObject({ type: "abort" }), LONG);
  expect(shown()).toEqual(stopped);
  await ask("Well");
  await shows([...(stopped as string[]), "user: Well", "assistant: Fine"]);
});

test("an answer that fails is an error of the chat, and the next one is whole", async () => {
  const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
  work([undefined, ["Fine"]]);
  show();
  await ask("Fail");
  await waitFor(() => expect(status()).toBe("error"), LONG);
  expect(screen.getByRole("alert").textContent).toBe("An error occurred.");
  expect(String(complaints.mock.calls)).toContain("the model has no answer");
  complaints.mockRestore();
  await ask("Again");
  await waitFor(() => expect(shown().slice(-2)).toEqual(["user: Again", "assistant: Fine"]), LONG);
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a page that is reloaded in the middle shows the rest", async () => {
  work([words(100), ["Bye"]], 20);
  const { unmount } = show();
  await ask("Count");
  await waitFor(() => expect(shown()[1]).toContain("10 "), LONG);
  unmount();
  show([{ id: "1", role: "user", parts: [{ type: "text", text: "Count" }] }]);
  await shows(["user: Count", `assistant: ${words(100).join("")}`]);
  await ask("Leave");
  await shows(["user: Count", `assistant: ${words(100).join("")}`, "user: Leave", "assistant: Bye"]);
});
