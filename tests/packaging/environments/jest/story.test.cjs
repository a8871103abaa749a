const react = require("react");
const { createRoot } = require("react-dom/client");
const runstream = require("runstream");
const hooks = require("runstream/react");
const { createTestStream } = require("runstream/testing");
const { showTestStream } = require("./test-stream.cjs");
const { tellStory } = require("./tested.cjs");

test("the story", () => tellStory({ react, createRoot, hooks, runstream }));

// Jest's own jsdom has no fetch, and so no streams.
(typeof fetch === "function" ? test : test.skip)("a test stream", async () => {
  const story = await showTestStream({ react, createRoot, hooks, runstream, createTestStream });
  expect(story).toEqual({ text: "Hello again", readers: 1, sent: ["thanks"], stayed: 0 });
});
