import { convertToModelMessages, generateId, type LanguageModel, streamText, type UIMessage } from "ai";
import { answers, prompts, stop } from "./streams.ts";

/** The work of the run: answers one prompt after the other, until there was none for ten minutes. */
export async function agent(model: LanguageModel, signal?: AbortSignal) {
  const messages: UIMessage[] = [];
  let stopping = new AbortController();
  stop.on(() => stopping.abort());
  for (;;) {
    const prompt = await prompts.once({ timeoutMs: 600_000, signal });
    if (!prompt.ok) return;
    messages.push(prompt.output);
    stopping = new AbortController();
    const result = streamText({
      model,
      messages: await convertToModelMessages(messages),
      abortSignal: stopping.signal,
    });
    const chunks = result.toUIMessageStream({
      originalMessages: messages,
      generateMessageId: generateId,
      onFinish: ({ responseMessage }) => void messages.push(responseMessage),
    });
    await answers.pipe(chunks).waitUntilComplete();
  }
}
