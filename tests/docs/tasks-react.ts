// The hooks in tasks/streams.mdx.
import { expect } from "vitest";
import { type Entry, inComponent, run } from "./entries.ts";
import { data } from "./fixtures/app.ts";
import { words } from "./fixtures/openai.ts";

const AI = "Creating a Defined Stream #1";
const HOOK = 'import { useRealtimeStream } from "@trigger.dev/react-hooks";';
const PROPS = { runId: "string", accessToken: "string" };

/** What an `inComponent` shows of what `getDataStream` gives. */
const JSON_OF_DATA = data.map((part) => JSON.stringify(part)).join("|");

export const tasksReact: Record<string, Entry> = {
  "Using Defined Streams in React #1": run("8a23f5b8", { streams: AI }, async (stage, load) => {
    const { StreamViewer } = await load();
    const page = await stage.render(StreamViewer, { accessToken: await stage.token(), runId: stage.runId });
    stage.append("ai-output", "Hello", " ", "world");
    await page.shows("Hello world");
  }),
  "With Defined Streams (Recommended) #1": run("6b9b6442", { streams: AI }, async (stage, load) => {
    stage.append("ai-output", "Hello", " ", "world");
    const { StreamViewer } = await load();
    const page = await stage.render(StreamViewer, { accessToken: await stage.token(), runId: stage.runId });
    await page.shows("Hello world");
    expect(stage.printed).toEqual(["Hello", " ", "world"].map((part) => ["New chunk:", part]));
    expect(stage.readRequests("ai-output")[0]?.headers["timeout-seconds"]).toBe("600");
  }),
  "With Direct Stream Keys #1": run("ecc26d38", {}, async (stage, load) => {
    stage.append("ai-output", "Hello", " ", "world");
    const { StreamViewer } = await load();
    const page = await stage.render(StreamViewer, { accessToken: await stage.token(), runId: stage.runId });
    await page.shows("Hello world");
  }),
  "Using Default Stream #1": run("609acdfd", { imports: [HOOK], around: inComponent(PROPS) }, async (stage, load) => {
    stage.append("default", "a", "b");
    const page = await stage.render((await load()).Fragment, { accessToken: await stage.token(), runId: stage.runId });
    await page.shows('"a"|"b"');
  }),
  "Hook Options #1": run(
    "ced7534d",
    {
      streams: AI,
      imports: [HOOK, 'import { aiStream as streamDef } from "./streams";'],
      around: inComponent({ ...PROPS, baseURL: "string" }),
      patch: { 'accessToken: "pk_..."': "accessToken", 'baseURL: "https://api.trigger.dev"': "baseURL" },
    },
    async (stage, load) => {
      stage.append("ai-output", "a", "b");
      const { Fragment } = await load();
      const props = { baseURL: stage.server.url, accessToken: await stage.token(), runId: stage.runId };
      const page = await stage.render(Fragment, props);
      await page.shows('"a"|"b"');
      expect(stage.readRequests("ai-output")[0]?.headers["timeout-seconds"]).toBe("60");
    },
  ),
  "Frontend component #1": run(
    "ea63fffa",
    {
      streams: "Define the stream #1",
      // A chunk of a message is an object, which React shows no more than TypeScript lets it.
      patch: { "{part}</span>": '{part.type === "text-delta" && part.delta}</span>' },
    },
    async (stage, load) => {
      const { AIStream } = await load();
      const { generateAI } = await load("Create the task #1");
      const page = await stage.render(AIStream, { accessToken: await stage.token(), runId: stage.runId });
      await stage.perform(generateAI, { prompt: "a story" });
      await page.shows(words.join(""));
    },
  ),
  "Step 3: Update Your Frontend #1": run(
    "5fec658d",
    { imports: [HOOK], around: inComponent(PROPS) },
    async (stage, load) => {
      await stage.perform((await load("Step 2: Update Your Tasks #2")).myTask, {});
      const { Fragment } = await load();
      const page = await stage.render(Fragment, { accessToken: await stage.token(), runId: stage.runId });
      await page.shows(JSON_OF_DATA);
    },
  ),
  "Step 3: Update Your Frontend #2": run(
    "038b568d",
    { streams: "Step 1: Define Your Streams #1", imports: [HOOK], around: inComponent(PROPS) },
    async (stage, load) => {
      await stage.perform((await load("Step 2: Update Your Tasks #2")).myTask, {});
      const { Fragment } = await load();
      const page = await stage.render(Fragment, { accessToken: await stage.token(), runId: stage.runId });
      await page.shows(JSON_OF_DATA);
    },
  ),
};
