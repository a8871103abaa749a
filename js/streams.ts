import { warnOnce } from "./errors.ts";
import type { receiver } from "./input/receive.ts";
import { send } from "./input/send.ts";
import { checkKey, DEFAULT_KEY } from "./key.ts";
import { readStream } from "./read.ts";
import { type StandardSchema, validator } from "./schema.ts";
import type {
  AsyncIterableStream,
  DefinedInputStream,
  DefinedStream,
  InputDefinition,
  PartSource,
  PipeResult,
  StreamReadOptions,
  WriteOptions,
  WriterOptions,
} from "./types.ts";
import type { appendPart, pipeParts, writeParts } from "./write/parts.ts";

/** The typed client. */
export type Streams = {
  /** Names a stream once, with the type of its parts, for everyone who writes or reads it. */
  define: {
    <TOutput, TInput = TOutput>(options: {
      /** The stream key. */
      id: string;
      /** Judges what is written and what is read; reading yields what it makes of a part. */
      schema: StandardSchema<TInput, TOutput>;
    }): DefinedStream<TOutput, TInput>;
    <TPart>(options: { id: string }): DefinedStream<TPart>;
  };
  /** Reads a stream of a run: by key, or the `"default"` one. */
  read: {
    <TPart>(runId: string, options?: StreamReadOptions): Promise<AsyncIterableStream<TPart>>;
    <TPart>(runId: string, key: string, options?: StreamReadOptions): Promise<AsyncIterableStream<TPart>>;
  };
  /** Writes a source of parts to a stream of the current run, or of `target`. Returns at once; throws a typed error for bad arguments. */
  pipe: {
    <TPart>(source: PartSource<TPart>, options?: WriteOptions): PipeResult<TPart>;
    <TPart>(key: string, source: PartSource<TPart>, options?: WriteOptions): PipeResult<TPart>;
  };
  /**
   * Writes one part: `append(part)` and `append(part, options)` to the `"default"` stream, `append(key, part, options?)` to another.
   * Where there are two arguments and the first is a string, it is the key.
   */
  append: {
    <TPart>(part: TPart, options?: WriteOptions): Promise<void>;
    <TPart>(key: string, part: TPart, options?: WriteOptions): Promise<void>;
  };
  /** Writes what a function writes and merges. Returns at once; throws a typed error for bad arguments. */
  writer: {
    <TPart>(options: WriterOptions<TPart>): PipeResult<TPart>;
    <TPart>(key: string, options: WriterOptions<TPart>): PipeResult<TPart>;
  };
  /** Names an input stream once, with the type of its data. */
  input: {
    <TOutput, TInput = TOutput>(
      definition: InputDefinition & {
        /** Judges what is sent and what is received; receiving yields what it makes of a message. */
        schema: StandardSchema<TInput, TOutput>;
      },
    ): DefinedInputStream<TOutput, TInput>;
    <TData>(definition: InputDefinition): DefinedInputStream<TData>;
  };
};

/** What is done on a server, with the secret key: writing, and receiving input. */
export type OnServer = {
  pipeParts: typeof pipeParts;
  appendPart: typeof appendPart;
  writeParts: typeof writeParts;
  receiver: typeof receiver;
};

/** The client, with `onServer` or with what refuses to be it. */
export function streamsWith({ pipeParts, appendPart, writeParts, receiver }: OnServer): Streams {
  const streams = {
    define({ id, schema }: { id: string; schema?: StandardSchema }): DefinedStream<unknown> {
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
    },

    // async, so that a bad argument rejects instead of throwing.
    async read(runId: string, second?: string | StreamReadOptions, third?: StreamReadOptions) {
      // By kind: nothing, or an object of options, means the default stream.
      const isOptions =
        second === undefined || (typeof second === "object" && second !== null && !Array.isArray(second));
      const [key, options] = isOptions ? [DEFAULT_KEY, second ?? third] : [second, third];
      checkKey(key);
      return readStream(runId, key, options);
    },

    pipe(...args: unknown[]) {
      // A source is never a string.
      const [key, source, options] = typeof args[0] === "string" ? args : [DEFAULT_KEY, ...args];
      checkKey(key);
      return pipeParts(key, source as PartSource<unknown>, options as WriteOptions);
    },

    async append(...args: unknown[]): Promise<void> {
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
    },

    writer(...args: unknown[]) {
      const [key, options] = typeof args[0] === "string" ? args : [DEFAULT_KEY, ...args];
      checkKey(key);
      return writeParts(key, options as WriterOptions<unknown>);
    },

    input(definition: InputDefinition & { schema?: StandardSchema }): DefinedInputStream<unknown> {
      const { id, schema } = definition;
      checkKey(id);
      const validate = validator(`input stream "${id}"`, schema);
      return {
        id,
        async send(runId, data, options) {
          validate?.(data);
          await send(runId, id, data, options);
        },
        ...receiver(definition, validate),
      };
    },
  };
  return streams as Streams;
}

/** What the official SDK would take for options where this one takes a part. */
function looksLikeOptions(part: unknown): boolean {
  return typeof part === "object" && part !== null && typeof (part as WriteOptions).target === "string";
}
