import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { build } from "esbuild";
import { build as viteBuild } from "vite";
import { describe, expect, test } from "vitest";
import wasm from "../../js/generated/wasm-inline.js";
import budgets from "../../scripts/budgets.json" with { type: "json" };
import { measure } from "../../scripts/size.mjs";
import { app } from "./install.js";

const source = `
  import { streams } from "runstream";
  export { useRealtimeStream, useInputStreamSend } from "runstream/react";
  export { createRoot } from "react-dom/client";
  export const story = streams.define({ id: "story" });`;

/** React and all, nothing external: what Node alone has would fail to resolve. */
const options = {
  stdin: { contents: source, resolveDir: app, sourcefile: "app.js" },
  bundle: true,
  minify: true,
  platform: "browser",
  target: "es2022",
  define: { "process.env.NODE_ENV": '"production"' },
  outdir: join(app, "out"),
  write: false,
  metafile: true,
  logLevel: "silent",
} as const;

/** The wasm must not be in what a page loads first. */
const holdsWasm = (code: string) => code.includes(wasm.slice(0, 100));

describe("an app with a defined stream and both hooks", () => {
  test("bundles for the browser with plain esbuild, the wasm apart", async () => {
    const { warnings, metafile, outputFiles } = await build({ ...options, format: "esm", splitting: true });
    expect(warnings).toEqual([]);
    const outputs = Object.values(metafile.outputs);
    expect(outputs.flatMap(({ imports }) => imports).filter(({ external }) => external)).toEqual([]);
    const holders = outputFiles.filter(({ text }) => holdsWasm(text)).map(({ path }) => relative(process.cwd(), path));
    expect(holders).toHaveLength(1);
    const importers = outputs.flatMap(({ imports }) => imports).filter(({ path }) => path === holders[0]);
    expect(importers.map(({ kind }) => kind)).toEqual(["dynamic-import"]);
  });

  test.for([
    ["browser", [], "browser.js"],
    ["browser", ["worker"], "index.js"],
    ["node", [], "index.js"],
    ["node", ["browser"], "index.js"],
  ] as const)("bundled for %s, with the conditions %j, is made of %s", async ([platform, conditions, entry]) => {
    const { metafile } = await build({ ...options, format: "esm", platform, conditions: [...conditions] });
    const paths = Object.keys(metafile.inputs).filter((path) => /runstream\/dist\/(index|browser)\.js$/.test(path));
    expect(paths.map((path) => basename(path))).toEqual([entry]);
  });

  test("bundles into one classic script", async () => {
    const { warnings, outputFiles } = await build({ ...options, format: "iife" });
    expect(warnings).toEqual([]);
    expect(outputFiles).toHaveLength(1);
  });

  test("builds with Vite", async () => {
    const entry = join(app, "entry.js");
    mkdirSync(app, { recursive: true });
    writeFileSync(entry, source);
    const result = await viteBuild({
      root: app,
      configFile: false,
      logLevel: "silent",
      build: { write: false, rolldownOptions: { input: entry, preserveEntrySignatures: "strict" } },
    });
    const { output } = result as { output: { isEntry?: boolean; code?: string }[] };
    const holders = output.filter(({ code }) => holdsWasm(code ?? ""));
    expect(holders.map(({ isEntry }) => isEntry)).toEqual([false]);
    // What Vite puts in the place of what Node alone has.
    expect(output.filter(({ code }) => code?.includes("browser-external"))).toEqual([]);
  });

  test.for(["initial", "initialWithDefine", "total"] as const)("is within its %s budget", async (name) => {
    expect((await measure())[name]).toBeLessThanOrEqual(budgets[name]);
  });
});
