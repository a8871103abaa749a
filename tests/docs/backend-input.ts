import { expect } from "vitest";
import { inFunction, type Page, run } from "./entries.ts";

const INPUTS = "Defining Input Streams #1";
const CANCEL = "Complete example: Cancellable AI streaming #1";

const post = (body: object) => new Request("http://localhost/api", { method: "POST", body: JSON.stringify(body) });

export const backendInput: Page = {
  page: "realtime/backend/input-streams.mdx",
  entries: {
    "Using defined input streams (Recommended) #1": run(
      "1ebde037",
      { streams: INPUTS, around: inFunction("runId: string") },
      async (stage, load) => {
        await (await load()).fragment(stage.runId);
        expect(stage.sent("cancel")).toEqual([{ reason: "User clicked stop" }]);
        expect(stage.sent("approval")).toEqual([{ approved: true, reviewer: "alice@example.com" }]);
      },
    ),
    "Cancel from a Next.js API route #1": run("c80d1386", { streams: CANCEL }, async (stage, load) => {
      const response: Response = await (await load()).POST(post({ runId: stage.runId }));
      expect(await response.json()).toEqual({ cancelled: true });
      expect(stage.sent("cancel")).toEqual([{ reason: "User clicked stop" }]);
    }),
    "Approval workflow API #1": run("d534a6ce", { streams: INPUTS }, async (stage, load) => {
      const body = { runId: stage.runId, approved: false, reviewer: "bob" };
      const response: Response = await (await load()).POST(post(body));
      expect(await response.json()).toEqual({ success: true });
      expect(stage.sent("approval")).toEqual([{ approved: false, reviewer: "bob" }]);
    }),
    "Remix action handler #1": run("074dad16", { streams: INPUTS }, async (stage, load) => {
      const body = new URLSearchParams({ runId: stage.runId, approved: "true", reviewer: "bob" });
      const request = new Request("http://localhost/api", { method: "POST", body });
      expect(await (await (await load()).action({ request })).json()).toEqual({ success: true });
      expect(stage.sent("approval")).toEqual([{ approved: true, reviewer: "bob" }]);
    }),
    "Express handler #1": run("7d2c3d71", { streams: INPUTS, around: ["", "export { app };"] }, async (stage, load) => {
      const body = { runId: stage.runId, reason: "enough" };
      expect(await (await load()).app.request("/api/cancel", body)).toEqual({ cancelled: true });
      expect(stage.sent("cancel")).toEqual([{ reason: "enough" }]);
    }),
    "Sending from another task #1": run("c631a4cc", { streams: INPUTS }, async (stage, load) => {
      const targetRunId = stage.runId;
      stage.runId = stage.server.createRun().id;
      await stage.perform((await load()).reviewerTask, { targetRunId });
      expect(stage.sent("approval")).toEqual([]);
      stage.runId = targetRunId;
      expect(stage.sent("approval")).toEqual([{ approved: true, reviewer: "auto-reviewer" }]);
    }),
    "Error handling #1": run(
      "c6e2cba2",
      {
        streams: INPUTS,
        around: inFunction("runId: string"),
        patch: { 'console.error("Failed to send:", error);': "return error;" },
      },
      async (stage, load) => {
        const { fragment } = await load();
        expect(await fragment(stage.runId)).toBeUndefined();
        stage.server.completeRun(stage.runId);
        expect(await fragment(stage.runId)).toMatchObject({
          code: "rejected",
          message: expect.stringContaining("Cannot send to input stream on a completed run"),
        });
      },
    ),
  },
};
