// What an app's own types become, from the definition to the hook to the callback. Compiled, with the oldest TypeScript and the
// newest, and never run.
import {
  type AsyncIterableStream,
  type InferInputStreamType,
  type InferStreamType,
  type RunstreamError,
  type StandardSchema,
  type StreamPart,
  streams,
  withRun,
} from "runstream";
import { TriggerAuthContext, useInputStreamSend, useRealtimeStream } from "runstream/react";
import { same } from "./same.js";

type Chunk = { text: string } | { tool: string };
type Approval = { approved: boolean };
declare const dates: StandardSchema<string, Date>;

const chat = streams.define<Chunk>({ id: "chat" });
const times = streams.define({ id: "times", schema: dates });
const untyped = streams.define({ id: "untyped" });
const approval = streams.input<Approval>({ id: "approval" });
const due = streams.input({ id: "due", schema: dates });

same<InferStreamType<typeof chat>, Chunk>();
same<InferStreamType<typeof times>, Date>();
same<InferStreamType<typeof untyped>, unknown>();
same<InferInputStreamType<typeof approval>, Approval>();
same<InferInputStreamType<typeof due>, Date>();

export function Component({ runId, maybe }: { runId: string; maybe?: string }) {
  const defined = useRealtimeStream(chat, runId, {
    onData: (part) => same<typeof part, Chunk>(),
    onParts: (parts) => same<typeof parts, Array<StreamPart<Chunk>>>(),
    onInvalidPart: (error, part) => same<[typeof error, typeof part], [RunstreamError, unknown]>(),
    onGap: (gap) => same<typeof gap, { from: number; to: number }>(),
  });
  same<typeof defined.parts, Chunk[]>();
  same<typeof defined.lastEventId, string | undefined>();
  same<typeof defined.error, RunstreamError | undefined>();
  same<typeof defined.value, undefined>();

  const judged = useRealtimeStream(times, maybe, { onData: (part) => same<typeof part, Date>() });
  same<typeof judged.parts, Date[]>();

  const counted = useRealtimeStream(chat, runId, {
    reduce: (n: number, part) => {
      same<typeof part, Chunk>();
      return n + 1;
    },
    initialValue: 0,
  });
  same<typeof counted.value, number>();

  const byKey = useRealtimeStream<number>(maybe, "key", { onData: (part) => same<typeof part, number>() });
  same<typeof byKey.parts, number[]>();
  const folded = useRealtimeStream<string, number>(runId, "key", {
    reduce: (n, part) => {
      same<[typeof n, typeof part], [number, string]>();
      return n + part.length;
    },
    initialValue: 0,
  });
  same<typeof folded.value, number>();
  const byDefault = useRealtimeStream<number>(runId, { onData: (part) => same<typeof part, number>() });
  same<typeof byDefault.parts, number[]>();

  const byStream = useInputStreamSend(approval, runId);
  same<Parameters<typeof byStream.send>[0], Approval>();
  same<ReturnType<typeof byStream.send>, Promise<void>>();
  const bySchema = useInputStreamSend(due, maybe);
  same<Parameters<typeof bySchema.send>[0], string>();
  const byId = useInputStreamSend<string>("id", runId);
  same<Parameters<typeof byId.send>[0], string>();

  // @ts-expect-error a defined stream needs a run id
  useRealtimeStream(chat);
  // @ts-expect-error there is no such start
  useRealtimeStream(runId, "key", { from: "end" });
  // @ts-expect-error the other direction has another hook
  useRealtimeStream(approval, runId);
  // @ts-expect-error it sends what it was defined with
  void byStream.send({ approved: "yes" });

  const shown = defined.parts.map((part) => ("text" in part ? part.text : part.tool));
  return <TriggerAuthContext.Provider value={{ accessToken: () => "token" }}>{shown}</TriggerAuthContext.Provider>;
}

export async function write() {
  const piped = chat.pipe([{ text: "a" }]);
  same<typeof piped.stream, AsyncIterableStream<Chunk>>();
  const { lastEventId } = await piped.waitUntilComplete();
  same<typeof lastEventId, string | undefined>();
  times.pipe(["2026-01-01"]);
  chat.writer({
    execute: ({ write, merge }) => {
      same<Parameters<typeof write>, [part: Chunk]>();
      merge(new ReadableStream<Chunk>());
    },
  });
  same<ReturnType<typeof streams.pipe<number>>["stream"], AsyncIterableStream<number>>();
  const numbers = streams.pipe("key", new ReadableStream<number>());
  same<typeof numbers.stream, AsyncIterableStream<number>>();
  const spread = streams.pipe([1, 2]);
  same<typeof spread.stream, AsyncIterableStream<number>>();
  // @ts-expect-error a string is a key, and the source is missing
  streams.pipe("text");
  // @ts-expect-error a string is no source
  streams.define<string>({ id: "text" }).pipe("text");
  // @ts-expect-error it writes what it was defined with
  await chat.append({ text: 1 });
  // @ts-expect-error what is written is what the schema takes
  await times.append(new Date());
}

export async function read(runId: string) {
  const stream = await chat.read(runId);
  same<typeof stream, AsyncIterableStream<Chunk>>();
  for await (const part of stream) same<typeof part, Chunk>();
  for await (const part of await times.read(runId)) same<typeof part, Date>();
  for await (const part of await streams.read<string>(runId)) same<typeof part, string>();
  for await (const part of await streams.read<string>(runId, "key", { startIndex: 1 })) same<typeof part, string>();
  // @ts-expect-error the direction that is written here is read by `on`, `once` and `wait`
  await approval.read(runId);
}

export async function receive(runId: string) {
  approval.on((data) => same<typeof data, Approval>());
  const result = await approval.once({ timeoutMs: 1 });
  if (result.ok) same<typeof result.output, Approval>();
  else same<typeof result.error, RunstreamError>();
  const waited = await approval.wait({ timeout: new Date() }).unwrap();
  same<typeof waited, Approval>();
  same<ReturnType<typeof approval.peek>, Approval | undefined>();
  const date = await due.waitWithIdleTimeout({ idleTimeoutInSeconds: 1 }).unwrap();
  same<typeof date, Date>();
  await due.send(runId, "2026-01-01");
  // @ts-expect-error it sends what it was defined with
  await approval.send(runId, { approved: "yes" });
  const answer = withRun({ id: runId }, async () => 1);
  same<typeof answer, Promise<number>>();
}
