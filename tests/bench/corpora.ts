// What is decoded in the benchmark, and in the test that the contenders agree. The same bytes on every machine.

/** `share` of the parts of the others: these are large. */
export const CORPORA = {
  a: { title: "LLM token deltas, 1 record per batch", version: "v2", perBatch: 1, value: delta, share: 1 },
  b: { title: "LLM token deltas, 50 records per batch", version: "v2", perBatch: 50, value: delta, share: 1 },
  c: { title: "4 KB JSON, 10 records per batch", version: "v2", perBatch: 10, value: document, share: 0.05 },
  d: {
    title: "unicode, emoji and escapes, 50 records per batch",
    version: "v2",
    perBatch: 50,
    value: unicode,
    share: 1,
  },
  e: { title: "v1, LLM token deltas", version: "v1", perBatch: 1, value: delta, share: 1 },
  f: { title: "v1, 4 KB JSON", version: "v1", perBatch: 1, value: document, share: 0.05 },
  g: {
    title: "UI message chunks of the AI SDK, 1 record per batch",
    version: "v2",
    perBatch: 1,
    value: chunk,
    share: 1,
  },
  h: {
    title: "UI message chunks of the AI SDK, 50 records per batch",
    version: "v2",
    perBatch: 50,
    value: chunk,
    share: 1,
  },
} as const;

export type CorpusName = keyof typeof CORPORA;

export type Corpus = {
  version: "v1" | "v2";
  /** The body of the answer. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The values as one JSON array: what no decoder can do without parsing. */
  payload: Uint8Array<ArrayBuffer>;
  count: number;
};

/** The first `count` parts of a corpus. */
export function corpus(name: CorpusName, count: number): Corpus {
  const { version, perBatch, value } = CORPORA[name];
  const random = mulberry32(name.charCodeAt(0));
  const values = Array.from({ length: count }, (_, i) => JSON.stringify(value(random, i)));
  const text = version === "v1" ? v1(values) : v2(values, perBatch, random);
  const encoder = new TextEncoder();
  return { version, bytes: encoder.encode(text), payload: encoder.encode(`[${values}]`), count };
}

/** Bytes as reads of so many bytes. */
export function reads(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

const START = 1_795_400_000_000;

function v1(values: string[]): string {
  return values.map((value, i) => `id: ${START + i}-0\ndata: ${value}\n\n`).join("");
}

/** As S2 frames them; the first one has the position `first`. */
export function v2(values: string[], perBatch: number, random: () => number, first = 0): string {
  let text = "";
  let metered = 0;
  for (let from = 0; from < values.length; from += perBatch) {
    const records = values.slice(from, from + perBatch).map((value, i) => {
      const body = `{"data":${value},"id":"${id(random)}"}`;
      metered += 8 + body.length;
      const at = first + from + i;
      return `{"seq_num":${at},"timestamp":${START + at},"body":${JSON.stringify(body)}}`;
    });
    const last = first + from + records.length;
    text += `event: batch\nid: ${last - 1},${last},${metered}\ndata: {"records":[${records}]}\n\n`;
  }
  return text;
}

type Random = () => number;

const WORDS =
  "the of and stream a part to render in is token that model it for was as with be on not by \n\n , . { } const =>";
const words = WORDS.split(/ /);
const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** A piece of text, as `streams.define<string>` streams it. */
function delta(random: Random): string {
  return ` ${pick(random, words)}`;
}

function chunk(random: Random): unknown {
  return { type: "text-delta", id: "msg_01", delta: delta(random) };
}

function document(random: Random, i: number): unknown {
  const items = Array.from({ length: 24 }, (_, n) => ({
    sku: id(random),
    title: Array.from({ length: 12 }, () => pick(random, words)).join(" "),
    price: Math.floor(random() * 1e6) / 100,
    stock: n,
    tags: [pick(random, words), pick(random, words)],
    isNew: random() < 0.5,
    parent: null,
  }));
  return { order: i, items };
}

const SCRIPTS = [
  "Zażółć gęślą jaźń",
  "日本語のテキスト",
  "🎉👩‍👩‍👧‍👦🇵🇱",
  '"quoted" \\ and /',
  "tab\tline\n",
  "\u0001\u001f\u2028",
  "نص عربي",
  "naïve",
];

function unicode(random: Random): string {
  return pick(random, SCRIPTS) + pick(random, SCRIPTS);
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/** A part id as writers make them. */
function id(random: Random): string {
  return Array.from({ length: 7 }, () => LETTERS[Math.floor(random() * 64)]).join("");
}

function mulberry32(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
