import { setTimeout as sleep } from "node:timers/promises";
import { simulateReadableStream, streamText } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { answer, cancel, progress } from "../src/streams.ts";
import { QUESTION, tokens } from "./answer.ts";

/** A Trigger.dev service, and the key that may write to it. */
export interface Service {
  url: string;
  secretKey: string;
}

/**
 * What a task of yours would do: asks a model, writes its answer to one stream and its own progress to another, and stops
 * when the page says so. Without Trigger.dev's SDK, so that every request can be seen.
 */
export async function runTask(service: Service, runId: string, stopping: AbortSignal): Promise<void> {
  const over = new AbortController();
  const cancelled = new AbortController();
  void untilSent(service, runId, cancel.id, AbortSignal.any([stopping, over.signal])).then((isSent) => {
    if (isSent) cancelled.abort();
  });
  try {
    const pieces = tokens();
    const result = streamText({
      model: mockModel(pieces),
      prompt: QUESTION,
      abortSignal: AbortSignal.any([stopping, cancelled.signal]),
    });
    const parts = openStream(service, runId, answer.id, stopping);
    const steps = openStream(service, runId, progress.id, stopping);
    await steps.write({ step: "Reading the question", percent: 0 });
    let written = 0;
    let percent = 0;
    for await (const chunk of result.toUIMessageStream()) {
      await parts.write(chunk);
      if (chunk.type === "text-delta") written += 1;
      const now = Math.floor((100 * written) / pieces.length);
      if (now === percent) continue;
      percent = now;
      await steps.write({ step: percent < 100 ? "Writing" : "Done", percent });
    }
    if (cancelled.signal.aborted) await steps.write({ step: "Cancelled", percent });
    await Promise.all([parts.close(), steps.close()]);
    await post(`${service.url}/dev/runs/${runId}/complete`, cancelled.signal.aborted ? { state: "canceled" } : {});
  } finally {
    over.abort();
  }
}

type ModelStream = Awaited<ReturnType<MockLanguageModelV3["doStream"]>>["stream"];
type ModelPart = ModelStream extends ReadableStream<infer Part> ? Part : never;

/** Says `pieces`, and stops when it is told to, as a model behind a connection does. */
function mockModel(pieces: string[]) {
  const id = "text";
  const chunks: ModelPart[] = [
    { type: "stream-start", warnings: [] },
    { type: "text-start", id },
    ...pieces.map((delta) => ({ type: "text-delta" as const, id, delta })),
    { type: "text-end", id },
    {
      type: "finish",
      finishReason: { unified: "stop", raw: undefined },
      usage: {
        inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
        outputTokens: { total: pieces.length, text: pieces.length, reasoning: undefined },
      },
    },
  ];
  return new MockLanguageModelV3({
    doStream: async ({ abortSignal: signal }) => {
      const spoken = simulateReadableStream({ initialDelayInMs: 500, chunkDelayInMs: 25, chunks });
      return { stream: spoken.pipeThrough(new TransformStream(), { signal }) };
    },
  });
}

/** Writes to a stream of a run as Trigger.dev's own writer does: one long request, a line of JSON for each part. */
function openStream(service: Service, runId: string, key: string, signal: AbortSignal) {
  const { readable, writable } = new TransformStream<string, string>();
  const request: RequestInit & { duplex: "half" } = {
    method: "POST",
    headers: authorization(service),
    body: readable.pipeThrough(new TextEncoderStream()),
    duplex: "half",
    signal,
  };
  const response = fetch(`${service.url}/realtime/v1/streams/${runId}/self/${key}`, request);
  // Looked at in `close`; until then a failure shows in `write`.
  response.catch(() => {});
  const lines = writable.getWriter();
  lines.closed.catch(() => {});
  return {
    write: (part: unknown) => lines.write(`${JSON.stringify(part)}\n`),
    async close() {
      await lines.close();
      await checked(await response);
    },
  };
}

/** Waits for something to arrive on an input stream, connection after connection. False when `signal` was first. */
async function untilSent(service: Service, runId: string, id: string, signal: AbortSignal): Promise<boolean> {
  const headers = { ...authorization(service), Accept: "text/event-stream", "Timeout-Seconds": "600" };
  while (!signal.aborted) {
    try {
      const response = await fetch(`${service.url}/realtime/v1/streams/${runId}/input/${id}`, { headers, signal });
      const { body } = await checked(response);
      let text = "";
      for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += piece;
        // Pings are events too; a batch is what was sent.
        if (/^event: batch$/m.test(text)) return true;
      }
    } catch {
      // Cut, like any connection: read again, from the start, for whatever was sent in between.
      await sleep(200, undefined, { signal }).catch(() => {});
    }
  }
  return false;
}

/** POSTs JSON, which the control routes of the dev server take without a key. */
export async function post(url: string, body: unknown): Promise<Response> {
  return checked(await fetch(url, { method: "POST", body: JSON.stringify(body) }));
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
}

const authorization = ({ secretKey }: Service) => ({ Authorization: `Bearer ${secretKey}` });
