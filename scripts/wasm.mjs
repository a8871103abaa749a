// src -> js/generated: the wasm, its glue, the wasm as a module that any bundler can load, and the core as JavaScript.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { cache, capture, cargoTarget, files, hash, root, run, Stop, toolsBin, whenStale } from "./lib.mjs";
import { withoutPanicMessages } from "./panics.mjs";

const TARGET = "wasm32-unknown-unknown";
/** 0.4 % smaller than -O3. The speed is rustc's doing. */
const OPTIMIZE = [
  "-Oz",
  // Functions of a middling size that have one caller stay functions: gzip finds more that is alike in them (2.4 %).
  "--one-caller-inline-max-function-size=20",
  // Blocks put together anew, and no address below 1024 in use, which is the far end of the stack: 1.5 % by gzip.
  ...["--flatten", "--rereloop", "-Oz", "--low-memory-unused", "-Oz"],
  "--strip-target-features",
];
/** What rustc emits for this target, and Node 20 and every supported browser run. `--all-features` would emit more. */
const FEATURES = [
  "bulk-memory",
  "nontrapping-float-to-int",
  "sign-ext",
  "mutable-globals",
  "reference-types",
  "multivalue",
  "simd",
];
const SOURCES = ["src", "Cargo.toml", "Cargo.lock", ".cargo", "rust-toolchain.toml"];
const TOOLS = ["scripts/wasm.mjs", "scripts/panics.mjs", "scripts/tools", "package-lock.json"];

export const generated = join(root, "js", "generated");

/** The boundary is built once for each of its features: what only reads does not pay for what writes. */
export const MODULES = [
  { feature: "reader", name: "runstream", inlined: "wasm-inline" },
  { feature: "writer", name: "writer", inlined: "writer-inline" },
];

/** js/generated: all that importing js/*.ts in a test takes. */
export async function buildWasm() {
  await whenStale("wasm", {
    inputs: () => hash(files(...SOURCES, ...TOOLS), capture("rustc", ["-V"])),
    outputs: [
      ...MODULES.flatMap(({ name, inlined }) => [
        ...[`${name}.js`, `${name}.d.ts`, `${name}_bg.wasm`],
        ...[`${inlined}.js`, `${inlined}.d.ts`],
      ]),
      ...["abi.js", "abi.d.ts"],
    ].map((file) => join(generated, file)),
    work: async () => {
      for (const module of MODULES) await buildModule(module);
      await buildFallback();
    },
  });
}

/** `isNamed`: the functions keep their names, for profiles. */
export async function buildModule({ feature, name, inlined }, { to = generated, isNamed = false } = {}) {
  const out = join(cache, "wasm", name);
  const wasm = join(out, `${name}_bg.wasm`);
  await compile({ feature, name, out, isNamed });
  const names = optimize(wasm, isNamed);
  const glue = join(out, `${name}.js`);
  const short = withShortInit(withoutEval(withPromiseJobs(renamed(readFileSync(glue, "utf8"), names, name, wasm))));
  writeFileSync(glue, withClock(withRealloc(short)));
  const types = join(out, `${name}.d.ts`);
  writeFileSync(types, upTo("export type InitInput", readFileSync(types, "utf8")) + INIT_TYPES);
  inline(readFileSync(wasm), join(out, inlined), `${name}_bg.wasm`);
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(out)) renameSync(join(out, file), join(to, file));
}

/** What wasm2js cannot say in JavaScript. */
const BEYOND_JS = ["-Ctarget-feature=-simd128,-nontrapping-fptoint"];

/** js/generated/abi.js: the core once more, as JavaScript, for where no WebAssembly may run. */
async function buildFallback() {
  const wasm = await link({ feature: "abi", more: BEYOND_JS });
  binaryen("wasm-opt", [...OPTIMIZE, ...ENABLE, "--strip-debug", "--strip-producers", wasm, "-o", wasm]);
  const text = binaryen("wasm2js", ["--all-features", "-O", wasm, "-o", "-"]);
  const { transform } = await import("esbuild");
  const { code } = await transform(text, { minify: true, target: "es2022" });
  writeFileSync(join(generated, "abi.js"), code);
  const exported = WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasm)));
  const functions = exported.filter(({ kind }) => kind === "function");
  writeFileSync(
    join(generated, "abi.d.ts"),
    `/** src/wasm/abi.rs. The memory's buffer is another one after it grew. */
export const memory: { readonly buffer: ArrayBuffer };
${functions.map(({ name }) => `export function ${name}(...args: Array<number | boolean>): number;`).join("\n")}
`,
  );
}

/**
 * LLVM inlines less of what is not marked, unrolls nothing and adds nothing to save a load: 6 % less by gzip.
 * What is called for each record is marked `#[inline]`, which they do not touch.
 */
const SMALLER = ["-inline-threshold=25", "-unroll-threshold=0", "-enable-pre=0"].map((flag) => `-Cllvm-args=${flag}`);

/** `config`: what cargo is told besides. `isNamed`: the functions keep their names. */
export async function compile({ feature, name, out, config = [], isNamed = false }) {
  const linked = await link({ feature, config, more: SMALLER });
  rmSync(out, { recursive: true, force: true });
  await run(join(toolsBin, "wasm-bindgen"), [
    linked,
    ...["--target", "web", "--out-dir", out, "--out-name", name],
    ...["--omit-default-module-path", "--remove-producers-section"],
    ...(isNamed ? [] : ["--remove-name-section"]),
  ]);
}

