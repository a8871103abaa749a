/**
 * Shows a test stream, in a component where there is a DOM, whose connection breaks, answers it, and leaves. Returns what was shown in the
 * end, to how many readers, what was sent, and how many readers stayed.
 */
exports.showTestStream = async ({ react, createRoot, hooks, runstream, createTestStream }) => {
  const stream = createTestStream("story");
  const { shown, send, leave } =
    typeof document === "object" ? inDom(stream, { ...react, createRoot, ...hooks }) : inStore(stream, runstream);
  await stream.push("Hel", "lo");
  await stream.cut();
  await stream.push(" again");
  await stream.advance(100);
  const [text, { readers }] = [shown(), stream];
  const sending = send("thanks");
  await stream.advance();
  await sending;
  leave();
  await stream.advance();
  return { text, readers, sent: stream.sent.map(({ data }) => data), stayed: stream.readers };
};

function inDom(stream, { StrictMode, createElement, createRoot, ...hooks }) {
  let send;
  const Story = () => {
    send = hooks.useInputStreamSend("answer", stream.runId).send;
    return hooks.useRealtimeStream(stream.runId, "story").parts.join("");
  };
  const at = document.createElement("div");
  const root = createRoot(at);
  const provider = createElement(hooks.TriggerAuthContext.Provider, { value: stream.auth }, createElement(Story));
  root.render(createElement(StrictMode, null, provider));
  return { shown: () => at.textContent, send: (data) => send(data), leave: () => root.unmount() };
}

function inStore({ runId, auth }, { createStreamStore, streams }) {
  const store = createStreamStore(runId, "story", auth);
  const leave = store.subscribe(() => {});
  const send = (data) => streams.input({ id: "answer" }).send(runId, data, auth);
  return { shown: () => store.getSnapshot().parts.join(""), send, leave };
}
