// What the browser tests drive: readers and senders by name, each in a root of its own, under StrictMode.
import { StrictMode, Suspense, use, useEffect, useLayoutEffect, useRef, useState, useTransition } from "react";
import { createRoot, type Root } from "react-dom/client";
import { type DefinedInputStream, streams } from "runstream";
import {
  type InputStreamSendInstance,
  TriggerAuthContext,
  type UseRealtimeStreamInstance,
  type UseRealtimeStreamOptions,
  useInputStreamSend,
  useRealtimeStream,
} from "runstream/react";

type Options = UseRealtimeStreamOptions<unknown, unknown> & {
  /** Milliseconds a render takes. */
  cost?: number;
  /** What `onData` throws. */
  throws?: string;
  /** Remember the parts with their ids. */
  detailed?: boolean;
  /** Fold into a count. */
  count?: boolean;
  /** Put before every part that `onData` gets. */
  tag?: string;
  /** Use a function that gives this token. */
  refreshTo?: string;
};

type Reader = {
  root: Root;
  renders: number;
  last: UseRealtimeStreamInstance<unknown, unknown> | undefined;
  /** The run id, the parts and the time of every render, for what must never be seen together. */
  seen: Array<{ runId: string | undefined; parts: unknown[] }>;
  statuses: string[];
  data: unknown[];
  detailed: unknown[];
  notices: unknown[];
  refreshes: number;
};

const readers: Record<string, Reader> = {};
const senders: Record<string, { root: Root; last?: InputStreamSendInstance<unknown>; loading: boolean[] }> = {};

function Reading({ name, runId, streamKey, options }: ReadingProps) {
  const reader = readers[name] as Reader;
  const { cost = 0, throws, detailed, count, tag, refreshTo, ...rest } = options;
  const result = useRealtimeStream<unknown, unknown>(runId, streamKey, {
    ...rest,
    onData: (part) => {
      reader.data.push(tag ? `${tag}${part}` : part);
      if (throws) throw new Error(throws);
    },
    ...(detailed && { onParts: (parts) => void reader.detailed.push(...parts) }),
    ...(count && { reduce: (sum: unknown) => (sum as number) + 1, initialValue: 0 }),
    ...(refreshTo !== undefined && {
      refreshAccessToken: async () => {
        reader.refreshes++;
        return refreshTo;
      },
    }),
    onControl: (record) => void reader.notices.push({ control: record }),
    onBadRecord: (record) => void reader.notices.push({ bad: record }),
    onGap: (gap) => void reader.notices.push({ gap }),
    onReset: () => void reader.notices.push({ reset: true }),
  });
  const end = performance.now() + cost;
  while (performance.now() < end);
  reader.renders++;
  reader.last = result;
  reader.seen.push({ runId, parts: result.parts });
  if (reader.statuses.at(-1) !== result.status) reader.statuses.push(result.status);
  return <output>{result.parts.length}</output>;
}

type ReadingProps = { name: string; runId: string | undefined; streamKey: string; options: Options };

/** A reader that remembers nothing. */
function Quiet({ options }: { options: Options }) {
  const { parts, value, status } = useRealtimeStream<unknown, number>("run", "key", options as object);
  folded = value;
  return <output>{`${status} ${parts} ${value}`}</output>;
}

let folded = 0;

/** What was committed after the mount, and behind which frame of the page. */
const commits: Array<{ frame: number; status: string; parts: number }> = [];

function Committed({ runId, streamKey, options }: { runId: string; streamKey: string; options: Options }) {
  const { status, parts } = useRealtimeStream<unknown>(runId, streamKey, options as object);
  const isMounted = useRef(false);
  useLayoutEffect(() => {
    if (isMounted.current) commits.push({ frame: frames, status, parts: parts.length });
    isMounted.current = true;
  });
  return <output>{parts.length}</output>;
}

let frames = 0;
let held: FrameRequestCallback[] = [];

/** What was committed, not what was tried: React renders a suspended tree several times before it shows anything. */
const navigation = {
  go: undefined as ((ms: number) => void) | undefined,
  isPending: false,
  arrivals: 0,
  fallbacks: 0,
  parts: 0,
};

function Navigator({ runId, streamKey, options }: { runId: string; streamKey: string; options: Options }) {
  const { parts } = useRealtimeStream<unknown>(runId, streamKey, options as object);
  const [target, setTarget] = useState<Promise<string>>();
  const [isPending, start] = useTransition();
  useEffect(() => {
    Object.assign(navigation, { parts: parts.length, isPending });
  }, [parts, isPending]);
  navigation.go = (ms) => {
    const arrival = new Promise<string>((resolve) => setTimeout(() => resolve("there"), ms));
    start(() => setTarget(arrival));
  };
  return (
    <>
      <output>{parts.length}</output>
      <Suspense fallback={<Fallback />}>{target && <Target target={target} />}</Suspense>
    </>
  );
}

