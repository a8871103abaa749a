// The official documentation of streams, as it ships in @trigger.dev/sdk, with our names in place of theirs: each block of
// code compiles and runs, or is left out for the reason that the list gives.
import { execFile } from "node:child_process";
import { join } from "node:path";
import * as hooks from "@trigger.dev/react-hooks";
import * as sdk from "@trigger.dev/sdk";
import { createElement } from "react";
import { streams } from "runstream";
import { useRealtimeStream } from "runstream/react";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { blocksOf, pages, root } from "./blocks.ts";
import type { Load } from "./entries.ts";
import { list } from "./list.ts";
import { fileOf, folderOf, type Imports } from "./modules.ts";
import { Stage } from "./stage.ts";

const found = pages().flatMap(blocksOf);
const listed = list.flatMap(({ page, entries }) =>
  Object.entries(entries).map(([name, entry]) => ({ page, name, ...entry })),
);
const modules = listed.filter((entry) => entry.how === "run");

/** Where the module of a block is. */
function find(page: string, name: string, imports: Imports = "run"): string {
  const block = found.find((block) => block.page === page && block.name === name);
  if (!block) throw new Error(`the documentation has no block "${name}" in ${page}`);
  return fileOf(block, imports);
}

test("every block of the documentation is in the list, as it is", () => {
  const inDocs = found.map(({ page, name, hash }) => `${page}, ${name}: ${hash}`);
  expect(listed.map(({ page, name, hash }) => `${page}, ${name}: ${hash}`).sort()).toEqual(inDocs.sort());
  expect({ run: modules.length, leftOut: listed.length - modules.length }).toEqual({ run: 74, leftOut: 63 });
});

/** What the compiler says of the modules of all blocks. */
async function compile(imports: Imports): Promise<string[]> {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const said = await new Promise((resolve) => {
    execFile(process.execPath, [tsc, "-p", folderOf(imports), "--listFiles"], (_, stdout) => resolve(stdout));
  });
  const lines = String(said).trim().split("\n");
  expect(lines).toEqual(expect.arrayContaining(modules.map(({ page, name }) => find(page, name, imports))));
  const errors = lines.filter((line) => line.includes(": error TS"));
  // Without the position: the imports take more lines when they are swapped.
  return errors.map((line) => line.replace(/^.*\/|\(\d+,\d+\)/g, ""));
}

test("what compiles of the blocks with their packages compiles with the imports swapped", {
  timeout: 180_000,
}, async () => {
  const errors = await compile("official");
  // Two blocks take a payload and do not say what it is.
  const payload = expect.stringContaining("Property 'otherRunId' does not exist on type 'void'.");
  expect(errors).toEqual([payload, payload]);
  expect(await compile("swapped")).toEqual(errors);
});

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage.close());
beforeEach(() => stage.reset());

describe("the block", () => {
  for (const { page: home, name: own, test: check } of modules) {
    const load: Load = (name = own, page = home) => import(/* @vite-ignore */ find(page, name));
    test(`${home}, ${own}`, () => check(stage, load));
  }
});

const theirs = sdk.streams.define<string>({ id: "answer" });
const ours = streams.define<string>({ id: "answer" });
type Options = { accessToken: string; baseURL: string };
test.for([
  ["our hook", "their definition", (runId: string, options: Options) => useRealtimeStream(theirs, runId, options)],
  ["their hook", "our definition", (runId: string, options: Options) => hooks.useRealtimeStream(ours, runId, options)],
] as const)("%s reads %s", async ([, , useStream]) => {
  stage.append("answer", "a", "b");
  const { runId } = stage;
  const options = { accessToken: await stage.token(), baseURL: stage.server.url };
  const Answer = () => createElement("output", null, useStream(runId, options).parts?.join(""));
  await (await stage.render(Answer, {})).shows("ab");
});
