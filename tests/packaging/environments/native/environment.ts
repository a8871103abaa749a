// React Native as far as it can be imitated: its condition, and a realm with what Hermes and React Native give and nothing else.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { expect, vi } from "vitest";
import type { Environment } from "../environment.ts";

type Client = { accessToken: string; baseURL: string; fetch?: (request: NativeRequest) => Promise<Response> };
type NativeApp = {
  hooks: string[];
  start(
    runId: string,
    client: Client,
    shown: (parts: unknown[], status: string, error: string | undefined) => void,
  ): () => void;
  send(runId: string, data: unknown, client: Client): Promise<void>;
  write(runId: string, client: Client): Promise<string>;
};

export default [
  {
    name: "React Native (imitated)",
    isQuick: true,
    async run({ folder, execute, roundTrip }) {
      const flags = [
        "--bundle",
        "--format=iife",
        "--conditions=react-native",
        "--main-fields=react-native,browser,main",
      ];
      await execute("esbuild", ["app.js", ...flags, "--external:react", "--outfile=bundle.js"]);
      const bundle = readFileSync(join(folder, "bundle.js"), "utf8");
      // The inlined wasm is not in it, which Hermes could do nothing with.
      expect(bundle).not.toContain("WebAssembly.compile");
      const app = load(bundle);
      expect(app.hooks).toContain("useRealtimeStream");
      await roundTrip(
        async ({ parts, ...client }) => {
          const { streams } = await import("../../../../js/index.ts");
          await streams.pipe("story", parts, { target: client.runId, ...client }).waitUntilComplete();
          return { read: await readIn(app, client.runId, { ...client, fetch: lent }, parts.length), instances: 0 };
        },
        { isWasm: false },
      );
    },
  },
] satisfies Environment[];

async function readIn(app: NativeApp, runId: string, client: Client, count: number): Promise<unknown[]> {
  let shown: unknown[] = [];
  const leave = app.start(runId, client, (parts) => {
    shown = parts;
  });
  await vi.waitUntil(() => shown.length >= count, { timeout: 20_000 });
  leave();
  await app.send(runId, { approved: true }, client);
  expect(await app.write(runId, client)).toBe("unsupported");

  // React Native's own fetch gives no bodies to read: that is said, not waited for.
  const { fetch: _, ...without } = client;
  const said: unknown[] = [];
  app.start(`${runId}_other`, without, (_, status, error) => said.push([status, error]));
  await vi.waitUntil(() => said.length > 1);
  expect(said.at(-1)).toEqual(["failed", "unsupported"]);
  // Of another realm.
  return JSON.parse(JSON.stringify(shown));
}

function load(bundle: string): NativeApp {
  const react = { createContext: () => ({}) };
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
    require: () => react,
  };
  const realm = createContext({ ...globals, window: undefined });
  runInContext("delete globalThis.WebAssembly; delete globalThis.SharedArrayBuffer;", realm);
  runInContext(bundle, realm);
  return realm as NativeApp;
}

/** What an app lends as `fetch`: that of a runtime which streams. */
async function lent({ url, method, headers, body, signal }: NativeRequest): Promise<Response> {
  const abort = new AbortController();
  signal?.addEventListener("abort", () => abort.abort());
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
}