/** Resolves to the path of what rustc makes, without the messages of panics. `more`: flags of rustc. */
async function link({ feature, config = [], more = [] }) {
  // Panic messages name files: without this, files of whoever built it. Added to the flags of .cargo/config.toml.
  const sources = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  const registries = existsSync(sources) ? readdirSync(sources).map((name) => join(sources, name)) : [];
  const flags = JSON.stringify([
    ...[sources, ...registries].map((path) => `--remap-path-prefix=${path}/=`),
    "-Clink-arg=--emit-relocs",
    ...more,
  ]);
  await run("cargo", [
    ...[
      "build",
      "--release",
      "-p",
      "runstream-wasm",
      "--no-default-features",
      "--features",
      feature,
      "--target",
      TARGET,
      "--config",
      `target.${TARGET}.rustflags=${flags}`,
      ...config.flatMap((value) => ["--config", value]),
    ],
    ...(process.env.CI ? ["--locked"] : []),
  ]);
  const pruned = join(cache, "pruned.wasm");
  const linked = readFileSync(join(cargoTarget, TARGET, "release", "runstream_wasm.wasm"));
  writeFileSync(pruned, withoutPanicMessages(linked));
  return pruned;
}

/** Returns the new names of the imports and exports: the long ones cost 3 KB of gzip, half of it in the glue. */
export function optimize(wasm, isNamed = false) {
  const more = ["--minify-imports-and-exports-and-modules", ...(isNamed ? ["-g"] : [])];
  return JSON.parse(binaryen("wasm-opt", [...OPTIMIZE, ...ENABLE, ...more, wasm, "-o", wasm]));
}

const ENABLE = ["--mvp-features", ...FEATURES.map((name) => `--enable-${name}`)];

/** Returns what the tool prints. */
function binaryen(tool, args) {
  const path = join(root, "node_modules", "binaryen", "bin", tool);
  const options = { encoding: "utf8", maxBuffer: 2 ** 26 };
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], options);
  if (status !== 0) throw new Stop(`${tool} failed:\n${stderr.slice(0, 10_000)}`);
  return stdout;
}

const CHANGED =
  "wasm-bindgen writes its glue in another form: adapt what scripts/wasm.mjs does with it, or leave that out";

/** The glue, speaking the new names. In it an import is a key of an object, and an export a property of `wasm`. */
function renamed(text, names, name, wasm) {
  const imports = new Map(names.imports.map(([, name, short]) => [name, short]));
  const exports = new Map(names.exports);
  const [{ module }] = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(wasm)));
  let found = 0;
  const result = text
    .replace(/^( {8})(\w+)(?=: function\()/gm, (_, indent, name) => {
      found += 1;
      return indent + imports.get(name);
    })
    .replace(/\bwasm\.(\w+)/g, (_, name) => `wasm.${exports.get(name) ?? name}`)
    .replace(`"./${name}_bg.js": import0`, `"${module}": import0`);
  if (found !== imports.size || result.includes(`${name}_bg`)) throw new Stop(CHANGED);
  return result;
}

const INIT = `let ready;
let clock;
export default function init(module, given) {
    clock = given;
    ready ??= WebAssembly.instantiate(module, __wbg_get_imports()).then((instance) => __wbg_finalize_init(instance, module));
    return ready;
}
`;
const INIT_TYPES = `/** Makes the one instance. It has no time but what it is given. */
export default function init(module: WebAssembly.Module, clock: object): Promise<unknown>;
`;

/** The glue, taking a compiled module and nothing else. What fetches, streams and warns instead is 0.7 KB. */
function withShortInit(text) {
  if (!text.includes("function __wbg_finalize_init(instance, module)")) throw new Stop(CHANGED);
  return upTo("async function __wbg_load(", text) + INIT;
}

/**
 * The executor, without `queueMicrotask`: it falls back to the `then` of a promise that is settled. Chromium's takes the
 * thread's CPU time around every callback, two system calls, which is half of what a short read costs.
 */
function withPromiseJobs(text) {
  const result = text.replace(/const ret = .*\.queueMicrotask;/, "const ret = undefined;");
  if (result.includes(".queueMicrotask")) throw new Stop(CHANGED);
  return result;
}

/** The last of five ways to the global object, which nothing comes to any more. Next.js refuses to build an edge route that has it. */
function withoutEval(text) {
  return text.replace(/new Function\(.*\);/, "() => globalThis;");
}

/** The glue, asking what it was given for the time instead of the globals. */
function withClock(text) {
  if (!text.includes(" Date.now()")) throw new Stop(CHANGED);
  return text.replace(/ (?:Date\.)?(now|setTimeout|clearTimeout)\(/g, " clock.$1(");
}

/** The glue, without what it does when it is given no `realloc`, which it always is. */
function withRealloc(text) {
  const result = text.replace(/^ {4}if \(realloc === undefined\) {[\s\S]*?^ {4}}\n/m, "");
  if (result === text) throw new Stop(CHANGED);
  return result;
}

function upTo(marker, text) {
  const at = text.indexOf(marker);
  if (at < 0) throw new Stop(CHANGED);
  return text.slice(0, at);
}

/** Base64, since no bundler, test runner or server needs to be told what to do with a string. */
function inline(bytes, path, what) {
  const { stdout } = spawnSync(join(toolsBin, "zopfli"), { input: bytes, maxBuffer: bytes.length });
  if (!stdout || !inflateRawSync(stdout).equals(bytes)) throw new Stop("zopfli failed");
  writeFileSync(`${path}.js`, `export default "${stdout.toString("base64")}";\n`);
  writeFileSync(
    `${path}.d.ts`,
    `/** ${what}: base64 of raw deflate. */\ndeclare const wasm: string;\nexport default wasm;\n`,
  );
}
