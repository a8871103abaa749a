// Makes modules of each block that is run, one for each of `Imports`. Vitest's global set-up for this folder.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Block, blocksOf, root, slug } from "./blocks.ts";
import type { Completion } from "./entries.ts";
import { list } from "./list.ts";

/** What a module imports: the official packages; ours where README swaps them; or, to be run, nothing official at all. */
const ALL_IMPORTS = ["official", "swapped", "run"] as const;
export type Imports = (typeof ALL_IMPORTS)[number];

export const folderOf = (imports: Imports) => join(root, ".cache", "docs", imports);
const fixtures = relative(folderOf("run"), join(root, "tests", "docs", "fixtures"));

const STREAMS_PAGE = "tasks/streams.mdx";

/** What is ours of what the blocks import from @trigger.dev/sdk. */
const OURS = ["streams", "auth", "configure", "InferStreamType", "InferInputStreamType"];

const SWAPPED: Record<string, string> = {
  "@trigger.dev/react-hooks": "runstream/react",
  "@trigger.dev/core/v3": "runstream",
};

const OTHERS: Record<string, string> = {
  "@ai-sdk/openai": "fixtures/openai",
  "next/server": "fixtures/next-server",
  "@remix-run/node": "fixtures/remix-node",
  express: "fixtures/express",
  streamdown: "fixtures/streamdown",
};

/** Functions that blocks call without a word of where they come from. */
const APP = ["getAIStream", "getDataStream", "prepareDraft", "notifyReviewer", "publish", "performReview"];

export default function write(): void {
  for (const imports of ALL_IMPORTS) {
    rmSync(folderOf(imports), { recursive: true, force: true });
    mkdirSync(folderOf(imports), { recursive: true });
    for (const { page, entries } of list) {
      for (const block of blocksOf(page)) {
        const entry = entries[block.name];
        if (!entry || entry.how === "left out") continue;
        writeFileSync(fileOf(block, imports), moduleOf(block, entry.completion, imports));
      }
    }
    const compilerOptions = {
      module: "preserve",
      moduleResolution: "bundler",
      // The blocks import types as if they were values, and read `error.message` of what they caught.
      verbatimModuleSyntax: false,
      useUnknownInCatchVariables: false,
    };
    const config = { extends: "../../../tsconfig.json", compilerOptions, include: ["."], exclude: [] };
    writeFileSync(join(folderOf(imports), "tsconfig.json"), JSON.stringify(config));
  }
}

export function fileOf(block: Block, imports: Imports): string {
  return join(folderOf(imports), `${slug(block)}.${block.isTsx ? "tsx" : "ts"}`);
}

function moduleOf(
  { page, name, code }: Block,
  { streams, imports: more = [], around = ["", ""], patch = {} }: Completion,
  imports: Imports,
): string {
  let text = code;
  for (const [from, to] of Object.entries(patch)) {
    if (text.split(from).length !== 2) throw new Error(`${page}, ${name}: ${JSON.stringify(from)} is not there once`);
    text = text.replace(from, () => to);
  }
  const lines = text.split("\n");
  const isImport = (line: string) => line.startsWith("import ");
  const called = APP.filter((name) => new RegExp(`\\b${name}\\(`).test(text));
  const rewritten = [
    ...[...more, ...lines.filter(isImport)].flatMap((line) => imported(line, streams, imports)),
    ...(called.length > 0 ? [`import { ${called.join(", ")} } from "${fixtures}/app";`] : []),
  ];
  const body = lines.filter((line) => !isImport(line));
  return [`// ${page}, ${name}`, ...rewritten, around[0], ...body, around[1], "export {};", ""].join("\n");
}

function imported(line: string, streams: string | undefined, imports: Imports): string[] {
  const [, what, from] = /^import (.+) from "(.+)";$/.exec(line) ?? [];
  if (!what || !from) throw new Error(`cannot read the import ${line}`);
  if (/(^|\/)streams$/.test(from)) {
    const block = blocksOf(STREAMS_PAGE).find(({ name }) => name === streams);
    if (!block)
      throw new Error(`${line} needs the block that defines them, not ${streams}: say which with \`streams\``);
    return [`import ${what} from "./${slug(block)}";`];
  }
  if (imports !== "official" && from === "@trigger.dev/sdk") {
    const names = what
      .replace(/^\{|\}$/g, "")
      .split(",")
      .map((name) => name.trim());
    const take = (names: string[], from: string) =>
      names.length > 0 ? [`import { ${names.join(", ")} } from "${from}";`] : [];
    const ours = names.filter((name) => OURS.includes(name));
    const theirs = names.filter((name) => !OURS.includes(name));
    return [...take(ours, "runstream"), ...take(theirs, imports === "run" ? `${fixtures}/sdk` : from)];
  }
  const packages = imports === "official" ? OTHERS : { ...OTHERS, ...SWAPPED };
  return [`import ${what} from "${(packages[from] ?? from).replace(/^fixtures\//, `${fixtures}/`)}";`];
}
