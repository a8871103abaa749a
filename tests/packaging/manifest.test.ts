import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { expect, test } from "vitest";
import { installed, manifest, type Target } from "./install.js";

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

test("the version is the repository's", () => {
  expect(manifest().version).toBe(JSON.parse(readFileSync("package.json", "utf8")).version);
});

test("nothing but what an app needs is published", () => {
  const odd = published.filter(
    (path) =>
      !/(\/dist\/.*\.(js|d\.ts|wasm)|\/dist\/dashboard\.html|\/package\.json|\/README\.md|\/LICENSE)$/.test(path),
  );
  expect(odd).toEqual([]);
});

test("no file tells where it was built", () => {
  const here = [process.cwd(), homedir()];
  const telling = published.filter((path) => here.some((dir) => readFileSync(path, "latin1").includes(dir)));
  expect(telling).toEqual([]);
});
