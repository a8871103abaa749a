export { auth, configure } from "./auth.ts";
export { type ErrorCode, RunstreamError } from "./errors.ts";
export type { CreatePublicTokenOptions, TokenPermissions, TokenScopes } from "./public-token.ts";
export { type RunContext, type SuspendedWait, withRun } from "./run-context.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./schema.ts";
export { streams } from "./streams.ts";
export type * from "./types.ts";
