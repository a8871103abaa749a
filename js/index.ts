export { configure } from "./config.ts";
export { type ErrorCode, RunstreamError } from "./errors.ts";
export { streams } from "./streams.ts";
export type * from "./types.ts";
