const { writeFileSync } = require("node:fs");
const { renderParts } = require("./component.cjs");
const { roundTrip } = require("./round-trip.cjs");

/** The test of every test runner: what came of the argument in its environment is written to a file. */
exports.tellStory = async ({ react, createRoot, hooks, runstream }) => {
  const argument = JSON.parse(process.env.ARGUMENT);
  const isPage = typeof document === "object";
  const done = isPage
    ? await renderParts({ ...react, createRoot, ...hooks }, argument)
    : await roundTrip(runstream, argument);
  writeFileSync("result.json", JSON.stringify(done));
};
