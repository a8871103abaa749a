import { readUIMessageStream, type UIMessage, type UIMessageChunk } from "ai";
import { type StreamReadOptions, streams } from "runstream";

const answers = streams.define<UIMessageChunk>({ id: "answers" });

/** Calls `show` with the message as it grows, and resolves to the whole of it. */
export async function lastMessage(runId: string, options: StreamReadOptions, show: (message: UIMessage) => void) {
  let last: UIMessage | undefined;
  for await (const message of readUIMessageStream({ stream: await answers.read(runId, options) })) {
    show(message);
    last = message;
  }
  return last;
}
