const { createElement } = require("react");
const { createRoot } = require("react-dom/client");
const runstream = require("runstream");
const react = require("runstream/react");
const { createTestStream } = require("runstream/testing");
const { showTestStream } = require("./test-stream.cjs");
const { tellStory } = require("./tested.cjs");

test("the story", () => tellStory({ createElement, createRoot, react, runstream }));

// Jest's own jsdom has no fetch, and so no streams.
(typeof fetch === "function" ? test : test.skip)("a test stream", async () => {
  expect(await showTestStream({ createElement, createRoot, react, ...runstream, createTestStream })).toBe(
    "Hello again",
  );
});
