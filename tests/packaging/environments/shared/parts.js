"use client";
import { createElement } from "react";
import { streams } from "runstream";
import { TriggerAuthContext, useRealtimeStream } from "runstream/react";

const story = streams.define({ id: "story" });

function Story({ runId }) {
  const { parts, status, error } = useRealtimeStream(story, runId);
  return createElement("output", { "data-status": status, "data-error": error?.message }, JSON.stringify(parts));
}

export function Parts({ runId, client }) {
  return createElement(TriggerAuthContext.Provider, { value: client }, createElement(Story, { runId }));
}
