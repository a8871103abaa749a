// A panic traps whatever its message, because in wasm there is nowhere to print one. The code and the data that make up
// the messages are a sixth of the module all the same, and no stable flag of rustc leaves them out. So this does what the
// linker would, had the panics been traps from the beginning: it drops what nothing else refers to.
import { Stop } from "./lib.mjs";

/** Functions that never return, by their mangled names. */
const PANIC =
  /^_RI?Nv(Nt)*Cs\w+_4core9panicking\d|\d(unwrap_failed|expect_failed|assert_failed|slice_index_fail|panic_\w+|handle_error|capacity_overflow|handle_alloc_error|rust_oom)$/;

/** `locals: none, unreachable, end`. */
const TRAP = Buffer.from([0, 0, 0x0b]);

const CALL = 0x10;
/** `i32.const` and `local.get`. */
const PUSHES = new Set([0x41, 0x20]);

/** Kinds of relocation: what the index of one means, and whether an addend follows. The others are not for wasm32. */
const RELOCATIONS = new Map([
  ...[0, 1, 2, 7, 12, 13, 20, 26].map((type) => [type, { isSymbol: true, hasAddend: false }]),
  ...[3, 4, 5, 8, 11].map((type) => [type, { isSymbol: true, hasAddend: true }]),
  [6, { isSymbol: false, hasAddend: false }],
  [9, { isSymbol: false, hasAddend: true }],
]);

/** `bytes` must have been linked with --emit-relocs. */
export function withoutPanicMessages(bytes) {
  const sections = [...sectionsOf(bytes)];
  const section = (key) => {
    const found = sections.find(({ id, name }) => id === key || name === key);
    if (!found) throw new Stop(`the wasm has no section ${key}`);
    return { ...found, reader: new Reader(bytes, found.start) };
  };

  const bodies = bodiesOf(section(10), sections.some(({ id }) => id === 2) ? importedFunctions(section(2)) : 0);
  const segments = segmentsOf(section(11));
  const symbols = symbolsOf(section("linking"), bodies, segments);
  const relocations = ["reloc.CODE", "reloc.DATA"].flatMap((name) => relocationsOf(section(name), sections));
  const panics = [...functionNames(section("name"))].filter(([, name]) => PANIC.test(name));
  if (!panics.some(([, name]) => name.endsWith("9panic_fmt")))
    throw new Stop("no panic was found: Rust has renamed its functions, adapt scripts/panics.mjs");
  const cut = new Set(panics.map(([index]) => bodies.get(index)));

  const targets = new Map(relocations.map(({ at, symbol }) => [at, symbols[symbol]]));
  /** Whether all that follows the constant at `at` is that a panic is called: then it is an argument of the panic. */
  const isForPanic = (at) => {
    const reader = new Reader(bytes, at - 1);
    while (PUSHES.has(bytes[reader.at])) reader.skip(1) && reader.leb();
    return reader.at > at && bytes[reader.at] === CALL && cut.has(targets.get(reader.at + 1));
  };

  const live = new Set();
  const due = exportedFunctions(section(7)).map((index) => bodies.get(index));
  while (due.length > 0) {
    const piece = due.pop();
    if (!piece || live.has(piece) || cut.has(piece)) continue;
    live.add(piece);
    for (const { at, symbol } of relocations)
      if (at >= piece.start && at < piece.end && (piece.isData || !isForPanic(at))) due.push(symbols[symbol]);
  }

  const result = Buffer.from(bytes);
  for (const piece of symbols) if (piece?.isData && !live.has(piece)) result.fill(0, piece.start, piece.end);
  // One datum may have several names.
  for (const piece of live) if (piece.isData) result.set(bytes.subarray(piece.start, piece.end), piece.start);
  const code = [...bodies.values()].flatMap((body) => {
    const text = live.has(body) ? bytes.subarray(body.start, body.end) : TRAP;
    return [leb(text.length), text];
  });
  return Buffer.concat([
    bytes.subarray(0, 8),
    ...sections.flatMap(({ id, name, start, end }) => {
      if (name === "linking" || name?.startsWith("reloc.")) return [];
      const content = id === 10 ? Buffer.concat([leb(bodies.size), ...code]) : result.subarray(start, end);
      return [Buffer.from([id]), leb(content.length), content];
    }),
  ]);
}

