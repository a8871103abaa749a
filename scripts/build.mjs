// src -> js/generated (wasm.mjs) -> pkg (here). Each half is skipped when nothing it reads has changed.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { buildDashboard, dashboard } from "./dashboard.mjs";
import { cache, files, hash, readJson, root, run, Stop, script, whenStale } from "./lib.mjs";
import { setup } from "./setup.mjs";
import { printSizes } from "./size.mjs";
import { buildWasm, generated } from "./wasm.mjs";

const pkg = join(root, "pkg");
const dist = join(pkg, "dist");
const SOURCES = ["js", "pkg-template", "README.md", "LICENSE"];
const TOOLS = [
  "scripts/build.mjs",
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
      for (const name of ["runstream_bg.wasm", "writer_bg.wasm"]) copyFileSync(join(generated, name), join(dist, name));
      copyFileSync(dashboard, join(dist, "dashboard.html"));
      for (const path of ["README.md", "LICENSE", ...files("pkg-template")])
        if (existsSync(join(root, path))) copyFileSync(join(root, path), join(pkg, basename(path)));
      writeFileSync(join(pkg, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    },
  });
}

/**
 * `.`, `./react` and `./testing` are built together and share chunks. So an app that imports several has one registry of subscriptions, the
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
    absWorkingDir: root,
    outdir: dist,
    chunkNames: "[name]-[hash]",
    logLevel: "warning",
  };
  await build({
    ...common,
    entryPoints: { index: "js/index.ts", react: "js/react.ts", testing: "js/testing.ts" },
    platform: "browser",
    external: ["react", "react-dom"],
  });
  const react = join(dist, "react.js");
  writeFileSync(react, `"use client";\n${readFileSync(react, "utf8").replace(/^"use client";\n/, "")}`);
  await build({
    ...common,
    entryPoints: { cli: "js/dev-server/cli.ts", "dev-server": "js/dev-server/server.ts" },
    platform: "node",
    chunkNames: "dev-server-[hash]",
  });
  chmodSync(join(dist, "cli.js"), 0o755);
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
  const seen = new Set(["index.d.ts", "react.d.ts", "testing.d.ts", "dev-server/server.d.ts"]);
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

script(import.meta.url, async () => {
  await build();
  await printSizes();
});
