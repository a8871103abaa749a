import type { UIMessageChunk } from "ai";
import { streams } from "runstream";

// Named once, with their types, for the task that writes and the page that reads.

/** The model's answer, as the AI SDK makes it. */
export const answer = streams.define<UIMessageChunk>({ id: "ai" });

/** How far the task is. */
export const progress = streams.define<{ step: string; percent: number }>({ id: "progress" });

/** From the page to the task: anything sent here stops the model. */
export const cancel = streams.input<{ reason: string }>({ id: "cancel" });