/** The functions of a module that has their names: where the body of each is. */
export function namedFunctions(bytes) {
  const sections = [...sectionsOf(bytes)];
  const section = (key) => {
    const found = sections.find(({ id, name }) => id === key || name === key);
    return { ...found, reader: new Reader(bytes, found.start) };
  };
  const bodies = bodiesOf(section(10), importedFunctions(section(2)));
  const names = functionNames(section("name"));
  return [...bodies].map(([index, body]) => ({ name: names.get(index) ?? "", ...body }));
}

/** The sections that are loaded: where each is, and its number. */
export const loadedSections = (bytes) => [...sectionsOf(bytes)].filter(({ id }) => id !== 0);

class Reader {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }
  byte() {
    return this.bytes[this.at++];
  }
  leb() {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte & 0x80);
    return value;
  }
  skip(length) {
    this.at += length;
    return this.at;
  }
  text() {
    const length = this.leb();
    return this.bytes.toString("utf8", this.at, this.skip(length));
  }
  /** Reads a vector's elements. */
  list(read) {
    return Array.from({ length: this.leb() }, () => read(this));
  }
}

function* sectionsOf(bytes) {
  const reader = new Reader(bytes, 8);
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const length = reader.leb();
    const start = reader.at;
    const name = id === 0 ? reader.text() : undefined;
    // `content`: behind the name of a custom section.
    yield { id, name, start, content: reader.at, end: start + length };
    reader.at = start + length;
  }
}

function importedFunctions({ reader }) {
  const limits = () => {
    if (reader.byte() & 1) reader.leb();
    reader.leb();
  };
  const kinds = reader.list(() => {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind === 0) reader.leb();
    else if (kind === 1) reader.skip(1) && limits();
    else if (kind === 2) limits();
    else reader.skip(2);
    return kind;
  });
  return kinds.filter((kind) => kind === 0).length;
}

const exportedFunctions = ({ reader }) =>
  reader
    .list(() => ({ name: reader.text(), kind: reader.byte(), index: reader.leb() }))
    .filter(({ kind }) => kind === 0)
    .map(({ index }) => index);

/** Index of a function -> where its body is. */
function bodiesOf({ reader }, imported) {
  const bodies = reader.list(() => {
    const length = reader.leb();
    const start = reader.at;
    return { start, end: reader.skip(length) };
  });
  return new Map(bodies.map((body, index) => [imported + index, body]));
}

/** Where the data of each segment begins. */
const segmentsOf = ({ reader }) =>
  reader.list(() => {
    if (reader.leb() !== 0) throw new Stop("a data segment is not of the plain kind");
    while (reader.byte() !== 0x0b);
    const length = reader.leb();
    const start = reader.at;
    reader.skip(length);
    return start;
  });

/** What each symbol names: the body of a function, or data. Undefined for an import and what is neither. */
function symbolsOf({ content, end, reader }, bodies, segments) {
  const [FUNCTION, DATA, SECTION] = [0, 1, 3];
  const [UNDEFINED, NAMED] = [0x10, 0x40];
  reader.at = content;
  reader.leb();
  while (reader.at < end) {
    const isTable = reader.byte() === 8;
    const length = reader.leb();
    if (isTable) break;
    reader.skip(length);
  }
  return reader.list(() => {
    const kind = reader.byte();
    const flags = reader.leb();
    if (kind === SECTION) return void reader.leb();
    if (kind === DATA) {
      reader.text();
      if (flags & UNDEFINED) return undefined;
      const start = segments[reader.leb()] + reader.leb();
      return { isData: true, start, end: start + reader.leb() };
    }
    const index = reader.leb();
    if (!(flags & UNDEFINED) || flags & NAMED) reader.text();
    return kind === FUNCTION ? bodies.get(index) : undefined;
  });
}

function relocationsOf({ content, reader }, sections) {
  reader.at = content;
  const { start } = sections[reader.leb()];
  return reader
    .list(() => {
      const type = reader.byte();
      const kind = RELOCATIONS.get(type);
      if (!kind) throw new Stop(`the linker has a relocation of a new type, ${type}`);
      const relocation = { at: start + reader.leb(), symbol: reader.leb(), isSymbol: kind.isSymbol };
      if (kind.hasAddend) reader.leb();
      return relocation;
    })
    .filter(({ isSymbol }) => isSymbol);
}

function functionNames({ content, end, reader }) {
  reader.at = content;
  while (reader.at < end) {
    const isFunctions = reader.byte() === 1;
    const length = reader.leb();
    if (isFunctions) return new Map(reader.list(() => [reader.leb(), reader.text()]));
    reader.skip(length);
  }
  throw new Stop("the wasm has no names of functions");
}

function leb(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}
