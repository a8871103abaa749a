// The answers and arguments of tests/fixtures/bad-input.json, each with the outcome that PROTOCOL.md and the types'
// documentation give it. The server sends what an entry says, byte for byte.
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { configure, type RunstreamError, streams } from "runstream";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import catalogue from "../fixtures/bad-input.json" with { type: "json" };

/** `raw` is all of it; otherwise a head is made. `then`: the socket ends (default), is reset, or stays open. */
type Answer = {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  bodyBase64?: string;
  raw?: string;
  /** What happens once it was written. */
  then?: "reset" | "hang";
};

type Expected = {
  parts?: unknown[];
  error?: string;
  status?: number;
  message?: string;
  maxMessage?: number;
  /** How many requests came. */
  requests?: number;
  /** Their `Last-Event-ID`s. */
  lastEventIds?: Array<string | null>;
  /** The time between the first two. */
  minMs?: number;
};

type Entry = {
  name: string;
  kind: string;
  pending?: string;
  call?: "read" | "send" | "define" | "input" | "configure";
  answers?: Answer[];
  options?: object;
  runId?: unknown;
  key?: unknown;
  data?: unknown;
  definition?: unknown;
  /** How many parts to read before leaving; all of them by default. */
  take?: number;
  expect: Expected;
};

const entries = (kind: string) => (catalogue as Entry[]).filter((entry) => entry.kind === kind);

/** How long an entry may take: three tries of a 404 wait 2 s. Those that are pending often wait for ever. */
const patience = ({ pending }: Entry) => (pending ? 1_500 : 15_000);

// ---- the server ----

