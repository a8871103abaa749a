import { createElement } from "react";
import { createRoot } from "react-dom/client";
import * as runstream from "runstream";
import * as react from "runstream/react";
import { createTestStream } from "runstream/testing";
import { expect, test } from "vitest";
import { showTestStream } from "./test-stream.cjs";
import { tellStory } from "./tested.cjs";

test("the story", () => tellStory({ createElement, createRoot, react, runstream }));

test("a test stream", async () => {
  expect(await showTestStream({ createElement, createRoot, react, ...runstream, createTestStream })).toBe(
    "Hello again",
  );
});
