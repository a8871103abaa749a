// What an app for React Native does.
import { createElement, StrictMode } from "react";
import { create } from "react-test-renderer";
import { createStreamStore, streams } from "runstream";
import { createChatTransport } from "runstream/ai";
import { TriggerAuthContext, useInputStreamSend, useRealtimeStream } from "runstream/react";
import { lend } from "./lend.ts";

function Story({ runId }) {
  const { parts, status, error } = useRealtimeStream(runId, "story");
  const { send } = useInputStreamSend("approval", runId);
  return createElement("Text", { status, error: error?.code, onPress: () => send(true) }, JSON.stringify(parts));
}

/** Shows the run's story. `expoFetch` is what the app lends as `fetch`, if it lends one. */
globalThis.open = (runId, client, expoFetch) => {
  const auth = { ...client, ...(expoFetch && { fetch: lend(expoFetch) }) };
  const story = createElement(TriggerAuthContext.Provider, { value: auth }, createElement(Story, { runId }));
  const store = createStreamStore(runId, "story", auth);
  const leave = store.subscribe(() => {});
  const screen = create(createElement(StrictMode, null, story));
  return {
    text: () => screen.toJSON(),
    stored: () => JSON.stringify(store.getSnapshot().parts),
    close() {
      leave();
      screen.unmount();
    },
  };
};
globalThis.write = (runId, client) =>
  streams.append("story", "x", { target: runId, ...client }).then(String, (error) => error.code);
globalThis.transport = createChatTransport({ stream: streams.define({ id: "chat" }) });
