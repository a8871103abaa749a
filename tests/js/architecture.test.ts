// Who may depend on whom: the rules of CONTRIBUTING.md that a reader of the sources can check.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(root, folder, name);
    return statSync(path).isDirectory() ? filesIn(relative(root, path)) : [relative(root, path)];
  });
}

/** The files under `folder` whose code, comments left out, matches. */
function matching(folder: string, pattern: RegExp, isOurs: (file: string) => boolean = () => true): string[] {
  return filesIn(folder)
    .filter((file) => /\.(rs|tsx?)$/.test(file) && isOurs(file))
    .filter((file) => pattern.test(readFileSync(join(root, file), "utf8").replace(/^\s*\/\/.*$/gm, "")));
}

const isCore = (file: string) => !file.startsWith("src/wasm");
const isBoundary = (file: string) => file.startsWith("src/wasm") && file.endsWith(".rs");
const isClient = (file: string) => !/^js\/(generated|dev-server)\//.test(file);
/** The dev server's page is a client like any other; what serves it is not. */
const isServer = (file: string) => !file.startsWith("js/dev-server/dashboard/");

describe("the core", () => {
  test("knows no JavaScript, no clock, no randomness and no I/O", () => {
    expect(matching("src", /\b(js_sys|web_sys|wasm_bindgen|gloo_net|serde_wasm_bindgen)\b/, isCore)).toEqual([]);
    expect(matching("src", /\bstd::(time|fs|net|io|thread|env|process)\b|\brand::/, isCore)).toEqual([]);
  });

  test("has no unwrap, no expect and no panic", () => {
    expect(matching("src", /\.unwrap\(\)|\.expect\(|\b(panic|todo|unimplemented|unreachable)!/)).toEqual([]);
  });
});

describe("the boundary", () => {
  test("touches the network, the clock and objects in one file each", () => {
    expect(matching("src", /\b(web_sys|gloo_net)::/, isBoundary).map(base)).toEqual(["net.rs"]);
    expect(matching("src", /\b(Date::now|setTimeout)\b/, isBoundary).map(base)).toEqual(["time.rs"]);
    expect(matching("src", /\bserde_wasm_bindgen\b/, isBoundary).map(base)).toEqual(["convert.rs"]);
  });
});

describe("the client", () => {
  test("imports the glue of each module in one file, and that one lazily", () => {
    expect(matching("js", /from ".*generated\//, isClient)).toEqual([
      "js/fallback/core.ts",
      "js/wasm.ts",
      "js/write/wasm.ts",
    ]);
    expect(matching("js", /from ".*generated\/runstream\.js"/, isClient)).toEqual(["js/wasm.ts"]);
    expect(matching("js", /from ".*generated\/wasm-inline\.js"/, isClient)).toEqual([]);
    expect(matching("js", /^import (?!type).* from ".*\/wasm\.ts"/m, isClient)).toEqual(["js/write/writer.ts"]);
    expect(matching("js", /^import (?!type).* from ".*\/writer\.ts"/m, isClient)).toEqual([]);
    expect(matching("js", /^import (?!type).* from ".*\/driver\.ts"/m, isClient)).toEqual([]);
  });

  test("has in the fallback nothing that the page has already: to share it would cost the page a file", () => {
    const inFallback = (file: string) => file.startsWith("js/fallback/");
    expect(matching("js/fallback", /^import (?!type).* from "\.\.\/(?!generated)/m, inFallback)).toEqual([]);
    expect(matching("js/fallback", /\b(setTimeout|Date\.now)\b/, inFallback).map(base)).toEqual(["time.ts"]);
    expect(matching("js/fallback", /\bnew Request\b|\bfetch\(/, inFallback).map(base)).toEqual(["attempt.ts"]);
  });

  test("writes with what every runtime has", () => {
    const writing = (file: string) => file.startsWith("js/write/");
    expect(matching("js", /["']node:|\bprocess\b|\bBuffer\b|\brequire\(/, writing)).toEqual([]);
  });

  test("reads and writes apart: what only reads does not load what writes", () => {
    expect(matching("js/react", /\/write\/|\/streams\.ts"/)).toEqual([]);
    const onServer = /^import (?!type).* from ".*\/(write\/parts|input\/receive)\.ts"/m;
    expect(matching("js", onServer, isClient)).toEqual(["js/index.ts"]);
  });

  test("has hooks without protocol and without timers", () => {
    expect(matching("js/react", /\b(fetch\(|setTimeout|setInterval|JSON\.parse|TextDecoder|Last-Event-ID)/)).toEqual(
      [],
    );
  });

  test("shares nothing with the dev server", () => {
    expect(matching("js/dev-server", /from "\.\.\/(?!dev-server)|from "(runstream|\.\/dashboard\/)/, isServer)).toEqual(
      [],
    );
    expect(matching("js", /from ".*dev-server/, isClient)).toEqual([]);
  });

  test("is used by the dev server's page as an app uses it: by the package's name, and nothing of the server is", () => {
    expect(matching("js/dev-server/dashboard", /from "\.\.\//)).toEqual([]);
  });
});

const base = (file: string) => file.slice(file.lastIndexOf("/") + 1);
