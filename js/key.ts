import { RunstreamError } from "./errors.ts";

/** The stream a run has when none is named. */
export const DEFAULT_KEY = "default";

export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== "string" || key === "") {
    const message = `the stream key is ${JSON.stringify(key)}; give a string that is not empty`;
    throw new RunstreamError("invalid-argument", message);
  }
}
