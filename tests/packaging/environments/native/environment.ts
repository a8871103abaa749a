// React Native as far as it can be imitated: its condition, and a realm with what Hermes and React Native give and nothing else.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { expect, vi } from "vitest";
import { blocksOf } from "../../../site/pages.ts";
import type { Environment, RunArgument, RunResult } from "../environment.ts";

type Client = { accessToken: string; baseURL: string };
type NativeApp = {
  open(
    runId: string,
    client: Client,
    fetch?: typeof expoFetch,
  ): {
    text(): { props: { status: string; error?: string; onPress(): Promise<void> }; children: [string] } | null;
    stored(): string;
    close(): void;
  };
  write(runId: string, client: Client): Promise<string>;
};

export default [
  {
    name: "React Native (imitated)",
    isQuick: true,
    async run({ folder, execute, renders }) {
      const lend = blocksOf("docs/site/environments.md").find(({ code }) => code.includes("export const lend ="));
      if (!lend) throw new Error("the page has no `lend` any more");
      writeFileSync(join(folder, "lend.ts"), lend.code);
      const flags = [
        ...["--bundle", "--format=iife", "--conditions=react-native", "--main-fields=react-native,browser,main"],
        ...['--define:process.env.NODE_ENV="production"', "--outfile=bundle.js", "--metafile=meta.json"],
      ];
      await execute("esbuild", ["app.js", ...flags]);
      const read = (name: string) => readFileSync(join(folder, name), "utf8");
      // Neither the inlined wasm, which Hermes could do nothing with, nor two of anything.
      const ours = Object.keys(JSON.parse(read("meta.json")).inputs).filter((path) => path.includes("runstream/"));
      expect(ours).not.toEqual([]);
      expect(ours.filter((path) => !path.startsWith("node_modules/runstream/dist/native/"))).toEqual([]);
      expect(read("bundle.js")).not.toContain("WebAssembly.compile");
      await renders((argument) => use(load(read("bundle.js")), argument), { isWasm: false });
    },
  },
] satisfies Environment[];

async function use(app: NativeApp, { runId, parts, ...client }: RunArgument): Promise<RunResult> {
  const lent: Init[] = [];
  const screen = app.open(runId, client, (url, init) => {
    lent.push(init);
    return expoFetch(url, init);
  });
  const { props, children } = await vi.waitUntil(
    () => {
      const text = screen.text();
      return text && (text.props.error || JSON.parse(text.children[0]).length >= parts.length) && text;
    },
    { timeout: 20_000 },
  );
  await vi.waitUntil(() => screen.stored() === children[0]);
  await props.onPress();
  expect(lent.map(({ body }) => body).filter(Boolean)).toEqual(['{"data":true}']);
  expect(await app.write(runId, client)).toBe("unsupported");
  const reading = lent.findLast(({ method }) => method === "GET");
  expect(reading?.signal.aborted).toBe(false);
  screen.close();
  await vi.waitUntil(() => reading?.signal.aborted);

  // React Native's own fetch gives no bodies to read: that is said, not waited for.
  const without = app.open(`${runId}_other`, client);
  await vi.waitUntil(() => without.text()?.props.status === "failed");
  expect(without.text()?.props.error).toBe("unsupported");
  without.close();
  return { read: JSON.parse(children[0]), error: props.error ?? "", instances: 0 };
}

function load(bundle: string): NativeApp {
  const globals = {
    ...{ setTimeout, clearTimeout, queueMicrotask, console, TextEncoder },
    ...{ Headers: NativeHeaders, Request: NativeRequest, Response: class {}, AbortController: NativeAbortController },
    fetch: () => Promise.reject(new Error("the global fetch was called")),
    // Without canParse.
    URL: class {
      readonly href: string;
      constructor(url: string) {
        this.href = new URL(url).href;
      }
    },
    navigator: { product: "ReactNative" },
  };
  const realm = createContext({ ...globals, window: undefined });
  runInContext("global = globalThis; delete global.WebAssembly; delete global.SharedArrayBuffer;", realm);
  runInContext(bundle, realm);
  return realm as NativeApp;
}

type Init = { method: string; headers: NativeHeaders; body?: string; signal: NativeSignal };

/** `expo/fetch`: that of a runtime which streams. */
async function expoFetch(url: string, { method, headers, body, signal }: Init): Promise<Response> {
  const abort = new AbortController();
  signal.addEventListener("abort", () => abort.abort());
  return fetch(url, { method, headers: headers.entries, body: body ?? null, signal: abort.signal });
}

/** As whatwg-fetch and abort-controller, which React Native ships, have them: no body, no reason, no throwIfAborted. */
class NativeHeaders {
  readonly entries: [string, string][];
  constructor(from: NativeHeaders | Record<string, string> | [string, string][] = []) {
    this.entries =
      from instanceof NativeHeaders ? [...from.entries] : Array.isArray(from) ? from : Object.entries(from);
  }
  set(name: string, value: string) {
    this.entries.push([name.toLowerCase(), value]);
  }
}

type NativeSignal = { aborted: boolean; addEventListener(type: string, run: () => void): void };

class NativeAbortController {
  readonly #listeners = new Set<() => void>();
  readonly signal = {
    aborted: false,
    addEventListener: (_: string, run: () => void) => void this.#listeners.add(run),
    removeEventListener: (_: string, run: () => void) => void this.#listeners.delete(run),
  };
  abort() {
    this.signal.aborted = true;
    for (const run of this.#listeners) run();
  }
}

class NativeRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: NativeHeaders;
  readonly body: string | undefined;
  readonly signal: NativeSignal | undefined;
  constructor(
    url: string,
    options: { method?: string; headers?: NativeHeaders; body?: string; signal?: NativeSignal },
  ) {
    this.url = url;
    this.method = options.method ?? "GET";
    this.headers = new NativeHeaders(options.headers);
    this.body = options.body;
    this.signal = options.signal;
  }
  async text(): Promise<string> {
    return this.body ?? "";
  }
}
