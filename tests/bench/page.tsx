// What the benchmark drives in Chromium: the decoders, and three hooks in the same shell.
import { useRealtimeStream as useOfficial } from "@trigger.dev/react-hooks";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { createRoot, type Root } from "react-dom/client";
import { useRealtimeStream as useOurs } from "runstream/react";
import { clock } from "../../js/clock.ts";
import { inflate } from "../../js/inflate.ts";
import { type Contender, contenders, type Prepared, prepare } from "./contenders.ts";
import type { CorpusName } from "./corpora.ts";
import { handWritten } from "./hand-written.ts";

export type Hook = "official" | "ours" | "handWritten";
/** A reader of a run, from another origin than the page's own if it says so. */
export type ReaderOf = { run: string; from?: string };
export type HookOptions = {
  /** Folds the parts into their number. */
  fold?: boolean;
  /** The parts are the times at which they were written; keeps how long each took to be shown. */
  timed?: boolean;
};

let prepared: Prepared;
let core: typeof import("../../js/wasm.ts") | undefined;
let inlined: typeof import("../../js/generated/wasm-inline.js") | undefined;
let bytes: Uint8Array<ArrayBuffer>;
let compiled: WebAssembly.Module;
let root: Root | undefined;
/** What the readers of this mount have shown, all together. */
let shown = nothing();

function nothing() {
  const [latencies, last]: [number[], readonly unknown[]] = [[], []];
  return { parts: 0, renders: 0, perFrame: 0, inThisFrame: 0, latencies, last };
}

const accessToken = "token";
const hooks: Record<Hook, (reader: ReaderOf) => readonly unknown[]> = {
  official: ({ run, from = location.origin }) => useOfficial<unknown>(run, "key", { accessToken, baseURL: from }).parts,
  ours: ({ run, from = location.origin }) => useOurs<unknown>(run, "key", { accessToken, baseURL: from }).parts,
  handWritten: useHandWritten,
};
const fold = { accessToken, baseURL: location.origin, reduce: (sum: number) => sum + 1, initialValue: 0 };

/** What an application would write that needs neither order nor a second connection: an update a frame. */
function useHandWritten({ run, from = location.origin }: ReaderOf): readonly unknown[] {
  const [parts, setParts] = useState<readonly unknown[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    const all: unknown[] = [];
    let isDue = false;
    const show = () => {
      isDue = false;
      setParts(all.slice());
    };
    const read = async () => {
      const init = { headers: { authorization: `Bearer ${accessToken}` }, signal: abort.signal };
      const { body } = await fetch(`${from}/realtime/v1/streams/${run}/key`, init);
      const reader = (body as ReadableStream<Uint8Array>).getReader();
      const take = handWritten("v2", (part) => void all.push(part));
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        const before = all.length;
        take(read.value);
        if (isDue || all.length === before) continue;
        isDue = true;
        requestAnimationFrame(show);
      }
    };
    read().catch((error) => abort.signal.aborted || console.error(error));
    return () => abort.abort();
  }, [run, from]);
  return parts;
}

function Reader({ hook, reader, timed }: { hook: Hook; reader: ReaderOf; timed: boolean }) {
  const parts = hooks[hook](reader);
  return <Shown count={parts.length} parts={parts} timed={timed} />;
}

function Folder({ reader: { run } }: { reader: ReaderOf }) {
  return <Shown count={useOurs<unknown, number>(run, "key", fold).value ?? 0} parts={[]} />;
}

/** The application's own work, as little of it as there can be. What React renders to mount it is not counted. */
function Shown({ count, parts, timed }: { count: number; parts: readonly unknown[]; timed?: boolean }) {
  const before = useRef<number>(undefined);
  useLayoutEffect(() => {
    const known = before.current ?? 0;
    if (timed) {
      const now = performance.timeOrigin + performance.now();
      for (const part of parts.slice(known)) shown.latencies.push(now - Number(part));
    }
    shown.parts += count - known;
    shown.last = parts;
    if (before.current !== undefined) {
      shown.renders++;
      shown.inThisFrame++;
      shown.perFrame = Math.max(shown.perFrame, shown.inThisFrame);
    }
    before.current = count;
    if (shown.parts >= target) reached();
  });
  return <output>{count}</output>;
}

