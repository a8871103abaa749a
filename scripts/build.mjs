// src -> js/generated (wasm.mjs) -> pkg (here). Each half is skipped when nothing it reads has changed.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { buildDashboard, dashboard } from "./dashboard.mjs";
import { cache, files, hash, readJson, root, run, Stop, script, whenStale } from "./lib.mjs";
import { setup } from "./setup.mjs";
import { printSizes } from "./size.mjs";
import { thirdParty } from "./third-party.mjs";
import { buildWasm, generated, MODULES } from "./wasm.mjs";

const pkg = join(root, "pkg");
const dist = join(pkg, "dist");
const SOURCES = ["js", "pkg-template", "README.md", "LICENSE"];
const TOOLS = [
  "scripts/build.mjs",
  "scripts/third-party.mjs",
  "Cargo.lock",
  "scripts/tsconfig.types.json",
  "tsconfig.json",
  "package.json",
  "package-lock.json",
];

/** Sets up what is missing, then builds what is stale: everything. */
export async function build() {
  await setup();
  await buildWasm();
  await buildPackage();
}

/** pkg: the package as it would be published. */
export async function buildPackage() {
  await buildDashboard();
  await whenStale("pkg", {
    inputs: () => hash(files(...SOURCES, ...TOOLS)),
    outputs: [join(pkg, "package.json")],
    work: async () => {
      const manifest = { ...readJson("pkg-template/package.json"), version: version() };
      rmSync(pkg, { recursive: true, force: true });
      mkdirSync(dist, { recursive: true });
      await bundle();
      await declarations();
      for (const { name } of MODULES) copyFileSync(join(generated, `${name}_bg.wasm`), join(dist, `${name}_bg.wasm`));
      copyFileSync(dashboard, join(dist, "dashboard.html"));
      copyFileSync(join(root, "LICENSE"), join(pkg, "LICENSE"));
      writeFileSync(join(dist, "THIRD-PARTY.txt"), await thirdParty());
      writeFileSync(join(pkg, "README.md"), forReadersOfPackage(readFileSync(join(root, "README.md"), "utf8")));
      writeFileSync(join(pkg, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    },
  });
}

/** Without pictures and links that lead to files which are not in the package. */
function forReadersOfPackage(text) {
  return text.replace(/^!\[.*\]\((?!https:).*\)\n\n/gm, "").replace(/\[([^\]]+)\]\((?!https:|#)[^)]+\)/g, "$1");
}

const SLIM = { index: "js/index.ts", react: "js/react.ts" };
const CLIENT = { ...SLIM, testing: "js/testing.ts", ai: "js/ai.ts" };
/** What `.` is where a bundler builds for browsers. */
const PAGE = { browser: "js/browser.ts" };

/**
 * What differs where bytes are not inlined: the file that compiles instead of inflate.ts, and the module that it is given.
 * The paths lead to the folder above.
 */
const VARIANTS = {
  workerd: { compiler: "given", module: (file) => `export { default } from "../${file}";` },
  edge: { compiler: "given", module: (file) => `export { default } from "../${file}?module";` },
  slim: {
    compiler: "fetched",
    module: (file) => `export default new URL("../${file}", import.meta.url);`,
    entries: { ...SLIM, ...PAGE },
  },
};

/**
 * `.`, `./react`, `./testing` and `./ai` are built together and share chunks. So the hooks may use what `.` does not export, and no resolver has
 * to find the package from inside itself. Not minified: that is the app's bundler's work, and it shakes out more of what it can read.
 */
async function bundle() {
  const inBrowser = { platform: "browser", external: ["react", "react-dom"] };
  const inNode = { platform: "node", chunkNames: "dev-server-[hash]" };
  await bundleEntries(dist, { ...CLIENT, ...PAGE }, inBrowser);
  await bundleEntries(dist, { cli: "js/dev-server/cli.ts", "dev-server": "js/dev-server/server.ts" }, inNode);
  chmodSync(join(dist, "cli.js"), 0o755);
  for (const [name, { entries = CLIENT, ...variant }] of Object.entries(VARIANTS))
    await bundleEntries(join(dist, name), entries, { ...inBrowser, plugins: [withoutBytes(variant)] });
  const cjs = join(dist, "cjs");
  await bundleEntries(cjs, CLIENT, inBrowser);
  await bundleEntries(cjs, { "dev-server": "js/dev-server/server.ts" }, inNode);
  await toCommonJs(cjs, MISSING);
  // CommonJS, which Metro takes as well, and Jest without being told to.
  const native = join(dist, "native");
  await bundleEntries(native, { ...CLIENT, index: PAGE.browser }, { ...inBrowser, plugins: [withoutWasm] });
  await toCommonJs(native);
  await minifyFallback();
  for (const path of files(relative(root, dist)).filter((path) => basename(path) === "react.js")) {
    const text = readFileSync(join(root, path), "utf8");
    writeFileSync(join(root, path), `"use client";\n${text.replace(/^"use client";\n/, "")}`);
  }
}

async function bundleEntries(outdir, entryPoints, options) {
  const esbuild = await import("esbuild");
  await esbuild
    .build({
      bundle: true,
      splitting: true,
      format: "esm",
      target: "es2022",
      absWorkingDir: root,
      outdir,
      entryPoints,
      chunkNames: "[name]-[hash]",
      define: { VERSION: JSON.stringify(version()) },
      logLevel: "warning",
      ...options,
    })
    .catch(() => {
      throw new Stop("esbuild failed: its own words are above");
    });
}

/** Where only these bytes may be compiled there is nothing to fall back to. */
function withoutBytes({ compiler, module }) {
  const namespace = "module";
  return {
    name: "without-bytes",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\/fallback\/driver\.ts$/ }, ({ path }) => ({ path, namespace: "nothing" }));
      onLoad({ filter: /./, namespace: "nothing" }, () => ({
        contents: "export const start = (_clock, _warn, refused) => Promise.reject(refused);",
      }));
      onResolve({ filter: /\/inflate\.ts$/ }, () => ({ path: join(root, "js", `${compiler}.ts`) }));
      for (const { name, inlined } of MODULES)
        onResolve({ filter: new RegExp(`/${inlined}\\.js$`) }, () => ({ path: `${name}_bg.wasm`, namespace }));
      onLoad({ filter: /./, namespace }, ({ path }) => ({ contents: module(path) }));
      onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path }) => ({ path, external: true }));
    },
  };
}

