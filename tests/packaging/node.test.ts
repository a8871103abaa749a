import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { app, manifest } from "./install.js";

const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: app, encoding: "utf8" }).trim();
const evaluate = (code: string) => node("--no-warnings", "--input-type=module", "-e", code);
const modules = Object.entries(manifest().exports)
  .filter(([, target]) => typeof target === "object")
  .map(([path]) => join("runstream", path));

test.for(modules)("Node imports %s", (name) => {
  expect(evaluate(`console.log(typeof await import("${name}"))`)).toBe("object");
});

test.for(modules)("Node requires %s: no top-level await anywhere", (name) => {
  expect(node("--no-warnings", "--input-type=commonjs", "-e", `console.log(typeof require("${name}"))`)).toBe("object");
});

test.for(["runstream", "writer"])("the wasm of the %s can be found by name, and compiles", (name) => {
  const code = `
    import { readFileSync } from "node:fs";
    const url = import.meta.resolve("runstream/${name}_bg.wasm");
    console.log(await WebAssembly.compile(readFileSync(new URL(url))));`;
  expect(evaluate(code)).toContain("Module");
});

test("the dev server serves the dashboard, which needs nothing else", () => {
  const page = evaluate(`
    import { startDevServer } from "runstream/dev-server";
    const server = await startDevServer({ port: 0 });
    const answer = await fetch(server.url);
    console.log(answer.status, answer.headers.get("content-type"), await answer.text());
    await server.close();`);
  expect(page).toMatch(/^200 text\/html; charset=utf-8 <!doctype html>/);
  expect(page).toContain('<div id="root">');
  const markup = page.replace(/(<(script|style)\b[^>]*>).*?<\/\2>/gs, "$1");
  expect(markup.match(/<(script|style|link|img)\b[^>]*>/g)).toEqual([
    '<link rel="icon" href="data:," />',
    "<style>",
    '<script type="module">',
  ]);
});
