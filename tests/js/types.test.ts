// What the types promise. The compiler decides; running this only keeps it from being forgotten.
import { useRealtimeStream as officialRead, useInputStreamSend as officialSend } from "@trigger.dev/react-hooks";
import { streams as official } from "@trigger.dev/sdk";
import {
  type InferInputStreamType,
  type InferStreamType,
  type ReadableStreamIterable,
  type RunstreamError,
  type StandardSchema,
  streams,
} from "runstream";
import { useInputStreamSend, useRealtimeStream } from "runstream/react";
import { expectTypeOf, test } from "vitest";

type Chunk = { text: string } | { tool: string };
const chat = streams.define<Chunk>({ id: "chat" });
const approval = streams.input<{ approved: boolean }>({ id: "approval" });
/** A type only: it is never called. */
const schema = { "~standard": { version: 1, vendor: "", validate: Date } } as unknown as StandardSchema<string, Date>;
const transformed = streams.input({ id: "date", schema });

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
  expectTypeOf(useInputStreamSend(transformed, runId).send).parameter(0).toEqualTypeOf<string>();
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

test("what an input stream receives is what it was defined with", () => {
  /** Never called: there is no run. */
  async function receive() {
    approval.on((data) => expectTypeOf(data).toEqualTypeOf<{ approved: boolean }>());
    const result = await approval.once({ timeoutMs: 1 });
    if (result.ok) expectTypeOf(result.output).toEqualTypeOf<{ approved: boolean }>();
    else expectTypeOf(result.error).toEqualTypeOf<RunstreamError>();
    expectTypeOf(approval.wait({ timeout: new Date() }).unwrap()).resolves.toEqualTypeOf<{ approved: boolean }>();
    expectTypeOf(approval.peek()).toEqualTypeOf<{ approved: boolean } | undefined>();
    const judged = streams.input({ id: "n", schema: {} as StandardSchema<number> });
    expectTypeOf(judged.once().unwrap()).resolves.toEqualTypeOf<number>();
    expectTypeOf(transformed.send).parameter(1).toEqualTypeOf<string>();
    expectTypeOf(transformed.once().unwrap()).resolves.toEqualTypeOf<Date>();
    // @ts-expect-error it sends what it was defined with
    approval.send("run", { approved: "yes" });
  }
  expectTypeOf(receive).toBeFunction();
});

test("the official input stream's calls are ours", () => {
  type Input = {
    id: string;
    on: (handler: (data: string) => void | Promise<void>) => { off: () => void };
    once: (options?: { signal?: AbortSignal; timeoutMs?: number }) => { unwrap: () => Promise<string> };
    peek: () => string | undefined;
    wait: (options?: { timeout?: string; idempotencyKey?: string; tags?: string[] }) => {
      unwrap: () => Promise<string>;
    };
    waitWithIdleTimeout: (options: {
      idleTimeoutInSeconds: number;
      timeout?: string;
      onSuspend?: () => void | Promise<void>;
      skipSuspend?: boolean;
    }) => PromiseLike<{ ok: true; output: string } | { ok: false; error?: unknown }>;
    send: (runId: string, data: string) => Promise<void>;
  };
  const inputs: Input[] = [official.input<string>({ id: "a" }), streams.input<string>({ id: "a" })];
  expectTypeOf(inputs).toBeArray();
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