/** What CommonJS has not, and Jest's jsdom. */
const MISSING = {
  "import.meta.url": 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;',
  TextDecoder:
    'const { TextDecoder, TextEncoder } = globalThis.TextDecoder ? globalThis : process.getBuiltinModule("node:util");',
};

/** React Native has no WebAssembly: the core as JavaScript is all there is. */
const withoutWasm = {
  name: "without-wasm",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/wasm\.ts$/ }, () => ({ path: join(root, "js", "fallback", "driver.ts") }));
    onResolve({ filter: /-inline\.js$/ }, ({ path }) => ({ path, namespace: "nothing" }));
    onLoad({ filter: /./, namespace: "nothing" }, () => ({ contents: "export default undefined;" }));
  },
};

/** File by file, so that the entries go on sharing their chunks. `import()` becomes `require`, which Jest can follow. */
async function toCommonJs(folder, missing = {}) {
  const esbuild = await import("esbuild");
  for (const path of files(relative(root, folder))) {
    const text = readFileSync(join(root, path), "utf8");
    const needed = Object.entries(missing).filter(([name]) => text.includes(name));
    const { code } = await esbuild.transform(text, {
      format: "cjs",
      platform: "node",
      target: "es2022",
      supported: { "dynamic-import": false },
      define: { "import.meta.url": "moduleUrl" },
      banner: needed.map(([, code]) => code).join("\n"),
    });
    writeFileSync(join(root, path), code);
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
}

/** Nobody reads it, and not every app's bundler makes things smaller. */
async function minifyFallback() {
  const { transform } = await import("esbuild");
  for (const path of files(relative(root, dist)).filter((path) => basename(path).startsWith("driver-"))) {
    const { code } = await transform(readFileSync(join(root, path), "utf8"), { minify: true, target: "es2022" });
    writeFileSync(join(root, path), code);
  }
}

/** Keeps the declarations that an entry reaches: the others, and the glue's, are nobody's business. */
async function declarations() {
  const types = join(dist, "types");
  const all = join(cache, "types");
  rmSync(all, { recursive: true, force: true });
  await run(process.execPath, [
    join(root, "node_modules", "typescript", "bin", "tsc"),
    "-p",
    "scripts/tsconfig.types.json",
    "--outDir",
    all,
  ]);
  const seen = new Set(["index.d.ts", "react.d.ts", "testing.d.ts", "ai.d.ts", "dev-server/server.d.ts"]);
  // The same text is ESM's or CommonJS's by the package.json above it.
  const targets = [types, join(dist, "cjs", "types")];
  for (const name of seen) {
    const text = readFileSync(join(all, name), "utf8").replace(
      /((?:from|import\()\s*")(\.[^"]+?)\.[jt]s"/g,
      (_, before, path) => {
        const target = relative(all, join(all, dirname(name), `${path}.d.ts`));
        if (!existsSync(join(all, target))) throw new Stop(`${name} leaks a type that is not published: ${path}`);
        seen.add(target);
        return `${before}${path}.js"`;
      },
    );
    for (const target of targets) {
      mkdirSync(dirname(join(target, name)), { recursive: true });
      writeFileSync(join(target, name), text);
    }
  }
}

function version() {
  const { version } = readJson("package.json");
  const crate = /^version = "(.*)"$/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))?.[1];
  if (crate !== version)
    throw new Stop(`package.json says version ${version}, Cargo.toml says ${crate}: make them agree.`);
  return version;
}

script(import.meta.url, async () => {
  await build();
  await printSizes();
});
