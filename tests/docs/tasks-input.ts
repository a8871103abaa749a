// The input streams in tasks/streams.mdx.
import { expect } from "vitest";
import { type Entry, inFunction, run } from "./entries.ts";
import { type Draft, notified, published } from "./fixtures/app.ts";
import { cancellable, Page } from "./fixtures/cancellable.tsx";
import { ENDLESS, words } from "./fixtures/openai.ts";
import { eventually, type Shown } from "./stage.ts";

const INPUTS = "Defining Input Streams #1";

export const tasksInput: Record<string, Entry> = {
  [INPUTS]: run("ff33cd1e", {}, async (_, load) => {
    const { cancelSignal, approval, userResponse } = await load();
    expect([cancelSignal.id, approval.id, userResponse.id]).toEqual(["cancel", "approval", "user-response"]);
  }),
  "Sending data to a running task #1": run(
    "547225f8",
    { streams: INPUTS, around: inFunction("runId: string") },
    async (stage, load) => {
      await (await load()).fragment(stage.runId);
      expect(stage.sent("cancel")).toEqual([{ reason: "User clicked stop" }]);
      expect(stage.sent("approval")).toEqual([{ approved: true, reviewer: "alice@example.com" }]);
    },
  ),
  "`wait()` — Suspend until data arrives #1": run("b024b5f4", { streams: INPUTS }, async (stage, load) => {
    const { publishPost } = await load();
    for (const approved of [true, false]) {
      stage.reset();
      const draft = { postId: stage.runId };
      const output = stage.perform(publishPost, draft);
      await eventually(() => expect(notified).toContainEqual(draft));
      expect(published).not.toContainEqual(draft);
      stage.server.appendInput(stage.runId, "approval", { approved, reviewer: "alice" });
      expect(await output).toEqual({ published: approved, reviewer: "alice" });
      expect(published.includes(notified.at(-1) as Draft)).toBe(approved);
    }
  }),
  "`once()` — Wait for the next value (non-suspending) #1": run(
    "723b8665",
    { streams: INPUTS, imports: ['import { approval } from "./streams";'], around: inFunction("") },
    async (stage, load) => {
      const { fragment } = await load();
      const done = stage.inRun(fragment);
      stage.server.appendInput(stage.runId, "approval", { approved: true, reviewer: "alice" });
      await done;
      expect(stage.printed).toEqual([[true]]);
    },
  ),
  "`on()` — Listen for every value #1": run(
    "c2629253",
    {
      streams: INPUTS,
      imports: [
        'import { cancelSignal } from "./streams";',
        'import { streamText } from "ai";',
        'import { openai, ENDLESS } from "fixtures/openai";',
      ],
      patch: { "{ ..., abortSignal": '{ model: openai("gpt-4o"), prompt: ENDLESS, abortSignal' },
      around: inFunction("", "return result.text.then(() => false, () => controller.signal.aborted);"),
    },
    async (stage, load) => {
      const { fragment } = await load();
      const isAborted = stage.inRun(fragment);
      stage.server.appendInput(stage.runId, "cancel", { reason: "enough" });
      expect(await isAborted).toBe(true);
      expect(stage.printed).toEqual([["Cancelled:", "enough"]]);
    },
  ),
  "`peek()` — Non-blocking check #1": run(
    "3b7cb495",
    {
      streams: INPUTS,
      imports: ['import { cancelSignal } from "./streams";'],
      around: inFunction("", "return latest;"),
    },
    async (stage, load) => {
      const { fragment } = await load();
      await stage.inRun(async () => {
        expect(await fragment()).toBeUndefined();
        stage.server.appendInput(stage.runId, "cancel", { reason: "enough" });
        await eventually(async () => expect(await fragment()).toEqual({ reason: "enough" }));
      });
    },
  ),
  // What the text around the block says of the task, the backend and the page is in the fixture.
  "Complete example: Cancellable AI streaming #1": run("a07683f9", {}, async (stage, load) => {
    const { aiOutput, cancelStream } = await load();
    const { POST } = await load("Cancel from a Next.js API route #1", "realtime/backend/input-streams.mdx");
    const ways = [
      (page: Shown) => page.container.querySelector("button")?.click(),
      () => POST(new Request("http://localhost/api", { method: "POST", body: JSON.stringify({ runId: stage.runId }) })),
    ];
    for (const cancel of ways) {
      stage.reset();
      const output = stage.perform(cancellable(aiOutput, cancelStream), { prompt: `A story ${ENDLESS}` });
      const accessToken = await stage.token();
      const page = await stage.render(Page, { runId: stage.runId, accessToken, aiOutput, cancelStream });
      await eventually(() => expect(page.container.textContent).toContain(words.join("").repeat(3)));
      cancel(page);
      expect(await output).toEqual({ isCancelled: true });
      await page.shows((await stage.parts("ai")).join(""));
      expect(stage.sent("cancel")).toEqual([{ reason: "User clicked stop" }]);
    }
  }),
};
