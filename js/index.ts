import { receiver } from "./input/receive.ts";
import { streamsWith } from "./streams.ts";
import { appendPart, pipeParts, writeParts } from "./write/parts.ts";

export * from "./client.ts";

/** The typed client. */
export const streams = /* @__PURE__ */ streamsWith({ pipeParts, appendPart, writeParts, receiver });
