const { countInstances } = require("./count.cjs");

/**
 * What every server environment does: writes parts to the run, reads them back, and tells which it read and how often
 * something was instantiated as WebAssembly. `runstream` is given, so that it can be imported in any way there is.
 */
exports.roundTrip = async ({ streams }, { runId, accessToken, baseURL, parts }) => {
  const client = { accessToken, baseURL };
  const instances = countInstances();
  const story = streams.define({ id: "story" });
  const { waitUntilComplete } = story.pipe(parts, { target: runId, ...client });
  await waitUntilComplete();
  const read = [];
  for await (const part of await story.read(runId, client)) if (read.push(part) === parts.length) break;
  return { read, instances: instances() };
};
