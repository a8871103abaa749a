// What an app for React Native does, its components aside.
import { createStreamStore, streams } from "runstream";
import * as hooks from "runstream/react";

globalThis.start = (runId, client, shown) => {
  const store = createStreamStore(runId, "story", client);
  return store.subscribe(({ parts, status, error }) => shown(parts, status, error?.code));
};
globalThis.send = (runId, data, client) => streams.input({ id: "approval" }).send(runId, data, client);
globalThis.write = (runId, client) =>
  streams.append("story", "x", { target: runId, ...client }).then(String, (error) => error.code);
globalThis.hooks = Object.keys(hooks);
