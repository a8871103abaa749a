import { RunstreamError } from "./errors.ts";
import { defineInput } from "./input.ts";
import { readStream } from "./read.ts";
import { type StandardSchema, validator } from "./schema.ts";
import type { DefinedStream, ReadableStreamIterable, StreamReadOptions } from "./types.ts";

/** The stream a run has when none is named. */
export const DEFAULT_KEY = "default";

function define<TOutput>(options: {
  /** The stream key. */
  id: string;
  /** Judges what is written and what is read; reading yields what it makes of a part. */
  schema: StandardSchema<unknown, TOutput>;
}): DefinedStream<TOutput>;
function define<TPart>(options: { id: string }): DefinedStream<TPart>;
function define({ id, schema }: { id: string; schema?: StandardSchema }): DefinedStream<unknown> {
  checkKey(id);
  const validate = validator(`stream "${id}"`, schema);
  return {
    id,
    read: async (runId, options) => readStream(runId, id, options, validate),
    "~validate": validate,
  };
}

function read<TPart>(runId: string, key: string, options?: StreamReadOptions): Promise<ReadableStreamIterable<TPart>>;
function read<TPart>(runId: string, options?: StreamReadOptions): Promise<ReadableStreamIterable<TPart>>;
// async, so that a bad argument rejects instead of throwing.
async function read<TPart>(runId: string, second?: string | StreamReadOptions, third?: StreamReadOptions) {
  // By kind: nothing, or an object of options, means the default stream.
  const isOptions = second === undefined || (typeof second === "object" && second !== null && !Array.isArray(second));
  const [key, options] = isOptions ? [DEFAULT_KEY, second ?? third] : [second, third];
  checkKey(key);
  return readStream<TPart>(runId, key, options);
}

export function checkKey(key: unknown): asserts key is string {
  if (typeof key !== "string" || key === "") {
    const message = `the stream key is ${JSON.stringify(key)}; give a string that is not empty`;
    throw new RunstreamError("invalid-argument", message);
  }
}

/** The typed client. */
export const streams = {
  /** Names a stream once, with the type of its parts, for everyone who writes or reads it. */
  define,
  /** Reads a stream of a run: by key, or the `"default"` one. */
  read,
  /** Names an input stream once, with the type of its data. */
  input: defineInput,
};
