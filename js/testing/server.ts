import { clock } from "../clock.ts";

/** What a server may be made to do instead of its work. */
export type TestFailure =
  | number
  | "unauthorized"
  | "not-found"
  | "rejected"
  | "http"
  | "network"
  | "timeout"
  | "not-a-stream"
  | "bad-event";

/** What was sent to an input stream of the run. */
export type SentInput = {
  /** The input stream's id. */
  stream: string;
  data: unknown;
};

const STATUS: Record<string, number> = { unauthorized: 401, "not-found": 404, rejected: 400, http: 503 };
/** How often a live connection is told that it lives, in milliseconds. */
const PING_MS = 10_000;

const PATH = /^\/realtime\/v1\/streams\/([^/]+)\/(input\/)?([^/]+)$/;
const EVENT_STREAM = { "content-type": "text/event-stream", "x-stream-version": "v2" };

/** The server of one run, as far as a page can see it: PROTOCOL.md's v2 behind a `fetch`. */
export class TestServer {
  readonly sent: SentInput[] = [];
  failure: TestFailure | undefined;
  sendFailure: TestFailure | undefined;
  sendDelayMs = 0;
  /** How many connections were answered by `failure`. */
  failures = 0;
  readonly #runId: string;
  readonly #streams = new Map<string, TestLog>();

  constructor(runId: string) {
    this.#runId = runId;
  }

  log(key: string): TestLog {
    const log = this.#streams.get(key) ?? new TestLog();
    this.#streams.set(key, log);
    return log;
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    const [, runId, isInput, key] = PATH.exec(new URL(request.url).pathname) ?? [];
    if (!key || decodeURIComponent(runId ?? "") !== this.#runId) return new Response("no such run", { status: 404 });
    const name = decodeURIComponent(key);
    if (isInput && request.method === "POST") return this.#receive(name, await request.text());
    if (this.failure === undefined) return this.log(name).read(request.headers);
    this.failures++;
    return failed(this.failure);
  };

  async #receive(stream: string, body: string): Promise<Response> {
    if (this.sendDelayMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, this.sendDelayMs));
    if (this.sendFailure !== undefined) return failed(this.sendFailure);
    const sent = JSON.parse(body);
    if (sent === null) return new Response("no object", { status: 400 });
    this.sent.push({ stream, data: sent.data });
    return Response.json({ ok: true });
  }
}

function failed(failure: TestFailure): Promise<Response> {
  if (failure === "network") return Promise.reject(new TypeError("the network failed"));
  if (failure === "timeout") return new Promise(() => {});
  if (failure === "not-a-stream") {
    return Promise.resolve(new Response("<p>", { headers: { "content-type": "text/html" } }));
  }
  if (failure === "bad-event") {
    return Promise.resolve(new Response("event: batch\ndata: {\n\n", { headers: EVENT_STREAM }));
  }
  const status = typeof failure === "number" ? failure : (STATUS[failure] as number);
  return Promise.resolve(new Response(status === 204 ? null : "made to fail", { status }));
}

/** One stream: its records, and who reads them. */
class TestLog {
  readonly readers = new Set<Reader>();
  readonly #records: string[] = [];

  append(parts: readonly unknown[]): void {
    const from = this.#records.length;
    for (const [i, data] of parts.entries()) {
      const body = JSON.stringify({ data, id: `part${from + i}` });
      this.#records.push(JSON.stringify({ seq_num: from + i, timestamp: clock.now(), body }));
    }
    for (const reader of this.readers) this.#batch(reader, from, `,"tail":${this.tail}`);
  }

  cut(): void {
    for (const reader of [...this.readers]) reader.cut();
  }

  read(headers: Headers): Response {
    const isLatest = headers.get("x-trigger-stream-start") === "latest";
    const last = headers.get("last-event-id") ?? (isLatest ? this.#records.length - 1 : -1);
    const reader = new Reader(Number(headers.get("timeout-seconds")) * 1_000, this);
    const from = Number(last) + 1;
    if (from < this.#records.length) this.#batch(reader, from, "");
    reader.ping();
    return new Response(reader.body, { headers: EVENT_STREAM });
  }

  get tail(): string {
    return JSON.stringify({ seq_num: this.#records.length, timestamp: clock.now() });
  }

  #batch(reader: Reader, from: number, tail: string): void {
    reader.batch(`event: batch\ndata: {"records":[${this.#records.slice(from)}]${tail}}\n\n`);
  }
}

/** One connection's read window. */
class Reader {
  /** When the window ends unless a record comes. */
  endsAt = 0;
  readonly body: ReadableStream<Uint8Array>;
  readonly #waitMs: number;
  readonly #log: TestLog;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #pinging: unknown;
  #ending: unknown;

  constructor(waitMs: number, log: TestLog) {
    this.#waitMs = waitMs;
    this.#log = log;
    this.body = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#leave(),
    });
    log.readers.add(this);
    this.#expect();
  }

  batch(event: string): void {
    this.#write(event);
    this.#expect();
  }

  ping(): void {
    this.#write(`event: ping\ndata: {"timestamp":${clock.now()},"tail":${this.#log.tail}}\n\n`);
    this.#pinging = clock.setTimeout(() => this.ping(), PING_MS);
  }

  cut(): void {
    this.#leave();
    this.#controller.error(new TypeError("the connection was cut"));
  }

  #expect(): void {
    clock.clearTimeout(this.#ending);
    this.endsAt = clock.now() + this.#waitMs;
    this.#ending = clock.setTimeout(() => {
      this.#write("data: [DONE]\n\n");
      this.#leave();
      this.#controller.close();
    }, this.#waitMs);
  }

  #leave(): void {
    clock.clearTimeout(this.#pinging);
    clock.clearTimeout(this.#ending);
    this.#log.readers.delete(this);
  }

  #write(text: string): void {
    this.#controller.enqueue(new TextEncoder().encode(text));
  }
}
