import { createElement } from "react";
import { create } from "react-test-renderer";
import { streamingFetch, tell } from "./host.js";
import { Parts } from "./parts.js";

globalThis.start = (runId, client, count) => {
  const renderer = create(createElement(Parts, { runId, client: { ...client, fetch: streamingFetch } }));
  const look = () => {
    const output = renderer.toJSON();
    const error = output?.props["data-status"] === "failed" ? output.props["data-error"] : undefined;
    const read = JSON.parse(output?.children[0] ?? "[]");
    if (error || read.length >= count) tell("shown", { read, error: error ?? "", instances: 0 });
    else setTimeout(look, 10);
  };
  look();
};