function Fallback() {
  useEffect(() => {
    navigation.fallbacks++;
  }, []);
  return <p>loading</p>;
}

function Target({ target }: { target: Promise<string> }) {
  const text = use(target);
  useEffect(() => {
    navigation.arrivals++;
  }, []);
  return <p>{text}</p>;
}

/** Takes numbers only. */
const counter = streams.input({
  id: "counter",
  schema: {
    "~standard": {
      version: 1,
      vendor: "e2e",
      validate: (value) => (typeof value === "number" ? { value } : { issues: [{ message: "no number" }] }),
    },
  },
});

function Sending({ name, runId, id, options }: { name: string; runId?: string; id: string; options: object }) {
  const sender = senders[name] as (typeof senders)[string];
  const stream = (id === counter.id ? counter : id) as DefinedInputStream<unknown>;
  sender.last = useInputStreamSend(stream, runId, options);
  sender.loading.push(sender.last.isLoading);
  return null;
}

/** The code of a typed error, the name of any other. */
function nameOf(error: { name: string; code: string }): string {
  return error.name === "RunstreamError" ? error.code : error.name;
}

function newRoot(): Root {
  return createRoot(document.body.appendChild(document.createElement("div")));
}

const page = {
  /** Mounts a reader, or renders it with other arguments. Several names share a root when `also` is given. */
  read(name: string, runId: string | undefined, streamKey: string, options: Options = {}, also: string[] = []) {
    for (const each of [name, ...also]) {
      readers[each] ??= {
        root: readers[name]?.root ?? newRoot(),
        renders: 0,
        last: undefined,
        seen: [],
        statuses: [],
        data: [],
        detailed: [],
        notices: [],
        refreshes: 0,
      };
    }
    readers[name]?.root.render(
      <StrictMode>
        {[name, ...also].map((each) => (
          <Reading key={each} name={each} runId={runId} streamKey={streamKey} options={options} />
        ))}
      </StrictMode>,
    );
  },
  /** Renders nothing where the reader was. */
  leave(name: string) {
    readers[name]?.root.render(<StrictMode>{null}</StrictMode>);
  },
  stop: (name: string) => readers[name]?.last?.stop(),
  resume: (name: string) => readers[name]?.last?.resume(),
  /** What the reader shows, as plain data. */
  state(name: string) {
    const { last, renders, statuses, data, detailed, notices, refreshes } = readers[name] as Reader;
    if (!last) return undefined;
    const { stop, resume, error, lastError, ...rest } = last;
    const plain = (e: typeof error) => e && { code: e.code, message: e.message, status: e.status, name: e.name };
    return {
      ...rest,
      error: plain(error),
      lastError: plain(lastError),
      renders,
      statuses,
      data: [...data],
      detailed,
      notices,
      refreshes,
    };
  },
  /** How far a session is: the serial numbers in its parts. */
  progress(name: string) {
    const last = readers[name]?.last;
    if (!last) return undefined;
    const serials = last.parts.map((part) => (part as { serial: number }).serial);
    return { status: last.status, error: last.error?.code, serials };
  },
  /** Every distinct pair of run id and parts that a render saw. */
  seen: (name: string) => readers[name]?.seen.map(({ runId, parts }) => ({ runId, parts })),
  /** What the next render gets, compared with what the last one got. */
  watchIdentity(name: string) {
    const before = readers[name]?.last;
    return async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const after = readers[name]?.last;
      return { isNewRender: before !== after, isSameArray: before?.parts === after?.parts };
    };
  },
  /** Mounts a reader that keeps what it commits. */
  commit(runId: string, streamKey: string, options: Options) {
    const frame = () => {
      frames++;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    newRoot().render(<Committed runId={runId} streamKey={streamKey} options={options} />);
  },
  commits,
  /** From now on code gets no frame but by `draw`. */
  holdFrames() {
    window.requestAnimationFrame = (run) => held.push(run);
  },
  draw() {
    const due = held;
    held = [];
    for (const run of due) run(performance.now());
  },
  /** Mounts a reader above a boundary that a navigation will suspend. */
  navigator(runId: string, streamKey: string, options: Options) {
    newRoot().render(
      <StrictMode>
        <Navigator runId={runId} streamKey={streamKey} options={options} />
      </StrictMode>,
    );
  },
  navigate: (ms: number) => navigation.go?.(ms),
  navigation,
  /** Makes the page say it is hidden, or visible. */
  setVisibility(state: "hidden" | "visible") {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange"));
  },
  sender(name: string, runId: string | undefined, id: string, options: object) {
    senders[name] ??= { root: newRoot(), loading: [] };
    senders[name].root.render(
      <StrictMode>
        <TriggerAuthContext.Provider value={options}>
          <Sending name={name} id={id} {...(runId !== undefined && { runId })} options={{}} />
        </TriggerAuthContext.Provider>
      </StrictMode>,
    );
  },
  /** Sends without looking at the promises; resolves to what became of them. */
  async send(name: string, values: unknown[]) {
    const promises = values.map((value) => senders[name]?.last?.send(value));
    return (await Promise.allSettled(promises)).map((outcome) =>
      outcome.status === "fulfilled" ? "sent" : nameOf(outcome.reason),
    );
  },
  sendAndForget: (name: string, value: unknown) => void senders[name]?.last?.send(value),
  sending(name: string) {
    const { last, loading } = senders[name] as (typeof senders)[string];
    const { isReady, isLoading, pending, error } = last ?? {};
    return { isReady, isLoading, pending, error: error?.code, loading };
  },
  /** What the calls say that only a run may make. */
  async receive() {
    const calls = [
      async () => counter.on(() => {}),
      () => counter.once(),
      async () => counter.peek(),
      () => counter.wait(),
      () => counter.waitWithIdleTimeout({ idleTimeoutInSeconds: 1 }),
    ];
    const outcomes = await Promise.allSettled(calls.map((call) => call()));
    return outcomes.map((outcome) => (outcome.status === "fulfilled" ? "fine" : nameOf(outcome.reason)));
  },
  cancelSends: (name: string) => senders[name]?.last?.cancel(),
  /** Reads a stream that breaks after every part, on a clock that jumps to the next timer. */
  reconnectForEver() {
    const channel = new MessageChannel();
    const due: Array<() => void> = [];
    channel.port1.onmessage = () => due.shift()?.();
    let ahead = 0;
    const now = Date.now;
    Date.now = () => now() + ahead;
    const live = new Set<number>();
    let timers = 0;
    window.setTimeout = ((run: () => void, ms = 0) => {
      const id = ++timers;
      live.add(id);
      due.push(() => {
        if (!live.delete(id)) return;
        ahead += ms;
        run();
      });
      channel.port2.postMessage(0);
      return id;
    }) as typeof setTimeout;
    window.clearTimeout = (id) => void live.delete(Number(id));
    const fetch = async () => {
      const n = reconnects++;
      const body = `{"data":${n},"id":"p${n}"}`;
      const text = `event: batch\ndata: {"records":[{"seq_num":${n},"timestamp":0,"body":${JSON.stringify(body)}}]}\n\n`;
      return new Response(text, { headers: { "content-type": "text/event-stream", "x-stream-version": "v2" } });
    };
    newRoot().render(<Quiet options={{ fetch, accessToken: "any", maxParts: 1, baseURL: location.origin }} />);
  },
  reconnected: () => reconnects,
  /** Folds so many parts, 1,000 a batch, into their number. */
  foldParts(total: number) {
    const encoder = new TextEncoder();
    let at = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (at >= total) return new Promise(() => {});
        const records = Array.from({ length: 1_000 }, (_, i) => {
          const text = JSON.stringify({ data: { n: at + i, text: "some token" }, id: `p${at + i}` });
          return `{"seq_num":${at + i},"timestamp":0,"body":${JSON.stringify(text)}}`;
        });
        at += records.length;
        controller.enqueue(encoder.encode(`event: batch\ndata: {"records":[${records}]}\n\n`));
      },
    });
    const headers = { "content-type": "text/event-stream", "x-stream-version": "v2" };
    const fetch = async () => new Response(body, { headers });
    const reduce = (count: unknown) => (count as number) + 1;
    const options = { fetch, accessToken: "any", reduce, initialValue: 0, baseURL: location.origin };
    newRoot().render(<Quiet options={options} />);
  },
  foldedParts: () => folded,
  /** How large the core's memory is. The glue keeps it to itself, so it is counted where it is made. */
  wasmBytes: () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
  /** Reads without React, to the end or for `take` parts. */
  async readAll(runId: string, key: string, options: object, take = Number.POSITIVE_INFINITY) {
    const parts: unknown[] = [];
    try {
      for await (const part of await streams.read<unknown>(runId, key, options)) {
        parts.push(part);
        if (parts.length >= take) break;
      }
      return { parts };
    } catch (error) {
      return { parts, error: { code: (error as { code: string }).code, message: (error as Error).message } };
    }
  },
};

let reconnects = 0;

const memories: WebAssembly.Memory[] = [];
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = (async (...args: [WebAssembly.Module, WebAssembly.Imports]) => {
  const result = await instantiate(...args);
  for (const value of Object.values(result.exports)) if (value instanceof WebAssembly.Memory) memories.push(value);
  return result;
}) as typeof WebAssembly.instantiate;

declare global {
  interface Window {
    page: typeof page;
    /** What reached the page's own error handling. */
    uncaught: string[];
  }
}

window.page = page;
window.uncaught = [];
addEventListener("error", (event) => window.uncaught.push(event.message));
addEventListener("unhandledrejection", (event) => window.uncaught.push(`unhandled: ${event.reason}`));
