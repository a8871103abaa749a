/** Shows a test stream, in a component where there is a DOM, whose connection breaks. Returns what is shown in the end. */
exports.showTestStream = async ({ createElement, createRoot, react, createStreamStore, createTestStream }) => {
  const stream = createTestStream("story");
  const show = typeof document === "object" ? inDom : inStore;
  const { shown, leave } = show({ createElement, createRoot, createStreamStore, stream, ...react });
  await stream.push("Hel", "lo");
  await stream.cut();
  await stream.push(" again");
  await stream.advance(100);
  const text = shown();
  leave();
  return text;
};

function inDom({ createElement, createRoot, useRealtimeStream, TriggerAuthContext, stream }) {
  const Story = () => useRealtimeStream(stream.runId, "story").parts.join("");
  const at = document.createElement("div");
  const root = createRoot(at);
  root.render(createElement(TriggerAuthContext.Provider, { value: stream.auth }, createElement(Story)));
  return { shown: () => at.textContent, leave: () => root.unmount() };
}

function inStore({ createStreamStore, stream }) {
  const store = createStreamStore(stream.runId, "story", stream.auth);
  const leave = store.subscribe(() => {});
  return { shown: () => store.getSnapshot().parts.join(""), leave };
}
