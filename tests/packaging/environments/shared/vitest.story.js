import * as react from "react";
import { createRoot } from "react-dom/client";
import * as runstream from "runstream";
import * as hooks from "runstream/react";
import { createTestStream } from "runstream/testing";
import { expect, test } from "vitest";
import { showTestStream } from "./test-stream.cjs";
import { tellStory } from "./tested.cjs";

test("the story", () => tellStory({ react, createRoot, hooks, runstream }));

test("a test stream", async () => {
  const story = await showTestStream({ react, createRoot, hooks, runstream, createTestStream });
  expect(story).toEqual({ text: "Hello again", readers: 1, sent: ["thanks"], stayed: 0 });
});
