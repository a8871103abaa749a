export { auth, configure } from "./auth.ts";
export { type ErrorCode, InputStreamTimeoutError, RunstreamError, WaitpointTimeoutError } from "./errors.ts";
export { InputPromise, type InputResult } from "./input/result.ts";
export type { CreatePublicTokenOptions, TokenPermissions, TokenScopes } from "./public-token.ts";
export { type RunContext, type SuspendedWait, withRun } from "./run-context.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./schema.ts";
export { createStreamStore, type StreamStore, type StreamStoreOptions } from "./store.ts";
export type * from "./types.ts";
