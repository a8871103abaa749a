// What the hooks cost an app: gzip bytes of a minified bundle, React left out.
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { cache, readJson, root, Stop, script } from "./lib.mjs";

const OURS = "runstream/react";
const OFFICIAL = "@trigger.dev/react-hooks";
const app = (from) =>
  `import { useRealtimeStream, useInputStreamSend } from "${from}";\nexport { useRealtimeStream, useInputStreamSend };\n`;

const DEFINE = `import { streams } from "runstream";\nexport const stream = streams.define({ id: "key" });\n`;

/** What apps use of it: what each pays. */
const APPS = {
  useRealtimeStream: `export { useRealtimeStream } from "${OURS}";`,
  useInputStreamSend: `export { useInputStreamSend } from "${OURS}";`,
  "the two hooks": app(OURS),
  "the two hooks and streams.define": app(OURS) + DEFINE,
  "streams alone": `export { streams } from "runstream";`,
};

/** The two hooks, and what is loaded first with a defined stream beside them. */
export async function measure() {
  const { initial: initialWithDefine } = await measureApp(app(OURS) + DEFINE);
  return { ...(await measureApp(app(OURS))), initialWithDefine };
}

/** What only those load for whom there is no WebAssembly. */
const FALLBACK = "/driver-";

/**
 * `initial`: the entry and what it imports statically. `total`: and what it loads later, the wasm above all. `fallback`: what takes
 * the place of the wasm where there is none.
 */
async function measureApp(contents, external = [], alias = {}) {
  const { build } = await import("esbuild");
  const folder = join(cache, "size");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(join(root, "pkg"), join(folder, "node_modules", "runstream"));
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: folder, sourcefile: "app.js" },
    bundle: true,
    minify: true,
    format: "esm",
    splitting: true,
    target: "es2022",
    // The official package does not bundle for the browser without leaving Node's own modules out.
    external: ["react", "react-dom", "react/jsx-runtime", ...external],
    alias,
    outdir: join(folder, "out"),
    absWorkingDir: folder,
    // That of the repository has paths that lead to the sources.
    tsconfigRaw: {},
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const chunks = new Map(
    outputFiles.map(({ path, contents }) => [path.slice(folder.length + 1), gzipSync(contents, { level: 9 }).length]),
  );
  const entry = Object.keys(metafile.outputs).filter((name) => metafile.outputs[name].entryPoint === "app.js");
  const reach = (kinds) => {
    const names = new Set(entry);
    for (const name of names)
      for (const { path, kind, external } of metafile.outputs[name].imports)
        if (kinds.includes(kind) && !external) names.add(path);
    return [...names];
  };
  const later = reach(["import-statement", "dynamic-import"]);
  const [fallback, all] = [true, false].map((is) => later.filter((name) => name.includes(FALLBACK) === is));
  const sum = (names) => names.reduce((bytes, name) => bytes + chunks.get(name), 0);
  return {
    initial: sum(reach(["import-statement"])),
    total: sum(all),
    fallback: sum(fallback),
    chunks: later.map((name) => [name, chunks.get(name)]),
    modules: all.flatMap((name) =>
      Object.entries(metafile.outputs[name].inputs).map(([path, { bytesInOutput }]) => ({
        path: relative(root, join(folder, path)),
        bytes: bytesInOutput,
        isInitial: reach(["import-statement"]).includes(name),
      })),
    ),
  };
}

/** What each app pays, and the minified bytes of each module in the app with the two hooks. */
export async function measureFeatures() {
  const apps = [];
  for (const [name, contents] of Object.entries(APPS)) {
    const { initial, total } = await measureApp(contents);
    apps.push({ name, initial, total });
  }
  const { modules } = await measureApp(app(OURS), [], { [OURS]: join(root, "js", "react.ts") });
  return { apps, modules: modules.filter(({ bytes, path }) => bytes > 0 && path.startsWith("js/")) };
}

export async function printSizes() {
  const sizes = await measure();
  console.log("\nAn app with useRealtimeStream and useInputStreamSend, minified, without React (gzip):");
  for (const [name, bytes] of sizes.chunks) console.log(`  ${kb(bytes)}  ${name.replace(/^out\//, "")}`);
  for (const [name, budget] of Object.entries(readJson("scripts/budgets.json")))
    console.log(`${name}: ${kb(sizes[name])} of ${kb(budget)}`);
  console.log(`the fallback, instead of the wasm where there is no WebAssembly: ${kb(sizes.fallback)}`);
  return sizes;
}

const kb = (bytes) => `${(bytes / 1024).toFixed(1).padStart(5)} KB`;

script(import.meta.url, async () => {
  const sizes = await printSizes();
  const official = (await measureApp(app(OFFICIAL), ["node:*"])).total;
  console.log(`the same two hooks of ${OFFICIAL}: ${kb(official)}`);
  const over = Object.entries(readJson("scripts/budgets.json")).filter(([name, budget]) => sizes[name] > budget);
  if (over.length > 0)
    throw new Stop(`over budget: ${over.map(([name, budget]) => `${name} ${sizes[name]} B > ${budget} B`).join(", ")}`);
  // For the benchmark.
  console.log(JSON.stringify({ initial: sizes.initial, total: sizes.total, fallback: sizes.fallback, official }));
});