class Script {
  readonly requests: Array<{ at: number; lastEventId: string | null }> = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(readonly answers: Answer[]) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      let received = "";
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        received += bytes.toString("latin1");
        const head = received.indexOf("\r\n\r\n");
        if (head < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
        if (received.length < head + 4 + length) return;
        const lastEventId = /\r\nlast-event-id: (.*)\r\n/i.exec(received)?.[1] ?? null;
        received = "";
        // The last answer is given for ever.
        const answer = this.answers[Math.min(this.requests.length, this.answers.length - 1)] ?? {};
        this.requests.push({ at: performance.now(), lastEventId });
        give(socket, answer);
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function give(socket: Socket, { status, headers, body = "", bodyBase64, raw, then }: Answer): void {
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = raw === undefined ? `HTTP/1.1 ${status} X\r\n${lines.join("")}connection: close\r\n\r\n` : "";
  const content = bodyBase64 === undefined ? Buffer.from(raw ?? body) : Buffer.from(bodyBase64, "base64");
  socket.write(Buffer.concat([Buffer.from(head), content]), () => {
    if (then === "reset") {
      // What was written must get there first.
      setTimeout(() => socket.resetAndDestroy(), content.length > 0 ? 50 : 0);
    } else if (then !== "hang") socket.end();
  });
}

// ---- what JSON cannot say ----

type Tagged = { $?: string; text?: string; times?: number };

function value(json: unknown): unknown {
  const { $: kind, text = "", times = 0 } = (json ?? {}) as Tagged;
  switch (kind) {
    case undefined:
      return json;
    case "undefined":
      return undefined;
    case "NaN":
      return Number.NaN;
    case "Infinity":
      return Number.POSITIVE_INFINITY;
    case "-Infinity":
      return Number.NEGATIVE_INFINITY;
    case "bigint":
      return 1n;
    case "repeat":
      return text.repeat(times);
    case "token":
      return async () => text;
    case "fetchThrows":
      return () => {
        throw new Error("no");
      };
    case "fetchNothing":
      return async () => undefined;
    case "throwing":
      return {
        toJSON() {
          throw new Error("no");
        },
      };
    case "circle": {
      const circle: { self?: unknown } = {};
      circle.self = circle;
      return circle;
    }
    default:
      throw new Error(`the catalogue says ${kind}`);
  }
}

const values = (options: object = {}) =>
  Object.fromEntries(Object.entries(options).map(([name, json]) => [name, value(json)]));

// ---- the calls ----

async function collect(entry: Entry, options: object, parts: unknown[]): Promise<void> {
  const runId = ("runId" in entry ? value(entry.runId) : "run_1") as string;
  const key = ("key" in entry ? value(entry.key) : "chat") as string;
  for await (const part of await streams.read(runId, key, { timeoutInSeconds: 1, ...options })) {
    parts.push(part);
    if (parts.length === entry.take) break;
  }
}

async function perform(entry: Entry, client: object, parts: unknown[]): Promise<void> {
  const options = { ...client, ...values(entry.options) };
  const runId = ("runId" in entry ? value(entry.runId) : "run_1") as string;
  switch (entry.call) {
    case "send":
      return streams.input({ id: "stop" }).send(runId, "data" in entry ? value(entry.data) : 1, options);
    case "define":
      streams.define(entry.definition as { id: string });
      return;
    case "input":
      streams.input(entry.definition as { id: string });
      return;
    case "configure":
      configure(options);
      return collect(entry, {}, parts);
    default:
      return collect(entry, options, parts);
  }
}

async function check(entry: Entry): Promise<void> {
  const expected = entry.expect;
  const server = new Script(entry.answers ?? []);
  const baseURL = await server.listen();
  const abort = new AbortController();
  try {
    const parts: unknown[] = [];
    const client = { baseURL, accessToken: "tr_1", signal: abort.signal };
    const call = async () => perform(entry, client, parts);
    const late = new Promise<never>((_, reject) => {
      const tell = () => reject(new Error(`still waiting; ${server.requests.length} requests`));
      setTimeout(tell, patience(entry)).unref();
    });
    const thrown = await Promise.race([call(), late]).then(
      () => undefined,
      (error: unknown) => error as RunstreamError,
    );
    if (expected.error === undefined) expect(thrown).toBeUndefined();
    else expect({ name: thrown?.name, code: thrown?.code, said: thrown?.message }).toMatchObject(mustFail(expected));
    if (expected.status !== undefined) expect(thrown?.status).toBe(expected.status);
    if (expected.maxMessage !== undefined) expect(thrown?.message.length).toBeLessThan(expected.maxMessage);
    expect(parts).toEqual(expected.parts ?? []);
    if (expected.requests !== undefined) expect(server.requests).toHaveLength(expected.requests);
    if (expected.lastEventIds)
      expect(server.requests.map((request) => request.lastEventId)).toEqual(expected.lastEventIds);
    const [first, second] = server.requests;
    // A timer may be a millisecond early.
    if (expected.minMs && first && second) expect(second.at - first.at).toBeGreaterThanOrEqual(expected.minMs - 2);
  } finally {
    abort.abort();
    server.close();
  }
}

const mustFail = ({ error, message = "" }: Expected) => ({
  name: "RunstreamError",
  code: error,
  said: expect.stringContaining(message),
});

// ---- the tests ----

/** Makes a failure of what nobody catches. Only of one test at a time: nothing says whose it is. */
async function catching(work: () => Promise<void>): Promise<void> {
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const uncaught: unknown[] = [];
  process.on("uncaughtException", (thrown) => uncaught.push(thrown));
  try {
    await work();
    expect(uncaught).toEqual([]);
  } finally {
    process.removeAllListeners("uncaughtException");
    for (const listener of others) process.on("uncaughtException", listener);
  }
}

beforeEach(() => void vi.stubEnv("TRIGGER_SECRET_KEY", undefined));
afterEach(() => configure({}));
afterAll(() => void vi.unstubAllEnvs());

describe("bad answers", () => {
  test("are many", () => expect(entries("http").length).toBeGreaterThanOrEqual(50));
  for (const entry of entries("http")) {
    const run = entry.pending ? test.concurrent.fails : test.concurrent;
    run(entry.name, () => check(entry), patience(entry) + 5_000);
  }
});

describe("bad arguments", () => {
  test("are many", () => expect(entries("argument").length).toBeGreaterThanOrEqual(40));
  for (const entry of entries("argument")) {
    const run = entry.pending ? test.fails : test;
    run(entry.name, () => catching(() => check(entry)), patience(entry) + 5_000);
  }
});
