// The official documentation of streams, as it ships in @trigger.dev/sdk, with our names in place of theirs: each block of
// code compiles and runs, or is left out for the reason that the list gives.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { blocksOf, pages, root } from "./blocks.ts";
import type { Load } from "./entries.ts";
import { list } from "./list.ts";
import { fileOf, folder } from "./modules.ts";
import { Stage } from "./stage.ts";

const found = pages().flatMap(blocksOf);
const listed = list.flatMap(({ page, entries }) =>
  Object.entries(entries).map(([name, entry]) => ({ page, name, ...entry })),
);
const modules = listed.filter((entry) => entry.how === "run");

/** Where the module of a block is. */
function find(page: string, name: string): string {
  const block = found.find((block) => block.page === page && block.name === name);
  if (!block) throw new Error(`the documentation has no block "${name}" in ${page}`);
  return fileOf(block);
}

test("every block of the documentation is in the list, as it is", () => {
  const inDocs = found.map(({ page, name, hash }) => `${page}, ${name}: ${hash}`);
  expect(listed.map(({ page, name, hash }) => `${page}, ${name}: ${hash}`).sort()).toEqual(inDocs.sort());
  expect({ run: modules.length, leftOut: listed.length - modules.length }).toEqual({ run: 74, leftOut: 63 });
});

test("every block that is not left out compiles", { timeout: 120_000 }, async () => {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const said = await new Promise((resolve) => {
    execFile(process.execPath, [tsc, "-p", folder, "--listFiles"], (_, stdout) => resolve(stdout));
  });
  const lines = String(said).trim().split("\n");
  expect(lines.filter((line) => line.includes(": error TS"))).toEqual([]);
  expect(lines).toEqual(expect.arrayContaining(modules.map(({ page, name }) => find(page, name))));
});

describe("the block", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(() => stage.close());
  beforeEach(() => stage.reset());

  for (const { page: home, name: own, test: check } of modules) {
    const load: Load = (name = own, page = home) => import(/* @vite-ignore */ find(page, name));
    test(`${home}, ${own}`, () => check(stage, load));
  }
});
