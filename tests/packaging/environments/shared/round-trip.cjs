const { countInstances } = require("./count.cjs");

/**
 * What every server environment does: writes parts in each way there is as the work of a run, reads them back, and tells which it
 * read, how often something was instantiated as WebAssembly, and the code of the error if `withRun` cannot tell which run it is: then
 * each call names it. `runstream` is given, so that it can be imported in any way there is.
 */
exports.roundTrip = async ({ streams, withRun }, { runId, accessToken, baseURL, parts }) => {
  const client = { accessToken, baseURL };
  const instances = countInstances();
  const story = streams.define({ id: "story" });
  const [piped, appended, written] = [parts.slice(0, -4), parts.slice(-4, -2), parts.slice(-2)];
  const work = async (options) => {
    await story.pipe(piped, options).waitUntilComplete();
    for (const part of appended) await story.append(part, options);
    await story.writer({ ...options, execute: ({ write }) => written.forEach(write) }).waitUntilComplete();
  };
  let refusal;
  try {
    await withRun({ id: runId, ...client }, () => work());
  } catch (error) {
    if (error.code !== "unsupported") throw error;
    refusal = error.code;
    await work({ target: runId, ...client });
  }
  const read = [];
  for await (const part of await story.read(runId, client)) if (read.push(part) === parts.length) break;
  return { read, instances: instances(), refusal };
};
