import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { expect, test } from "vitest";
import { app, installed, manifest, type Target } from "./install.js";

const pathsOf = (target: Target): string[] =>
  typeof target === "string" ? [target] : Object.values(target).flatMap(pathsOf);
const listed = [...new Set(pathsOf({ ...manifest().exports, ...manifest().bin }))];
const published = readdirSync(installed, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));

test.for(listed)("%s, which the manifest lists, is in the package", (path) => {
  expect(existsSync(join(installed, path))).toBe(true);
});

test("publint has nothing to say", async () => {
  const { messages, pkg } = await publint({ pkgDir: installed, level: "suggestion", pack: false, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test("attw has nothing to say: every way of importing finds the types of what it gets", {
  timeout: 180_000,
}, async () => {
  const [tarball = ""] = readdirSync(app).filter((name) => name.endsWith(".tgz"));
  const excludeEntrypoints = Object.keys(manifest().exports).filter((path) => /\.(wasm|json)$/.test(path));
  const result = await checkPackage(createPackageFromTarballData(readFileSync(join(app, tarball))), {
    excludeEntrypoints,
  });
  if (!result.types) throw new Error("there are no types");
  // node10, which reads no `exports`, is TypeScript 4.6's.
  const problems = result.problems.filter(
    (problem) => !("resolutionKind" in problem && problem.resolutionKind === "node10"),
  );
  expect(problems).toEqual([]);
});

test("the version is the repository's", () => {
  expect(manifest().version).toBe(JSON.parse(readFileSync("package.json", "utf8")).version);
});

test("the licences of what is bundled and compiled in come with it", () => {
  const text = readFileSync(join(installed, "dist", "THIRD-PARTY.txt"), "utf8");
  const titles = [...text.matchAll(/^─+\n\n(\S+) \S+ \(.+\)$/gm)].map(([, name]) => name);
  for (const name of ["jose", "react-dom", "wasm-bindgen", "memchr"]) expect(titles).toContain(name);
  expect(titles).not.toContain("happy-dom");
  expect(text.match(/^MIT License|The MIT License/gm)?.length).toBeGreaterThan(2);
});

test("no link of the README leads to a file that is not in the package", () => {
  const readme = readFileSync(join(installed, "README.md"), "utf8");
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  expect(links).not.toEqual([]);
  expect(links.filter((target) => !/^(https:|#)/.test(target))).toEqual([]);
});

test("nothing is published but what an entry leads to, and the papers", () => {
  const reached = new Set(listed.map((path) => join(installed, path)));
  for (const from of reached) {
    const text = /\.[jt]s$/.test(from) ? readFileSync(from, "utf8") : "";
    for (const [, path = ""] of text.matchAll(/["'](\.\.?\/[^"'\n]+)["']/g)) {
      const to = join(dirname(from), from.endsWith(".d.ts") ? path.replace(/\.js$/, ".d.ts") : path);
      if (existsSync(to)) reached.add(to);
    }
  }
  const unreached = published.filter((path) => !reached.has(path)).map((path) => relative(installed, path));
  const papers = ["LICENSE", "README.md", "dist/THIRD-PARTY.txt"];
  expect(unreached.sort()).toEqual([...papers, "dist/cjs/package.json", "dist/native/package.json"]);
});

test("the hooks are for client components, whatever loads them, and nothing else is", () => {
  const entries = listed.filter((path) => /^\.\/dist\/.*\.js$/.test(path));
  const hooks = entries.filter((path) => basename(path) === "react.js");
  expect(hooks.length).toBeGreaterThan(0);
  const marked = entries.filter((path) => readFileSync(join(installed, path), "utf8").startsWith('"use client";\n'));
  expect(marked).toEqual(hooks);
});

test("a bundler may leave out what is not used", () => {
  expect(manifest().sideEffects).toBe(false);
});

test("nothing of what pages and edge runtimes load makes code out of text", () => {
  const making = published.filter(
    (path) =>
      /\/dist\/(\w+\/)?[\w-]+\.js$/.test(path) &&
      !/\/(cli|dev-server|webapi)[\w-]*\.js$/.test(path) &&
      /\b(eval|new Function)\(/.test(readFileSync(path, "utf8")),
  );
  expect(making).toEqual([]);
});

test("no file tells where it was built", () => {
  const here = [process.cwd(), homedir()];
  const telling = published.filter((path) => here.some((dir) => readFileSync(path, "latin1").includes(dir)));
  expect(telling).toEqual([]);
});
