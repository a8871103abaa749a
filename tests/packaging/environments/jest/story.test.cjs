const { writeFileSync } = require("node:fs");
const { createElement } = require("react");
const { createRoot } = require("react-dom/client");
const runstream = require("runstream");
const react = require("runstream/react");
const { createTestStream } = require("runstream/testing");
const { renderParts } = require("./component.cjs");
const { roundTrip } = require("./round-trip.cjs");
const { showTestStream } = require("./test-stream.cjs");

test("the story", async () => {
  const argument = JSON.parse(process.env.ARGUMENT);
  const isPage = typeof document === "object";
  const done = isPage
    ? await renderParts({ createElement, createRoot, ...react }, argument)
    : await roundTrip(runstream, argument);
  writeFileSync("result.json", JSON.stringify(done));
});

// Jest's own jsdom has no fetch, and so no streams.
(typeof fetch === "function" ? test : test.skip)("a test stream", async () => {
  expect(await showTestStream({ createElement, createRoot, react, ...runstream, createTestStream })).toBe(
    "Hello again",
  );
});
