import { expect } from "vitest";
import { inComponent, leaveOut, type Page, run } from "./entries.ts";
import { eventually } from "./stage.ts";

const AI = "Creating a Defined Stream #1";
const INPUTS = "Defining Input Streams #1";
const HOOK = 'import { useRealtimeStream } from "@trigger.dev/react-hooks";';
const SEND = 'import { useInputStreamSend } from "@trigger.dev/react-hooks";';
const PROPS = { runId: "string", accessToken: "string" };

export const hooks: Page = {
  page: "realtime/react-hooks/streams.mdx",
  entries: {
    "Basic Usage #1": run("b9dae8c6", {}, async (stage, load) => {
      stage.append("ai-output", "Hello", " ", "world");
      const { StreamViewer } = await load();
      const page = await stage.render(StreamViewer, { publicAccessToken: await stage.token(), runId: stage.runId });
      await page.shows("Hello world");
    }),
    "With Defined Streams #1": run("a9871c6f", { streams: AI }, async (stage, load) => {
      stage.append("ai-output", "Hello", " ", "world");
      const { StreamViewer } = await load();
      const page = await stage.render(StreamViewer, { publicAccessToken: await stage.token(), runId: stage.runId });
      await page.shows("Hello world");
      expect(stage.printed).toEqual(["Hello", " ", "world"].map((part) => ["New chunk:", part]));
    }),
    "Streaming AI Responses #1": run("c5cedb31", { streams: AI }, async (stage, load) => {
      const { AIStreamViewer } = await load();
      const page = await stage.render(AIStreamViewer, { publicAccessToken: await stage.token(), runId: stage.runId });
      stage.append("ai-output", "Hello", " ", "world");
      await page.shows("Hello world");
    }),
    "Options #1": run(
      "62235e43",
      {
        imports: [HOOK],
        around: inComponent({
          streamOrRunId: "string",
          streamKeyOrOptions: "string",
          accessToken: "string",
          baseURL: "string",
        }),
        patch: { 'accessToken: "pk_..."': "accessToken", 'baseURL: "https://api.trigger.dev"': "baseURL" },
      },
      async (stage, load) => {
        const parts = Array.from({ length: 101 }, (_, i) => i);
        stage.append("numbers", ...parts);
        const { Fragment } = await load();
        const page = await stage.render(Fragment, {
          streamOrRunId: stage.runId,
          streamKeyOrOptions: "numbers",
          accessToken: await stage.token(),
          baseURL: stage.server.url,
        });
        await page.shows(parts.slice(1).join("|"));
      },
    ),
    "Live view: start from the latest record #1": run("92a88a67", {}, async (stage, load) => {
      stage.append("frames", { url: "http://localhost/old.png" });
      const { LatestFrame } = await load();
      const page = await stage.render(LatestFrame, { runId: stage.runId, accessToken: await stage.token() });
      const shown = () => [...page.container.querySelectorAll("img")].map(({ src }) => src);
      await eventually(() => expect(stage.readRequests("frames")[0]?.status).toBe(200));
      expect(stage.readRequests("frames")[0]?.headers["x-trigger-stream-start"]).toBe("latest");
      expect(shown()).toEqual([]);
      stage.append("frames", { url: "http://localhost/1.png" }, { url: "http://localhost/2.png" });
      await eventually(() => expect(shown()).toEqual(["http://localhost/2.png"]));
    }),
    "Resume across a page reload #1": run(
      "46893799",
      { imports: [HOOK], around: inComponent(PROPS) },
      async (stage, load) => {
        const { Fragment } = await load();
        const props = { runId: stage.runId, accessToken: await stage.token() };
        stage.append("frames", { url: "a" }, { url: "b" });
        const first = await stage.render(Fragment, props);
        await first.shows('{"url":"a"}|{"url":"b"}');
        first.unmount();
        stage.append("frames", { url: "c" });
        const second = await stage.render(Fragment, props);
        await second.shows('{"url":"c"}');
        expect(stage.readRequests("frames").map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "1"]);
      },
    ),
    "Refresh an expired access token #1": run(
      "0a9894d9",
      { imports: [HOOK], around: inComponent(PROPS) },
      async (stage, load) => {
        stage.append("frames", { url: "a" });
        const asked = stage.serveToken("/api/realtime-token");
        const { Fragment } = await load();
        const page = await stage.render(Fragment, { runId: stage.runId, accessToken: await stage.expiredToken() });
        await page.shows('{"url":"a"}');
        expect(asked).toHaveBeenCalledTimes(1);
      },
    ),
    "Using Default Stream #1": run(
      "638e9e78",
      { imports: [HOOK], around: inComponent({ runId: "string", publicAccessToken: "string" }) },
      async (stage, load) => {
        stage.append("default", "a", "b");
        const { Fragment } = await load();
        const page = await stage.render(Fragment, { runId: stage.runId, publicAccessToken: await stage.token() });
        await page.shows('"a"|"b"');
      },
    ),
    "Basic usage #1": run("90a0ae7d", { streams: INPUTS }, async (stage, load) => {
      const { ApprovalForm } = await load();
      const page = await stage.render(ApprovalForm, { runId: stage.runId, accessToken: await stage.token() });
      const button = page.container.querySelector("button") as HTMLButtonElement;
      expect(button.disabled).toBe(false);
      button.click();
      await eventually(() => expect(stage.sent("approval")).toEqual([{ approved: true, reviewer: "alice" }]));
    }),
    "Basic usage #2": run(
      "8ae26d31",
      {
        imports: [SEND, 'import { useEffect } from "react";'],
        around: inComponent(PROPS, '"sent"'),
        patch: {
          'send({ approved: true, reviewer: "alice" });':
            'useEffect(() => void send({ approved: true, reviewer: "alice" }), []);',
        },
      },
      async (stage, load) => {
        const { Fragment } = await load();
        await stage.render(Fragment, { runId: stage.runId, accessToken: await stage.token() });
        await eventually(() => expect(stage.sent("approval")).toEqual([{ approved: true, reviewer: "alice" }]));
      },
    ),
    ...leaveOut("useRealtimeRunWithStreams subscribes to the run, not to a stream", {
      "useRealtimeRunWithStreams #1": "47d9d30e",
      "useRealtimeRunWithStreams #2": "35a7c85e",
      "useRealtimeRunWithStreams #3": "88ad3da0",
      "Streaming AI responses with useRealtimeRunWithStreams #1": "0fe44eb2",
      "AI SDK with tools #1": "4c94b491",
      "Throttling updates #1": "d63258e5",
    }),
  },
};
