// What the tests of the hooks share: a page, a dev server, a run, and what one asks of them.
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { openBrowser, type TestBrowser, until } from "./browser.ts";

export type State = NonNullable<ReturnType<Window["page"]["state"]>>;

export const numbers = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);

/** A fresh page, server and run for each test of the file. */
export function setStage() {
  let browser: TestBrowser;
  const stage = {
    page: undefined as unknown as Page,
    server: undefined as unknown as DevServer,
    runId: "",
    client: { baseURL: "", accessToken: "" },
  };

  /** Takes another run, with its token. */
  async function take(options: Parameters<DevServer["createRun"]>[0] = {}) {
    stage.runId = stage.server.createRun(options).id;
    stage.client.accessToken = await stage.server.token(stage.runId);
  }

  /** Mounts a reader, or renders it with other options. */
  function read(
    options: object = {},
    { name = "a", run = stage.runId as string | null, key = "chat", also = [] as string[] } = {},
  ) {
    const args = [name, run ?? undefined, key, { ...stage.client, ...options }, also] as const;
    return stage.page.evaluate(([...args]) => window.page.read(...args), args);
  }

  const state = (name = "a") => stage.page.evaluate((name) => window.page.state(name), name) as Promise<State>;

  function reaches(done: (state: State) => boolean, name = "a", ms?: number): Promise<State> {
    const ask = () => state(name);
    return until(ask, (now) => now !== undefined && done(now), ms);
  }

  /** Waits for as many parts, which must be these. */
  async function shows(parts: unknown[], name = "a", ms?: number): Promise<State> {
    const now = await reaches((state) => state.parts.length >= parts.length, name, ms);
    expect(now.parts).toEqual(parts);
    return now;
  }

  function append(values: unknown[], key = "chat") {
    for (const value of values) stage.server.append(stage.runId, key, value);
  }

  const openSockets = () => stage.server.connections.filter(({ closedAt }) => closedAt === undefined);

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    stage.server = await startDevServer({ port: 0 });
    stage.client.baseURL = stage.server.url;
    await take();
    stage.page = await browser.open();
  });
  afterEach(async () => {
    await stage.page.close();
    await stage.server.close();
  });
  return Object.assign(stage, { take, read, state, reaches, shows, append, openSockets });
}
