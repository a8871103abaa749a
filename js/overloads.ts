import { RunstreamError } from "./errors.ts";
import { DEFAULT_KEY } from "./key.ts";
import type { Validate } from "./schema.ts";
import type { DefinedStream } from "./types.ts";

/** The three ways to name a stream of a run, told apart by kind. */
export function sortArguments<TOptions>(
  caller: string,
  first: unknown,
  second: unknown,
  third: unknown,
): [runId: string | undefined, key: string, options: TOptions | undefined, validate?: Validate] {
  if (typeof first === "object" && first !== null) {
    const { id, "~validate": validate } = first as DefinedStream<unknown>;
    if (second !== undefined && typeof second !== "string") {
      const message = `${caller} got ${typeof second} as the run id of stream "${id}"; give a string`;
      throw new RunstreamError("invalid-argument", message);
    }
    return [second, id, third as TOptions, validate];
  }
  const runId = first as string | undefined;
  return typeof second === "string" ? [runId, second, third as TOptions] : [runId, DEFAULT_KEY, second as TOptions];
}
