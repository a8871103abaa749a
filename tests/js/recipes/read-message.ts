import { readUIMessageStream, type UIMessage } from "ai";
import type { StreamReadOptions } from "runstream";
import { answers } from "../../../examples/ai-sdk/streams.ts";

/** Calls `show` with the message as it grows, and resolves to the whole of it. */
export async function lastMessage(runId: string, options: StreamReadOptions, show: (message: UIMessage) => void) {
  let last: UIMessage | undefined;
  for await (const message of readUIMessageStream({ stream: await answers.read(runId, options) })) {
    show(message);
    last = message;
  }
  return last;
}
