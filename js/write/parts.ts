import { RunstreamError } from "../errors.ts";
import { holdRun } from "../run-context.ts";
import type { Validate } from "../schema.ts";
import type { PartSource, PipeResult, WriteOptions, WriterOptions } from "../types.ts";
import { appendTo } from "./append.ts";
import { pipeTo, writeTo } from "./pipe.ts";
import { targetOf } from "./target.ts";

/** Writes a source to a stream of the run that `options` mean. */
export function pipeParts<TPart>(
  key: string,
  source: PartSource<TPart>,
  options: WriteOptions = {},
  validate?: Validate,
): PipeResult<TPart> {
  const target = targetOf(`pipe to stream "${key}"`, key, options);
  if (!isSource(source)) {
    const message = `pipe to stream "${key}": the source is ${typeof source}; give a ReadableStream or an async iterable`;
    throw new RunstreamError("invalid-argument", message);
  }
  const judge = new Judge(validate);
  return held(judge, pipeTo(target, validate ? judge.filter(source) : source, options));
}

/** Writes what `execute` writes and merges. */
export function writeParts<TPart>(key: string, options: WriterOptions<TPart>, validate?: Validate): PipeResult<TPart> {
  const target = targetOf(`writer of stream "${key}"`, key, options);
  if (typeof options?.execute !== "function") {
    const message = `writer of stream "${key}": execute is ${typeof options?.execute}; give a function`;
    throw new RunstreamError("invalid-argument", message);
  }
  const judge = new Judge(validate);
  const { execute } = options;
  const judged: typeof execute = ({ write, merge }) =>
    execute({
      write: (part) => void (judge.accepts(part) && write(part)),
      merge: (source) => merge(judge.filter(source)),
    });
  return held(judge, writeTo<TPart>(target, { execute: validate ? judged : execute }, options));
}

/** Writes one part and waits for its acknowledgement. */
export async function appendPart(
  key: string,
  part: unknown,
  options: WriteOptions = {},
  validate?: Validate,
): Promise<void> {
  const target = targetOf(`append to stream "${key}"`, key, options);
  validate?.(part);
  const written = appendTo(target, part, options);
  holdRun(written);
  await written;
}

/** Keeps the run from ending before everything is written, and tells of refused parts at the end. */
function held<TPart>(judge: Judge, { stream, waitUntilComplete }: PipeResult<TPart>): PipeResult<TPart> {
  holdRun(waitUntilComplete());
  return {
    stream,
    waitUntilComplete: async () => {
      const result = await waitUntilComplete();
      if (judge.refusal) throw judge.refusal;
      return result;
    },
  };
}

/** Leaves out what the schema refuses, and remembers the first refusal. */
class Judge {
  refusal: unknown;
  readonly #validate: Validate | undefined;

  constructor(validate: Validate | undefined) {
    this.#validate = validate;
  }

  accepts(part: unknown): boolean {
    try {
      this.#validate?.(part);
      return true;
    } catch (thrown) {
      this.refusal ??= thrown;
      return false;
    }
  }

  async *filter<TPart>(source: PartSource<TPart>): AsyncGenerator<TPart> {
    for await (const part of source as AsyncIterable<TPart>) if (this.accepts(part)) yield part;
  }
}

function isSource(source: unknown): source is PartSource<unknown> {
  if (typeof source !== "object" || source === null) return false;
  return source instanceof ReadableStream || Symbol.asyncIterator in source || Symbol.iterator in source;
}
