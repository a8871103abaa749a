// What the types promise. The compiler decides; running this only keeps it from being forgotten.
import { useRealtimeStream as officialRead, useInputStreamSend as officialSend } from "@trigger.dev/react-hooks";
import { type InferInputStreamType, type InferStreamType, type ReadableStreamIterable, streams } from "runstream";
import { useInputStreamSend, useRealtimeStream } from "runstream/react";
import { expectTypeOf, test } from "vitest";

type Chunk = { text: string } | { tool: string };
const chat = streams.define<Chunk>({ id: "chat" });
const approval = streams.input<{ approved: boolean }>({ id: "approval" });

/** Never called: hooks may only run in a component. */
function Component({ runId }: { runId: string }) {
  const defined = useRealtimeStream(chat, runId, {
    onData: (part) => expectTypeOf(part).toEqualTypeOf<Chunk>(),
    onParts: (parts) => expectTypeOf(parts[0]?.chunk).toEqualTypeOf<Chunk | undefined>(),
  });
  expectTypeOf(defined.parts).toEqualTypeOf<Chunk[]>();
  expectTypeOf(defined.lastEventId).toEqualTypeOf<string | undefined>();

  expectTypeOf(useRealtimeStream<number>(runId, "key").parts).toEqualTypeOf<number[]>();
  expectTypeOf(useRealtimeStream<number>(runId).parts).toEqualTypeOf<number[]>();
  const folded = useRealtimeStream<string, number>(runId, "key", {
    reduce: (n, part) => n + part.length,
    initialValue: 0,
  });
  expectTypeOf(folded.value).toEqualTypeOf<number>();

  const byStream = useInputStreamSend(approval, runId);
  expectTypeOf(byStream.send).parameter(0).toEqualTypeOf<{ approved: boolean }>();
  expectTypeOf(byStream.send).returns.toEqualTypeOf<Promise<void>>();
  expectTypeOf(useInputStreamSend<string>("id", runId).send).parameter(0).toEqualTypeOf<string>();
  // @ts-expect-error a defined stream needs a run id
  useRealtimeStream(chat);
  // @ts-expect-error there is no such start
  useRealtimeStream(runId, "key", { from: "end" });
}

test("the part is inferred from the definition", () => {
  expectTypeOf(Component).toBeFunction();
  expectTypeOf<InferStreamType<typeof chat>>().toEqualTypeOf<Chunk>();
  expectTypeOf<InferInputStreamType<typeof approval>>().toEqualTypeOf<{ approved: boolean }>();
  expectTypeOf(chat.read).returns.resolves.toEqualTypeOf<ReadableStreamIterable<Chunk>>();
  expectTypeOf(streams.read<string>).returns.resolves.toEqualTypeOf<ReadableStreamIterable<string>>();
});

test("the official hooks' calls by key are ours", () => {
  type Options = { accessToken: string; onData: (part: string) => void; maxParts: number; from: "latest" };
  type Read = (runId: string, key: string, options: Options) => { parts: string[]; error: Error | undefined };
  type Send = (id: string, runId: string) => { send: (data: string) => void; isLoading: boolean; isReady: boolean };
  const hooks: Array<[Read, Send]> = [
    [officialRead, officialSend],
    [useRealtimeStream, useInputStreamSend],
  ];
  expectTypeOf(hooks).toBeArray();
});
