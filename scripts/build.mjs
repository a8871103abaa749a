// src -> js/generated (the wasm and its glue) -> pkg (what is published). Each half is skipped when nothing it reads has changed.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { deflateRawSync } from "node:zlib";
import {
  cache,
  capture,
  cargoTarget,
  files,
  hash,
  readJson,
  root,
  run,
  Stop,
  script,
  stamp,
  timed,
  toolsBin,
  withLock,
} from "./lib.mjs";
import { setup } from "./setup.mjs";
import { printSizes } from "./size.mjs";

const TARGET = "wasm32-unknown-unknown";
const OPTIMIZE = "-O3";
/** What rustc emits for this target and every supported browser and Node 20 run. `--all-features` would emit more. */
const WASM_FEATURES = [
  "bulk-memory",
  "nontrapping-float-to-int",
  "sign-ext",
  "mutable-globals",
  "reference-types",
  "multivalue",
  "simd",
];

const generated = join(root, "js", "generated");
const pkg = join(root, "pkg");
const dist = join(pkg, "dist");

/** Sets up what is missing, then builds what is stale: everything. */
export async function build() {
  await setup();
  await buildWasm();
  await buildPackage();
}

/** js/generated: all that importing js/*.ts in a test takes. */
export async function buildWasm() {
  const inputs = () =>
    hash(
      files(
        "src",
        "Cargo.toml",
        "Cargo.lock",
        ".cargo",
        "rust-toolchain.toml",
        "scripts/build.mjs",
        "scripts/tools/Cargo.lock",
      ),
      capture("rustc", ["-V"]),
    );
  const outputs = ["runstream.js", "runstream.d.ts", "runstream_bg.wasm", "wasm-inline.js", "wasm-inline.d.ts"];
  await whenStale(
    "wasm",
    inputs,
    outputs.map((name) => join(generated, name)),
    async () => {
      await run("cargo", ["build", "--release", "--lib", "--target", TARGET, ...(process.env.CI ? ["--locked"] : [])]);
      const out = join(cache, "wasm");
      rmSync(out, { recursive: true, force: true });
      await run(join(toolsBin, "wasm-bindgen"), [
        join(cargoTarget, TARGET, "release", "runstream.wasm"),
        ...["--target", "web", "--out-dir", out],
        ...["--omit-default-module-path", "--remove-name-section", "--remove-producers-section"],
      ]);
      const wasm = join(out, "runstream_bg.wasm");
      const features = ["--mvp-features", ...WASM_FEATURES.map((name) => `--enable-${name}`)];
      await run(process.execPath, [
        join(root, "node_modules", "binaryen", "bin", "wasm-opt"),
        OPTIMIZE,
        ...features,
        wasm,
        "-o",
        wasm,
      ]);
      const bytes = readFileSync(wasm);
      if (!WebAssembly.validate(bytes)) throw new Stop("wasm-opt's output does not load in this Node");
      writeFileSync(
        join(out, "wasm-inline.js"),
        `export default "${deflateRawSync(bytes, { level: 9 }).toString("base64")}";\n`,
      );
      writeFileSync(
        join(out, "wasm-inline.d.ts"),
        "/** runstream_bg.wasm: base64 of raw deflate. */\ndeclare const wasm: string;\nexport default wasm;\n",
      );
      mkdirSync(generated, { recursive: true });
      for (const name of readdirSync(out)) renameSync(join(out, name), join(generated, name));
    },
  );
}

/** pkg: the package as it would be published. */
export async function buildPackage() {
  const inputs = () =>
    hash(
      files(
        "js",
        "pkg-template",
        "scripts/build.mjs",
        "README.md",
        "LICENSE",
        "package.json",
        "package-lock.json",
        "tsconfig.json",
      ),
    );
  await whenStale("pkg", inputs, [join(pkg, "package.json")], async () => {
    rmSync(pkg, { recursive: true, force: true });
    mkdirSync(dist, { recursive: true });
    await bundle();
    copyFileSync(join(generated, "runstream_bg.wasm"), join(dist, "runstream_bg.wasm"));
    await declarations();
    for (const name of ["README.md", "LICENSE"])
      if (existsSync(join(root, name))) copyFileSync(join(root, name), join(pkg, name));
    for (const name of readdirSync(join(root, "pkg-template")))
      copyFileSync(join(root, "pkg-template", name), join(pkg, name));
    const manifest = { ...readJson("pkg-template/package.json"), version: version() };
    writeFileSync(join(pkg, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  });
}

/**
 * `.` and `./react` are built together and share chunks. So an app that imports both has one registry of subscriptions, the
 * hooks may use what `.` does not export, and no resolver has to find the package from inside itself.
 * Not minified: that is the app's bundler's work, and it shakes out more of what it can read.
 */
async function bundle() {
  const esbuild = await import("esbuild");
  const build = (options) =>
    esbuild.build(options).catch(() => {
      throw new Stop("esbuild failed: its own words are above");
    });
  const common = {
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    outdir: dist,
    chunkNames: "[name]-[hash]",
    loader: { ".html": "text" },
    logLevel: "warning",
  };
  await build({
    ...common,
    entryPoints: present({ index: "js/index.ts", react: "js/react.ts" }),
    platform: "browser",
    external: ["react", "react-dom"],
  });
  const react = join(dist, "react.js");
  writeFileSync(react, `"use client";\n${readFileSync(react, "utf8").replace(/^"use client";\n/, "")}`);
  await build({
    ...common,
    entryPoints: present({ cli: "js/dev-server/cli.ts", "dev-server": "js/dev-server/server.ts" }),
    platform: "node",
    chunkNames: "dev-server-[hash]",
  });
  if (existsSync(join(dist, "cli.js"))) chmodSync(join(dist, "cli.js"), 0o755);
}

const present = (entries) =>
  Object.fromEntries(
    Object.entries(entries)
      .filter(([, path]) => existsSync(join(root, path)))
      .map(([name, path]) => [name, join(root, path)]),
  );

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
  const wanted = ["index.d.ts", "react.d.ts", "dev-server/server.d.ts"].filter((name) => existsSync(join(all, name)));
  const seen = new Set(wanted);
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
    mkdirSync(dirname(join(types, name)), { recursive: true });
    writeFileSync(join(types, name), text);
  }
}

function version() {
  const { version } = readJson("package.json");
  const crate = /^version = "(.*)"$/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))?.[1];
  if (crate !== version)
    throw new Stop(`package.json says version ${version}, Cargo.toml says ${crate}: make them agree.`);
  return version;
}

async function whenStale(name, inputs, outputs, work) {
  const isFresh = () => stamp(name, inputs()).fresh && outputs.every((path) => existsSync(path));
  if (isFresh()) return;
  await withLock("build", async () => {
    if (isFresh()) return;
    const current = stamp(name, inputs());
    current.forget();
    await timed(`build ${name}`, work);
    current.done();
  });
}

script(import.meta.url, async () => {
  await build();
  await printSizes();
});
