import { expect, vi } from "vitest";
import { leaveOut, type Page, run, type Test } from "./entries.ts";
import { nextRequest } from "./fixtures/next-server.ts";
import { eventually } from "./stage.ts";

const AI = "Creating a Defined Stream #1";
const PARTS = ["Hello", " ", "world"];

/** A function that reads a stream of a run and prints each part. */
const prints =
  (name: string, key = "ai-output"): Test =>
  async (stage, load) => {
    stage.append(key, ...PARTS);
    stage.endReading(key);
    await (await load())[name](stage.runId);
    expect(stage.printed.slice(0, PARTS.length)).toEqual(PARTS.map((part) => ["Received chunk:", part]));
  };

const exported = (name: string) => ["", `export { ${name} };`] as const;

export const backendStreams: Page = {
  page: "realtime/backend/streams.mdx",
  entries: {
    "Using defined streams (Recommended) #1": run(
      "d8a55735",
      { streams: AI, around: exported("consumeStream") },
      async (stage, load) => {
        await prints("consumeStream")(stage, load);
        expect(stage.printed.at(-1)).toEqual(["Final text:", "Hello world"]);
      },
    ),
    "Direct stream reading #1": run("48f3ab8a", { around: exported("consumeStream") }, prints("consumeStream")),
    "Reading from the default stream #1": run(
      "cccfb32b",
      { around: exported("consumeDefaultStream") },
      prints("consumeDefaultStream", "default"),
    ),
    "Timeout #1": run("db354812", { streams: AI, around: exported("consumeWithTimeout") }, async (stage, load) => {
      await prints("consumeWithTimeout")(stage, load);
      expect(stage.readRequests("ai-output")[0]?.headers["timeout-seconds"]).toBe("120");
    }),
    "Start index #1": run("64297682", { streams: AI, around: exported("resumeStream") }, async (stage, load) => {
      stage.append("ai-output", ...PARTS);
      stage.endReading("ai-output", { start: 1 });
      await (await load()).resumeStream(stage.runId, 0);
      expect(stage.printed).toEqual(PARTS.slice(1).map((part) => ["Received chunk:", part]));
    }),
    "Start from latest #1": run("45c77273", { streams: AI, around: exported("watchLive") }, async (stage, load) => {
      stage.append("ai-output", "old");
      stage.server.faults.add({ kind: "end", afterRecords: 1 }, { kind: "status", status: 204 });
      const watched = (await load()).watchLive(stage.runId);
      await eventually(() => expect(stage.readRequests("ai-output")[0]?.status).toBe(200));
      stage.append("ai-output", "new");
      await watched;
      expect(stage.printed).toEqual([["Received chunk:", "new"]]);
    }),
    "Abort signal #1": run(
      "5f9eb169",
      { streams: AI, around: exported("consumeWithCancellation") },
      async (stage, load) => {
        vi.useFakeTimers({ toFake: ["setTimeout"], shouldAdvanceTime: false });
        try {
          const { consumeWithCancellation } = await load();
          stage.append("ai-output", "a", "STOP");
          await consumeWithCancellation(stage.runId);
        } finally {
          vi.useRealTimers();
        }
        expect(stage.printed.slice(0, 2)).toEqual([
          ["Received chunk:", "a"],
          ["Received chunk:", "STOP"],
        ]);
        expect(stage.printed).not.toContainEqual(["Received chunk:", "c"]);
      },
    ),
    "Combining options #1": run(
      "8f1e915c",
      { streams: AI, around: exported("advancedStreamConsumption") },
      prints("advancedStreamConsumption"),
    ),
    "Reading AI streaming responses #1": run(
      "d9a36cb4",
      { streams: AI, around: exported("consumeAIStream") },
      async (stage, load) => {
        stage.append("ai-output", ...PARTS);
        stage.endReading("ai-output");
        const result = await (await load()).consumeAIStream(stage.runId);
        expect(result).toEqual({ fullResponse: "Hello world", chunks: PARTS });
      },
    ),
    "Reading multiple streams #1": run(
      "202670ae",
      {
        streams: "Creating a Defined Stream #2",
        imports: ['import type { AsyncIterableStream } from "@trigger.dev/core/v3";'],
        around: exported("consumeMultipleStreams"),
      },
      async (stage, load) => {
        const [aiData, progressData] = [[{ type: "start" }], [{ step: "a", percent: 1 }]];
        stage.append("ai", ...aiData);
        stage.append("progress", ...progressData);
        stage.endReading("ai");
        stage.endReading("progress");
        expect(await (await load()).consumeMultipleStreams(stage.runId)).toEqual({ aiData, progressData });
      },
    ),
    "Piping streams to HTTP responses #1": run("1b431b48", { streams: AI }, async (stage, load) => {
      const { GET } = await load();
      expect((await GET(nextRequest("http://localhost/api"))).status).toBe(400);
      stage.append("ai-output", ...PARTS);
      stage.endReading("ai-output");
      const response: Response = await GET(nextRequest(`http://localhost/api?runId=${stage.runId}`));
      expect(response.headers.get("content-type")).toBe("text/event-stream");
      expect(await response.text()).toBe(PARTS.map((chunk) => `data: ${JSON.stringify({ chunk })}\n\n`).join(""));
    }),
    "Implementing retry logic #1": run(
      "2b674532",
      { streams: AI, around: exported("consumeStreamWithRetry") },
      async (stage, load) => {
        stage.append("ai-output", ...PARTS);
        stage.server.faults.add({ kind: "status", status: 400 });
        stage.endReading("ai-output");
        expect(await (await load()).consumeStreamWithRetry(stage.runId)).toEqual(PARTS);
        expect(stage.printed).toHaveLength(1);
      },
    ),
    "Processing streams in chunks #1": run(
      "4791133d",
      { streams: AI, around: exported("processStreamInBatches") },
      async (stage, load) => {
        stage.append("ai-output", ...Array.from({ length: 12 }, (_, i) => `${i}`));
        stage.endReading("ai-output");
        await (await load()).processStreamInBatches(stage.runId);
        expect(stage.printed).toEqual([["Processing batch of 10 chunks"], ["Processing batch of 2 chunks"]]);
      },
    ),
    ...leaveOut("runs.subscribeToRun subscribes to the run, not to a stream", {
      "Using with `runs.subscribeToRun()` #1": "1e67e64b",
    }),
  },
};
