import { useChat } from "@ai-sdk/react";
import type { UIMessage } from "ai";
import { useState } from "react";
import type { ClientOptions } from "runstream";
import { createChatTransport } from "runstream/ai";
import { answers, prompts, stop as stopInput } from "./streams.ts";

/** A chat with a run that is there already. */
export function Chat({ runId, client, past = [] }: { runId: string; client: ClientOptions; past?: UIMessage[] }) {
  const [transport] = useState(() =>
    createChatTransport({
      ...client,
      stream: answers,
      send: async ({ messages }: { messages: UIMessage[] }) => {
        await prompts.send(runId, messages.at(-1) as UIMessage, client);
        return { runId };
      },
      onStop: (_, runId) => stopInput.send(runId, null, client),
      load: (chatId) => JSON.parse(sessionStorage.getItem(chatId) ?? "null") ?? undefined,
      save: (chatId, saved) => sessionStorage.setItem(chatId, JSON.stringify(saved)),
    }),
  );
  const { messages, sendMessage, status, error, stop } = useChat({
    id: runId,
    transport,
    messages: past,
    resume: true,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void sendMessage({ text: String(new FormData(event.currentTarget).get("prompt")) });
      }}
    >
      {messages.map(({ id, role, parts }) => (
        <p key={id}>
          {role}: {parts.map((part) => (part.type === "text" ? part.text : "")).join("")}
        </p>
      ))}
      <input name="prompt" disabled={status === "submitted" || status === "streaming"} />
      <output>{status}</output>
      <button type="button" onClick={stop}>
        Stop
      </button>
      {error && <em role="alert">{error.message}</em>}
    </form>
  );
}
