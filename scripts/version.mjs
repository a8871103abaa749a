// Copies the version of package.json to the crate and the lock files: part of `npm run release:version`. With --check <tag> it writes nothing and fails
// where one differs from another, or from the tag, or where the changelog does not have it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture, readJson, root, Stop, script } from "./lib.mjs";

/** Of the crate, and of the programs beside it that depend on it by its path. */
const lockFiles = () => (capture("git", ["ls-files", "*Cargo.lock"]) ?? "").split("\n").filter(Boolean);

script(import.meta.url, async () => {
  const { version } = readJson("package.json");
  const places = [
    ["package-lock.json", /("name": "runstream-workspace",\s+"version": ")(.*?)(")/g],
    ["Cargo.toml", /(^version = ")(.*?)(")/m],
    ...lockFiles().map((path) => [path, /(^name = "runstream"\nversion = ")(.*?)(")/m]),
  ];
  const [flag, tag] = process.argv.slice(2);
  const wrong = [];
  for (const [path, pattern] of places) {
    const text = readFileSync(join(root, path), "utf8");
    const copied = text.replace(pattern, (_, before, _old, after) => before + version + after);
    if (copied === text) continue;
    if (flag === "--check") wrong.push(path);
    else writeFileSync(join(root, path), copied);
  }
  if (flag !== "--check") return;
  if (wrong.length > 0) throw new Stop(`package.json says ${version}, but not ${wrong.join(", ")}.`);
  if (tag !== `v${version}`) throw new Stop(`the tag is ${tag}, and the version ${version}.`);
  const released = new RegExp(`^## ${version.replaceAll(".", "\\.")}$`, "m");
  if (!released.test(readFileSync(join(root, "CHANGELOG.md"), "utf8")))
    throw new Stop(`CHANGELOG.md has no heading "## ${version}".`);
});
