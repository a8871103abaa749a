import { warnOnce } from "./errors.ts";
import { defineInput } from "./input/define.ts";
import { checkKey, DEFAULT_KEY } from "./key.ts";
import { readStream } from "./read.ts";
import { type StandardSchema, validator } from "./schema.ts";
import type {
  AsyncIterableStream,
  DefinedStream,
  PartSource,
  PipeResult,
  StreamReadOptions,
  WriteOptions,
  WriterOptions,
} from "./types.ts";
import { appendPart, pipeParts, writeParts } from "./write/parts.ts";

function define<TOutput, TInput = TOutput>(options: {
  /** The stream key. */
  id: string;
  /** Judges what is written and what is read; reading yields what it makes of a part. */
  schema: StandardSchema<TInput, TOutput>;
}): DefinedStream<TOutput, TInput>;
function define<TPart>(options: { id: string }): DefinedStream<TPart>;
function define({ id, schema }: { id: string; schema?: StandardSchema }): DefinedStream<unknown> {
  checkKey(id);
  const validate = validator(`stream "${id}"`, schema);
  return {
    id,
    read: async (runId, options) => readStream(runId, id, options, validate),
    pipe: (source, options) => pipeParts(id, source, options, validate),
    append: (part, options) => appendPart(id, part, options, validate),
    writer: (options) => writeParts(id, options, validate),
    "~validate": validate,
  };
}

function read<TPart>(runId: string, options?: StreamReadOptions): Promise<AsyncIterableStream<TPart>>;
function read<TPart>(runId: string, key: string, options?: StreamReadOptions): Promise<AsyncIterableStream<TPart>>;
// async, so that a bad argument rejects instead of throwing.
async function read<TPart>(runId: string, second?: string | StreamReadOptions, third?: StreamReadOptions) {
  // By kind: nothing, or an object of options, means the default stream.
  const isOptions = second === undefined || (typeof second === "object" && second !== null && !Array.isArray(second));
  const [key, options] = isOptions ? [DEFAULT_KEY, second ?? third] : [second, third];
  checkKey(key);
  return readStream<TPart>(runId, key, options);
}

function pipe<TPart>(source: PartSource<TPart>, options?: WriteOptions): PipeResult<TPart>;
function pipe<TPart>(key: string, source: PartSource<TPart>, options?: WriteOptions): PipeResult<TPart>;
function pipe(...args: unknown[]): PipeResult<unknown> {
  // A source is never a string.
  const [key, source, options] = typeof args[0] === "string" ? args : [DEFAULT_KEY, ...args];
  checkKey(key);
  return pipeParts(key, source as PartSource<unknown>, options as WriteOptions);
}

function append<TPart>(part: TPart, options?: WriteOptions): Promise<void>;
function append<TPart>(key: string, part: TPart, options?: WriteOptions): Promise<void>;
async function append(...args: unknown[]): Promise<void> {
  // By how many there are, since a part can be anything: a string before another argument is a key.
  const hasKey = args.length > 1 && typeof args[0] === "string";
  const [key, part, options] = hasKey ? args : [DEFAULT_KEY, ...args];
  checkKey(key);
  if (args.length === 2 && hasKey && looksLikeOptions(part)) {
    warnOnce(
      `append("${key}", ${JSON.stringify(part)}) writes that object to the stream "${key}"; ` +
        `to give options to the default stream, name it: append("default", "${key}", options)`,
    );
  }
  return appendPart(key, part, options as WriteOptions);
}

function writer<TPart>(options: WriterOptions<TPart>): PipeResult<TPart>;
function writer<TPart>(key: string, options: WriterOptions<TPart>): PipeResult<TPart>;
function writer(...args: unknown[]): PipeResult<unknown> {
  const [key, options] = typeof args[0] === "string" ? args : [DEFAULT_KEY, ...args];
  checkKey(key);
  return writeParts(key, options as WriterOptions<unknown>);
}

/** What the official SDK would take for options where this one takes a part. */
function looksLikeOptions(part: unknown): boolean {
  return typeof part === "object" && part !== null && typeof (part as WriteOptions).target === "string";
}

/** The typed client. */
export const streams = {
  /** Names a stream once, with the type of its parts, for everyone who writes or reads it. */
  define,
  /** Reads a stream of a run: by key, or the `"default"` one. */
  read,
  /** Writes a source of parts to a stream of the current run, or of `target`. Returns at once; throws a typed error for bad arguments. */
  pipe,
  /**
   * Writes one part: `append(part)` and `append(part, options)` to the `"default"` stream, `append(key, part, options?)` to another.
   * Where there are two arguments and the first is a string, it is the key.
   */
  append,
  /** Writes what a function writes and merges. Returns at once; throws a typed error for bad arguments. */
  writer,
  /** Names an input stream once, with the type of its data. */
  input: defineInput,
};
