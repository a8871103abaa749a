import { expect } from "vitest";
import { inFunction, leaveOut, type Page, run } from "./entries.ts";
import { answer, data, setRunId } from "./fixtures/app.ts";
import { words } from "./fixtures/openai.ts";
import { collect, eventually } from "./stage.ts";
import { tasksInput } from "./tasks-input.ts";
import { tasksReact } from "./tasks-react.ts";

const AI = "Creating a Defined Stream #1";
const THREE = "Creating a Defined Stream #2";
const MINE = "Step 1: Define Your Streams #1";

const STREAM_FROM = {
  imports: ['import { streamFrom } from "fixtures/platform";'],
  patch: { "ReadableStream.from(": "streamFrom(" },
};

/** Compiles if a value is of the type, and another one is not. */
const typed = (type: string, value: string, other: string) =>
  `export const is${type} = ${value} satisfies ${type};\n// @ts-expect-error\nexport const isNo${type} = ${other} satisfies ${type};`;

const PARTS_ARE_TYPED = [
  typed("AIStreamPart", '{ type: "text-delta", id: "1", delta: "a" } as const', '{ type: "text" }'),
  typed("ProgressStreamPart", '{ step: "one", percent: 1 }', '{ step: "one", percent: "1" }'),
  typed("LogStreamPart", '"text"', "1"),
].join("\n");

