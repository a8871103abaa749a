// The vectors that tests/vectors.rs reads, through the core as JavaScript: what wasm2js made must be what rustc meant.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Core, type Delivery } from "../../js/fallback/core.ts";
import { decodeByHand } from "../../js/fallback/text.ts";
import captures from "../fixtures/captures.json" with { type: "json" };
import sse from "../fixtures/sse.json" with { type: "json" };
import wire from "../fixtures/wire.json" with { type: "json" };

type Part = { id: string; timestamp: number; partId?: string; headers?: string[][] } & {
  chunk?: unknown;
  chunkText?: string;
};
type Vector = { version?: string; input?: boolean; parts: Part[]; notices: Array<Record<string, unknown>> };
type Read = { parts: unknown[]; meta: unknown[]; notices: Array<Record<string, unknown>> };

const CONFIG = {
  url: "",
  headers: {},
  timeoutInSeconds: 60,
  startIndex: undefined,
  lastEventId: undefined,
  latest: false,
  follow: false,
  input: false,
  deliverInterval: 0,
  meta: true,
  seed: 0,
  canRefresh: false,
  fetch: undefined,
};

/** What a subscription delivers of a body that comes in these reads. */
function read(reads: Uint8Array[], version: string, input = false): Read {
  const core = new Core({ ...CONFIG, input }, 0);
  core.head(0, 1, { status: 200, version, isEventStream: true, retryAfterMs: undefined, detail: "" });
  const out: Read = { parts: [], meta: [], notices: [] };
  for (const bytes of reads) {
    core.bytes(0, 1, bytes);
    for (let delivery = core.takeDelivery(0); delivery; delivery = core.takeDelivery(0)) add(out, delivery);
  }
  core.free();
  return out;
}

function add(out: Read, { text, meta, notices, undefinedAt }: Delivery) {
  const parts = JSON.parse(text || "[]");
  for (const at of undefinedAt) parts[at] = undefined;
  out.parts.push(...parts);
  out.meta.push(...JSON.parse(meta || "[]"));
  out.notices.push(...JSON.parse(notices || "[]"));
}

/** Whole, in small reads of odd sizes, and byte by byte. */
const cuts = (body: Uint8Array) => [[body], pieces(body, 7), pieces(body, 1)];

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

function check(body: Uint8Array, { version = "v2", input, parts, notices }: Vector) {
  const chunks = parts.map((part) => ("chunkText" in part ? JSON.parse(part.chunkText as string) : part.chunk));
  const meta = parts.flatMap(({ id, timestamp, partId = null, headers = null }) => [id, timestamp, partId, headers]);
  for (const reads of cuts(body)) {
    const result = read(reads, version, input);
    expect(result.parts.map(textOf)).toEqual(chunks.map(textOf));
    // No headers and an empty list of them are the same to a reader.
    expect(result.meta.map((value) => (Array.isArray(value) && value.length === 0 ? null : value))).toEqual(meta);
    // The wire alone knows no gaps.
    const said = result.notices.filter(({ type }) => type !== "gap");
    expect(said).toHaveLength(notices.length);
    for (const [at, notice] of notices.entries()) expect(said[at]).toMatchObject(notice);
  }
}

const vectors = (wire.vectors as Array<Vector & { name: string; body: string; malformed: number }>).filter(
  ({ malformed }) => malformed === 0,
);

test.for(vectors.map((vector) => [vector.name, vector] as const))("wire: %s", ([, vector]) => {
  check(Buffer.from(vector.body), vector);
});

test("wire: a malformed batch gives nothing", () => {
  for (const { data } of wire.malformed) {
    const { parts, notices } = read([Buffer.from(`event: batch\ndata: ${data}\n\n`)], "v2");
    expect([data, parts, notices]).toEqual([data, [], []]);
  }
});

/** What an event of v1 is: a part if it has the type of a message, JSON if it can be. */
const events = sse as Array<{ name: string; input?: string; inputBase64?: string; events: SseEvent[] }>;
type SseEvent = { type: string; data: string; lastEventId: string };

test.for(events.map((vector) => [vector.name, vector] as const))("sse: %s", ([, { input, inputBase64, events }]) => {
  const body = inputBase64 === undefined ? Buffer.from(input ?? "") : Buffer.from(inputBase64, "base64");
  const messages = events.filter(({ type }) => type === "message");
  for (const reads of cuts(body)) {
    const { parts, meta } = read(reads, "v1");
    expect(parts.map(textOf)).toEqual(messages.map(({ data }) => textOf(jsonOr(data))));
    expect(meta.filter((_, at) => at % 4 === 0)).toEqual(messages.map(({ lastEventId }) => lastEventId));
  }
});

/** As text, with the arrays around it counted: some are nested deeper than a comparison, or JSON.stringify, can go. */
function textOf(value: unknown): string {
  let inner = value;
  let depth = 0;
  for (; Array.isArray(inner) && inner.length === 1; depth++) inner = inner[0];
  return `${depth}: ${Object.is(inner, -0) ? "-0" : JSON.stringify(inner)}`;
}

function jsonOr(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}

const folder = fileURLToPath(new URL("../fixtures/captures/", import.meta.url));
const captured = Object.entries(captures as unknown as Record<string, Vector | { skip: string }>);

describe("captures", () => {
  test("are all there", () => {
    expect(captured.map(([name]) => name).sort()).toEqual(
      readdirSync(folder)
        .filter((name) => name.endsWith(".sse"))
        .sort(),
    );
  });

  test.for(captured)("%s", ([name, expected]) => {
    if (!("skip" in expected)) check(bodyOf(readFileSync(folder + name)), expected);
  });
});

/** The body of a captured answer, as far as it was captured: without its head and its chunk sizes. */
function bodyOf(capture: Buffer): Uint8Array {
  const chunks: Buffer[] = [];
  let at = capture.indexOf("\r\n\r\n") + 4;
  for (let end = capture.indexOf("\r\n", at); end >= 0; end = capture.indexOf("\r\n", at)) {
    const size = Number.parseInt(capture.toString("latin1", at, end), 16);
    chunks.push(capture.subarray(end + 2, end + 2 + size));
    if (size === 0) break;
    at = end + 2 + size + 2;
  }
  return Buffer.concat(chunks);
}

describe("text without a TextDecoder", () => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  test("is what a TextDecoder makes of it, broken sequences included", () => {
    let state = 1;
    const below = (n: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const edges = [
      0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
    ];
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from({ length: below(12) }, () =>
        below(2) ? (edges[below(edges.length)] as number) : below(256),
      );
      expect([...bytes, decodeByHand(bytes)]).toEqual([...bytes, decoder.decode(bytes)]);
    }
  });

  test("may be long", () => {
    const text = "\ufeffa“żółw” 🐢".repeat(5_000);
    expect(decodeByHand(Buffer.from(text)) === text).toBe(true);
  });
});
