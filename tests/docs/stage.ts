// What a block meets when it runs: a dev server, a run, a page.
import { createElement, type FunctionComponent } from "react";
import { configure, type RunContext, streams, withRun } from "runstream";
import { TriggerAuthContext } from "runstream/react";
import { expect, type MockInstance, vi } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import type { Task } from "./fixtures/sdk.ts";

export class Stage {
  readonly server: DevServer;
  /** A run of this test. */
  runId = "";
  readonly #printed: MockInstance<typeof console.log>;
  #pages: Array<() => void> = [];

  static async open(): Promise<Stage> {
    return new Stage(await startDevServer({ port: 0 }));
  }

  private constructor(server: DevServer) {
    this.server = server;
    this.#printed = vi.spyOn(console, "log").mockImplementation(() => {});
  }

  async close(): Promise<void> {
    this.#leave();
    this.#printed.mockRestore();
    await this.server.close();
  }

  /** Another run, no page, nothing printed, no faults. */
  reset(): void {
    this.#leave();
    vi.unstubAllGlobals();
    configure(this.client);
    this.server.faults.clear();
    this.runId = this.server.createRun().id;
    this.#printed.mockClear();
  }

  get client() {
    return { baseURL: this.server.url, accessToken: this.server.secretKey };
  }

  /** A page's token for the run. */
  token(): Promise<string> {
    return this.server.token(this.runId);
  }

  expiredToken(): Promise<string> {
    return this.server.token(this.runId, { expiresIn: Math.floor(Date.now() / 1000) - 60 });
  }

  /** The route of a backend that makes tokens for the run; counts its calls. */
  serveToken(path: string) {
    const { fetch } = globalThis;
    const make = vi.fn(async () => Response.json({ token: await this.token() }));
    vi.stubGlobal("fetch", (input: RequestInfo, init?: RequestInit) => (input === path ? make() : fetch(input, init)));
    return make;
  }

  /** What the block printed. */
  get printed(): unknown[][] {
    return this.#printed.mock.calls;
  }

  /** Performs a task as the run. */
  perform<TPayload, TOutput>(
    task: Task<TPayload, TOutput>,
    payload: TPayload,
    relatives: Pick<RunContext, "parentId" | "rootId"> = {},
  ): Promise<TOutput> {
    return task.perform({ id: this.runId, ...relatives, ...this.client }, payload);
  }

  /** Calls `fn` as code of the run. */
  inRun<T>(fn: () => T): T {
    return withRun({ id: this.runId, ...this.client }, fn);
  }

  append(key: string, ...parts: unknown[]): void {
    for (const part of parts) this.server.append(this.runId, key, part);
  }

  /**
   * Lets the next reader of a stream end after what is in it, from `start` on. Otherwise a reader ends when nothing has come
   * for its `timeoutInSeconds`.
   */
  endReading(key: string, { start = 0, run = this.runId } = {}): void {
    const afterRecords = this.server.records(run, key).length - start;
    const scope = { run, stream: key };
    this.server.faults.add({ kind: "end", afterRecords, ...scope }, { kind: "status", status: 204, ...scope });
  }

  /** What a stream holds: each record of it is one of the parts, so none is there twice. */
  async parts(key: string, run = this.runId): Promise<unknown[]> {
    this.endReading(key, { run });
    const parts = await collect(await streams.read(run, key));
    expect(this.server.records(run, key)).toHaveLength(parts.length);
    return parts;
  }

  /** What was sent to an input stream, oldest first. */
  sent(id: string): unknown[] {
    return this.server
      .records(this.runId, `$trigger.input:${id}`)
      .map((record) => JSON.parse(JSON.parse("body" in record ? String(record.body) : "").data));
  }

  /** The requests that read a stream, oldest first. */
  readRequests(key: string) {
    const path = `/realtime/v1/streams/${this.runId}/${encodeURIComponent(key)}`;
    return this.server.requests.filter(({ method, path: asked }) => method === "GET" && asked === path);
  }

  /** Shows a component in a page. */
  async render<TProps extends object>(component: FunctionComponent<TProps>, props: TProps): Promise<Shown> {
    await openPage();
    const { render } = await import("@testing-library/react");
    const value = { baseURL: this.server.url };
    const element = createElement(TriggerAuthContext.Provider, { value }, createElement(component, props));
    const { container, unmount } = render(element);
    this.#pages.push(unmount);
    return {
      container,
      unmount,
      shows: (text) => eventually(() => expect(container.textContent).toBe(text)),
    };
  }

  #leave(): void {
    for (const unmount of this.#pages.splice(0)) unmount();
  }
}

export async function collect<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

/** Waits until `check` throws no more. */
export const eventually = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000 });

export type Shown = {
  container: HTMLElement;
  unmount: () => void;
  /** Resolves when this is the text of the page. */
  shows: (text: string) => Promise<void>;
};

let page: Promise<void> | undefined;

/** A document, without the `fetch` and the streams of happy-dom: those of Node are a browser's. */
function openPage(): Promise<void> {
  page ??= (async () => {
    const { Window } = await import("happy-dom");
    const window = new Window({ url: "http://localhost/" });
    const { document, navigator, localStorage } = window;
    Object.assign(globalThis, { window, document, navigator, localStorage });
  })();
  return page;
}
