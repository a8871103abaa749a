const { countInstances } = require("./count.cjs");

/**
 * What every test runner with a DOM does: renders the parts of the run, and tells when there are as many as there should be, or an
 * error, which they are and how often something was instantiated as WebAssembly.
 */
exports.renderParts = async (
  { StrictMode, createElement, createRoot, useRealtimeStream },
  { runId, parts, ...client },
) => {
  const instances = countInstances();
  const Story = () => {
    const { parts, error } = useRealtimeStream(runId, "story", client);
    return createElement("output", { title: error?.message }, JSON.stringify(parts));
  };
  const root = createRoot(document.body.appendChild(document.createElement("div")));
  root.render(createElement(StrictMode, null, createElement(Story)));
  const output = () => document.querySelector("output");
  const isDone = () => output() && (output().title || JSON.parse(output().textContent).length === parts.length);
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 10));
  const [read, error] = [JSON.parse(output().textContent), output().title];
  root.unmount();
  return { read, error, instances: instances() };
};