const entries: Page["entries"] = {
  [AI]: run("5e728cc9", { around: ["", typed("AIStreamPart", '"text"', "1")] }, async (_, load) => {
    expect((await load()).aiStream.id).toBe("ai-output");
  }),
  [THREE]: run("b084db7a", { around: ["", PARTS_ARE_TYPED] }, async (_, load) => {
    const { aiStream, progressStream, logStream } = await load();
    expect([aiStream.id, progressStream.id, logStream.id]).toEqual(["ai", "progress", "logs"]);
  }),
  "Using Defined Streams in Tasks #1": run("0655e4f0", { streams: AI }, async (stage, load) => {
    const output = await stage.perform((await load()).streamTask, { prompt: "why?" });
    expect(output).toEqual({ message: "Stream completed" });
    expect(stage.printed).toEqual(answer("why?").map((part) => ["Received chunk:", part]));
    expect(await stage.parts("ai-output")).toEqual(answer("why?"));
  }),
  "Reading from a Stream #1": run(
    "94defd31",
    { streams: AI, around: inFunction("runId: string") },
    async (stage, load) => {
      stage.append("ai-output", "a", "b", "c");
      stage.endReading("ai-output");
      await (await load()).fragment(stage.runId);
      expect(stage.printed).toEqual([["a"], ["b"], ["c"]]);
    },
  ),
  "Reading from a Stream #2": run(
    "e9ea5f3a",
    {
      streams: AI,
      imports: ['import { aiStream } from "./streams";'],
      around: inFunction("runId: string", "return stream;"),
    },
    async (stage, load) => {
      stage.append("ai-output", ...Array.from({ length: 12 }, (_, i) => `${i}`));
      stage.endReading("ai-output", { start: 10 });
      expect(await collect(await (await load()).fragment(stage.runId))).toEqual(["10", "11"]);
      expect(stage.readRequests("ai-output")[0]?.headers["timeout-seconds"]).toBe("60");
    },
  ),
  "Appending to a Stream #1": run("968dc598", { streams: THREE }, async (stage, load) => {
    await stage.perform((await load()).appendTask, {});
    expect(await stage.parts("logs")).toEqual(["Processing started", "Step 1 complete", "All steps complete"]);
    expect(await stage.parts("progress")).toEqual([
      { step: "Initialization", percent: 0 },
      { step: "Processing", percent: 50 },
      { step: "Complete", percent: 100 },
    ]);
  }),
  "Writing Multiple Chunks #1": run("b1e2bbb2", { streams: THREE, ...STREAM_FROM }, async (stage, load) => {
    await stage.perform((await load()).writerTask, {});
    expect(await stage.parts("logs")).toEqual(["Chunk 1", "Chunk 2", "Chunk 3", "Chunk 4", "Chunk 5"]);
  }),
  "Direct Piping #1": run("95c3bfdf", {}, async (stage, load) => {
    await stage.perform((await load()).directStreamTask, { prompt: "how?" });
    expect(await stage.parts("ai-output")).toEqual(answer("how?"));
  }),
  "Direct Reading #1": run("a861da72", { around: inFunction("runId: string") }, async (stage, load) => {
    stage.append("ai-output", "a", { b: 1 });
    stage.endReading("ai-output");
    await (await load()).fragment(stage.runId);
    expect(stage.printed).toEqual([["a"], [{ b: 1 }]]);
  }),
  "Direct Appending #1": run("00591a10", {}, async (stage, load) => {
    await stage.perform((await load()).directAppendTask, {});
    expect(await stage.parts("logs")).toEqual(["Processing started", "Complete"]);
    expect(await stage.parts("progress")).toEqual(["50%"]);
  }),
  "Direct Writing #1": run("a2379df6", {}, async (stage, load) => {
    await stage.perform((await load()).directWriterTask, {});
    expect(await stage.parts("output")).toEqual(["Chunk 1", "Chunk 2"]);
  }),
  "Default Stream #1": run(
    "2e7cf48c",
    { imports: ['import { runId } from "fixtures/app";'], around: ["", "export { readStream };"] },
    async (stage, load) => {
      stage.append("default", "zero");
      setRunId(stage.runId);
      const { defaultStreamTask, readStream } = await load();
      await stage.perform(defaultStreamTask, {});
      const parts = [];
      for await (const part of readStream) {
        parts.push(part);
        if (parts.length === 4) break;
      }
      expect(parts).toEqual(["zero", ...data]);
      expect(await stage.parts("default")).toEqual(parts);
    },
  ),
  "With Defined Streams #1": run("13553626", { streams: THREE }, async (stage, load) => {
    const [parentId, rootId, otherRunId] = [0, 1, 2].map(() => stage.server.createRun().id) as [string, string, string];
    await stage.perform((await load()).childTask, { otherRunId }, { parentId, rootId });
    for (const id of [parentId, rootId, stage.runId, otherRunId]) expect(await stage.parts("logs", id)).toEqual(data);
  }),
  "With Direct Methods #1": run("c0052de8", {}, async (stage, load) => {
    const [parentId, rootId, otherRunId] = [0, 1, 2].map(() => stage.server.createRun().id) as [string, string, string];
    await stage.perform((await load()).childTask, { otherRunId }, { parentId, rootId });
    for (const id of [parentId, rootId, otherRunId]) expect(await stage.parts("output", id)).toEqual(data);
    expect(stage.server.records(stage.runId, "output")).toEqual([]);
  }),
  "Streaming from Outside a Task #1": run("87d452d8", {}, async (stage, load) => {
    const body = JSON.stringify({ messages: [{ role: "user", content: "a story" }], runId: stage.runId });
    const response: Response = await (await load()).POST(new Request("http://localhost/api", { method: "POST", body }));
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const events = (await response.text()).trim().split("\n\n");
    // The answer does not wait for the run's server.
    await eventually(() => expect(stage.server.records(stage.runId, "ai-stream")).toHaveLength(events.length));
    const parts = await stage.parts("ai-stream");
    expect(events.map((event) => JSON.parse(event.replace("data: ", "")))).toEqual(parts);
    expect(textOf(parts)).toBe(words.join(""));
  }),
  "Define the stream #1": run("fd8dee41", {}, async (_, load) => {
    expect((await load()).aiStream.id).toBe("ai");
  }),
  "Create the task #1": run("a2baa51b", { streams: "Define the stream #1" }, async (stage, load) => {
    expect(await stage.perform((await load()).generateAI, { prompt: "a story" })).toEqual({ success: true });
    const parts = await stage.parts("ai");
    expect(textOf(parts)).toBe(words.join(""));
    expect(parts.at(-1)).toMatchObject({ type: "finish" });
  }),
  [MINE]: run("df101553", {}, async (_, load) => {
    expect((await load()).myStream.id).toBe("my-stream");
  }),
  "Step 2: Update Your Tasks #2": run("010e90ee", { streams: MINE }, async (stage, load) => {
    await stage.perform((await load()).myTask, {});
    expect(await stage.parts("my-stream")).toEqual(data);
  }),
  ...leaveOut("what is migrated from: metadata.stream of before 4.1.0", { "Step 2: Update Your Tasks #1": "f1238ff3" }),
  "Alternative: Direct Methods (Not Recommended) #1": run("9cf4b3a4", {}, async (stage, load) => {
    await stage.perform((await load()).myTask, {});
    expect(await stage.parts("my-stream")).toEqual(data);
  }),
};

export const tasks: Page = { page: "tasks/streams.mdx", entries: { ...entries, ...tasksReact, ...tasksInput } };

/** The text in the chunks of an AI SDK's message. */
function textOf(parts: unknown[]): string {
  const deltas = parts as Array<{ type: string; delta?: string }>;
  return deltas.map(({ type, delta }) => (type === "text-delta" ? delta : "")).join("");
}
