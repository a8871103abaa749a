const { writeFileSync } = require("node:fs");
const { createElement } = require("react");
const { createRoot } = require("react-dom/client");
const { useRealtimeStream } = require("runstream/react");
const { renderParts } = require("./component.cjs");
const { roundTrip } = require("./round-trip.cjs");

test("the story", async () => {
  const argument = JSON.parse(process.env.ARGUMENT);
  const isPage = typeof document === "object";
  const done = isPage
    ? await renderParts({ createElement, createRoot, useRealtimeStream }, argument)
    : await roundTrip(require("runstream"), argument);
  writeFileSync("result.json", JSON.stringify(done));
});