const bench = {
  /** Fetches the code of the core, as the first subscription does, which then makes it ready. */
  async fetchCore() {
    core = await import("../../js/wasm.ts");
    inlined = await import("../../js/generated/wasm-inline.js");
  },
  async startCore() {
    if (core && inlined) await core.start(clock, () => {}, inlined.default);
  },
  /** What `startCore` does, one at a time. */
  async unpackCore() {
    if (inlined) bytes = await inflate(inlined.default);
  },
  async compileCore() {
    compiled = await WebAssembly.compile(bytes);
  },
  async instantiateCore() {
    await (await import("../../js/generated/runstream.js")).default(compiled, clock);
  },
  async prepare(name: CorpusName, count: number, read: number) {
    prepared = await prepare(name, count, read);
  },
  async decode(who: Contender, passes: number) {
    for (let i = 0; i < passes; i++) await contenders[who](prepared.corpus, prepared.reads);
  },
  /** Mounts these readers in one root. */
  mount(hook: Hook, readers: ReaderOf[], { fold = false, timed = false }: HookOptions = {}) {
    shown = nothing();
    target = Number.POSITIVE_INFINITY;
    root = createRoot(document.body.appendChild(document.createElement("div")));
    root.render(
      readers.map((reader, i) => {
        const key = `${i} ${reader.run}`;
        return fold ? <Folder key={key} reader={reader} /> : <Reader key={key} {...{ hook, reader, timed }} />;
      }),
    );
  },
  unmount() {
    root?.unmount();
    root = undefined;
    document.body.replaceChildren();
  },
  /** How often was rendered, in all and at most between two frames. */
  rendered: () => ({ renders: shown.renders, perFrame: shown.perFrame }),
  /** A hash of the parts that were shown last. */
  async digest() {
    const text = new TextEncoder().encode(JSON.stringify(shown.last));
    return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", text))).join();
  },
  /** Milliseconds from being written to being shown, of the parts since the last call. */
  latencies: () => shown.latencies.splice(0),
  /** Milliseconds by which the server's clock is ahead of the page's, from the answer that came soonest. */
  async clockAhead(): Promise<number> {
    let best = { took: Number.POSITIVE_INFINITY, ahead: 0 };
    for (let i = 0; i < 50; i++) {
      const asked = performance.now();
      const theirs = Number(await (await fetch("/realtime/v1/streams/clock/key")).text());
      const took = performance.now() - asked;
      if (took < best.took) best = { took, ahead: theirs - (performance.timeOrigin + asked + took / 2) };
    }
    return best.ahead;
  },
  /** Resolves when so many parts are shown. */
  reach(parts: number) {
    target = parts;
    if (shown.parts >= target) return Promise.resolve();
    return new Promise<void>((resolve) => {
      reached = resolve;
    });
  },
  /** Counts renders between two frames, and timers that are alive, from now on. */
  watch() {
    const frame = () => {
      shown.inThisFrame = 0;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    const set = window.setTimeout;
    const clear = window.clearTimeout;
    const alive = new Set<number>();
    window.setTimeout = ((run: () => void, ms?: number) => {
      const id = set(() => {
        alive.delete(id);
        run();
      }, ms);
      alive.add(id);
      timers = Math.max(timers, alive.size);
      return id;
    }) as typeof setTimeout;
    window.clearTimeout = (id) => {
      alive.delete(Number(id));
      clear(id);
    };
  },
  /** The most timers that were alive at once. */
  timers: () => timers,
  /** The memory of the modules of this package. */
  wasmBytes: () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
};

let timers = 0;
let target = Number.POSITIVE_INFINITY;
let reached = () => {};

const memories: WebAssembly.Memory[] = [];
const instantiate = WebAssembly.instantiate as (...args: unknown[]) => Promise<WebAssembly.Instance>;
(WebAssembly as { instantiate: unknown }).instantiate = async (...args: unknown[]) => {
  const instance = await instantiate(...args);
  for (const exported of Object.values(instance.exports))
    if (exported instanceof WebAssembly.Memory) memories.push(exported);
  return instance;
};

declare global {
  interface Window {
    bench: typeof bench;
  }
}

window.bench = bench;
