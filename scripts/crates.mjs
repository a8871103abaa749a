// What each crate costs in the two wasm modules, and what other builds of them would cost: gzip bytes.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { cache, script } from "./lib.mjs";
import { loadedSections, namedFunctions } from "./panics.mjs";
import { compile, optimize } from "./wasm.mjs";

const folder = join(cache, "crates");
const optLevel = (level, ...crates) =>
  crates.map((name) => `profile.release.${name}opt-level=${JSON.stringify(level)}`);
const CORE = ["package.runstream.", "package.memchr."];

const VARIANTS = [
  { what: "reader without SIMD", config: ['target.wasm32-unknown-unknown.rustflags=["-Ctarget-feature=-simd128"]'] },
  { what: "reader, the core for size as well", config: optLevel("z", ...CORE) },
  { what: "reader, all of it for size", config: optLevel("z", "") },
];

export async function measureCrates() {
  const modules = {
    reader: share(await build({ feature: "reader", isNamed: true })),
    writer: share(await build({ feature: "writer", isNamed: true })),
  };
  const variants = [];
  for (const { what, config } of VARIANTS) {
    const bytes = gzip(await build({ feature: "reader", config }));
    variants.push({ what, bytes });
  }
  return { modules, variants };
}

async function build({ feature, config, isNamed }) {
  mkdirSync(folder, { recursive: true });
  const out = join(folder, "out");
  await compile({ feature, name: "module", out, config, isNamed });
  const wasm = join(out, "module_bg.wasm");
  optimize(wasm, isNamed);
  return readFileSync(wasm);
}

const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** `bytes`: the whole. `crates`: what it would be less without the functions of each, the largest first. */
function share(bytes) {
  const functions = namedFunctions(bytes);
  const sections = loadedSections(bytes);
  const loaded = (without) => {
    const pieces = [];
    for (const { id, start, end } of sections) {
      const cut = without(id).filter((piece) => piece.start >= start && piece.end <= end);
      let at = start;
      for (const piece of cut) {
        pieces.push(bytes.subarray(at, piece.start));
        at = piece.end;
      }
      pieces.push(bytes.subarray(at, end));
    }
    return gzip(Buffer.concat(pieces));
  };
  const whole = loaded(() => []);
  const names = [...new Set(functions.map(({ name }) => crateOf(name)))];
  const crates = names.map((name) => ({
    name,
    bytes: whole - loaded((id) => (id === 10 ? functions.filter((one) => crateOf(one.name) === name) : [])),
  }));
  const data = whole - loaded((id) => (id === 11 ? sections.filter((section) => section.id === 11) : []));
  return {
    bytes: whole,
    crates: [...crates, { name: "data", bytes: data }].sort((a, b) => b.bytes - a.bytes),
  };
}

/**
 * Of the core the module as well. `<T as Trait>::f` is of the crate of `T`.
 * @param {string} name
 * @returns {string}
 */
export function crateOf(name) {
  const path = /([A-Za-z_]\w*)(?:\[[0-9a-f]+\])?::(?:([a-z_]\w*)(?:::|$))?/.exec(name);
  if (!path) return "glue for JavaScript";
  return path[1] === "runstream" && path[2] ? `runstream::${path[2]}` : path[1];
}

script(import.meta.url, async () => {
  console.log(JSON.stringify(await measureCrates(), null, 2));
});
