// What the benchmark drives in Chromium: the decoders, and the two hooks in the same shell.
import { useRealtimeStream as useOfficial } from "@trigger.dev/react-hooks";
import { useLayoutEffect } from "react";
import { createRoot, type Root } from "react-dom/client";
import { useRealtimeStream as useOurs } from "runstream/react";
import { clock } from "../../js/clock.ts";
import { type Contender, contenders, type Prepared, prepare } from "./contenders.ts";
import type { CorpusName } from "./corpora.ts";

export type Hook = "official" | "ours";
export type HookOptions = { fold?: boolean };

let prepared: Prepared;
let roots: Root[] = [];
/** What the components of this mount have shown. */
let shown = { parts: 0, renders: 0, perFrame: 0, inThisFrame: 0 };

const options = { accessToken: "token", baseURL: location.origin };
const hooks = {
  official: (run: string) => useOfficial<unknown>(run, "key", options).parts.length,
  ours: (run: string) => useOurs<unknown>(run, "key", options).parts.length,
};
const fold = { ...options, reduce: (sum: number) => sum + 1, initialValue: 0 };

function Reader({ hook, run }: { hook: Hook; run: string }) {
  return <Shown count={hooks[hook](run)} />;
}

function Folder({ run }: { run: string }) {
  return <Shown count={useOurs<unknown, number>(run, "key", fold).value ?? 0} />;
}

/** The application's own work, as little of it as there can be. */
function Shown({ count }: { count: number }) {
  useLayoutEffect(() => {
    shown.parts = Math.max(shown.parts, count);
    shown.renders++;
    shown.inThisFrame++;
    shown.perFrame = Math.max(shown.perFrame, shown.inThisFrame);
    if (shown.parts >= target) reached();
  });
  return <output>{count}</output>;
}

const bench = {
  /** Has the core ready, as the first subscription does. */
  async load() {
    await (await import("../../js/wasm.ts")).start(clock);
  },
  async prepare(name: CorpusName, count: number, read: number) {
    prepared = await prepare(name, count, read);
  },
  async decode(who: Contender, passes: number) {
    for (let i = 0; i < passes; i++) await contenders[who](prepared.corpus, prepared.reads);
  },
  /** Mounts a reader of each of these runs. */
  mount(hook: Hook, runs: string[], { fold = false }: HookOptions = {}) {
    shown = { parts: 0, renders: 0, perFrame: 0, inThisFrame: 0 };
    target = Number.POSITIVE_INFINITY;
    for (const run of runs) {
      const root = createRoot(document.body.appendChild(document.createElement("div")));
      root.render(fold ? <Folder run={run} /> : <Reader hook={hook} run={run} />);
      roots.push(root);
    }
  },
  unmount() {
    for (const root of roots) root.unmount();
    roots = [];
    document.body.replaceChildren();
  },
  shown: () => shown,
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
};

let timers = 0;
let target = Number.POSITIVE_INFINITY;
let reached = () => {};

declare global {
  interface Window {
    bench: typeof bench;
  }
}

window.bench = bench;
