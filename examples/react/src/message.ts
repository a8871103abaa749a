import type { UIMessageChunk } from "ai";

/** What the parts so far amount to. */
export interface Message {
  text: string;
  /** How many parts there were. */
  parts: number;
  state: "waiting" | "writing" | "complete" | "cancelled" | "failed";
}

export const EMPTY: Message = { text: "", parts: 0, state: "waiting" };

/** Adds one part. Streams of plain strings, which the demo can be pointed at as well, are text too. */
export function addPart(message: Message, part: UIMessageChunk | string): Message {
  const next: Message = { ...message, parts: message.parts + 1, state: "writing" };
  if (typeof part === "string") return { ...next, text: message.text + part };
  switch (part?.type) {
    case "text-start":
      return { ...next, text: message.text && `${message.text}\n\n` };
    case "text-delta":
      return { ...next, text: message.text + part.delta };
    case "finish":
      return { ...next, state: "complete" };
    case "abort":
      return { ...next, state: "cancelled" };
    case "error":
      return { ...next, text: `${message.text}\n\n${part.errorText}`, state: "failed" };
    default:
      return next;
  }
}
