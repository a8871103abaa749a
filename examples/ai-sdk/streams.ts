import type { UIMessage, UIMessageChunk } from "ai";
import { streams } from "runstream";

export const answers = streams.define<UIMessageChunk>({ id: "answers" });
export const prompts = streams.input<UIMessage>({ id: "prompts" });
export const stop = streams.input<null>({ id: "stop" });
