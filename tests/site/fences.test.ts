// No fenced block of any document is left out. blocks.test.ts compiles those that TypeScript reads, start.test.ts follows its page, and
// shell.test.ts sees to it that every command is run; the others have a check here, or fail for the lack of one.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startDevServer } from "../../js/dev-server/server.ts";
import { readJson } from "../../scripts/lib.mjs";
import { sections } from "../../scripts/test.mjs";
import { modules } from "./modules.ts";
import { type Block, blocksOf, documents, nameOf, root, textOf } from "./pages.ts";

const fences = documents.flatMap(blocksOf);

test("every fence of every document opens or closes a block that these tests see", () => {
  const lines = documents.flatMap((page) => textOf(page).match(/^[\s>*+-]*(```|~~~)/gm) ?? []);
  expect(lines).toHaveLength(2 * fences.length);
});

/** By document: what must be true of its blocks, also of those that compile. */
const CHECKS: Record<string, (block: Block) => void | Promise<void>> = {
  "CONTRIBUTING.md": areScripts,
  "PROTOCOL.md": areServed,
  "docs/reliability.md": wasPrinted,
  "docs/testing.md": isIn("tests/js/recipes/Answer.tsx", "tests/js/recipes/Answer.test.tsx"),
  "docs/ai-sdk.md": isIn(
    "tests/js/recipes/read-message.ts",
    "examples/ai-sdk/streams.ts",
    "examples/ai-sdk/agent.ts",
    "examples/ai-sdk/Chat.tsx",
  ),
  // The first is what tests/e2e/store.test.ts runs in Chromium.
  "docs/store.md": isIn("tests/js/recipes/dom.ts", "tests/js/recipes/frameworks.ts"),
  "src/README.md": isDoctest,
};

describe("a block that is not only compiled, or nowhere run as it stands", () => {
  const compiled = new Set(modules.map(nameOf));
  const isElsewhere = (block: Block) =>
    (compiled.has(nameOf(block)) && !(block.page in CHECKS)) ||
    block.language === "sh" ||
    block.page === "docs/site/start.md";
  for (const block of fences.filter((block) => !isElsewhere(block))) {
    test(nameOf(block), async () => {
      expect(Object.keys(CHECKS)).toContain(block.page);
      await CHECKS[block.page]?.(block);
    });
  }
});

/** It is, letter by letter but for the endings that imports have in this repository, in a file that a test executes. */
function isIn(...files: string[]) {
  const withoutEndings = (source: string) => source.replaceAll(/(from "\.\/.*)\.tsx?"/g, '$1"');
  const sources = files.map((file) => withoutEndings(readFileSync(join(root, file), "utf8")));
  return ({ code }: Block) => expect(sources.some((source) => source.includes(code)) ? code : undefined).toBe(code);
}

/** `cargo test` runs it. */
function isDoctest({ language }: Block) {
  expect(language).toBe("rust");
  expect(readFileSync(join(root, "src", "lib.rs"), "utf8")).toContain('#![doc = include_str!("README.md")]');
}

/** A command printed it, and scripts/record.mjs kept it. */
function wasPrinted({ code }: Block) {
  const records = readdirSync(join(root, "docs", "reliability")).map((name) => readJson(`docs/reliability/${name}`));
  expect(records.map(({ output = [] }) => `${output.join("\n")}\n`)).toContain(code);
}

/** Its commands are there, and the sections of `npm test` are these. */
function areScripts({ code }: Block) {
  const { scripts } = readJson("package.json");
  const named = [...code.matchAll(/\bnpm (?:run )?([\w:]+)/g)].map(([, name]) => name);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  for (const name of Object.keys(scripts))
    expect(textOf("CONTRIBUTING.md")).toMatch(new RegExp(`npm (run )?${name}\\b`));
  const everyday = Object.entries(sections).filter(([, section]) => !("onlyWhenAsked" in section));
  expect(/some of it: (.*)$/m.exec(code)?.[1]).toBe(everyday.map(([name]) => name).join(", "));
}

const BODIES = [
  [/records$/, '{"records":[{"body":"{}"}]}'],
  [/wait$/, '{"streamId":"approval"}'],
  [/input/, '{"data":1}'],
  [/self/, '"part"\n'],
] as const;

/** The dev server has its routes. What a line needs of another's answer it takes from there. */
async function areServed({ code }: Block) {
  const server = await startDevServer({ port: 0, secondMs: 1 });
  onTestFinished(() => server.close());
  for (const version of ["v1", "v2"] as const) server.createRun({ id: `run_${version}`, version });
  const known: Record<string, string | null> = { base: server.url, key: "answer", id: "approval" };
  for (const line of code.trim().split("\n")) {
    const [, method = "", path = "", meaning = ""] = /^(\S+) +(\S+) *(.*)$/.exec(line) ?? [];
    known.run = meaning.startsWith("v1") ? "run_v1" : "run_v2";
    const isS2 = path.startsWith("{X-S2-Endpoint}");
    const answer = await fetch(
      path.replaceAll(/\{(.*?)\}/g, (_, name) => known[name] ?? name),
      {
        method,
        headers: {
          authorization: `Bearer ${isS2 ? known["X-S2-Access-Token"] : server.secretKey}`,
          "timeout-seconds": "1",
          ...(isS2 && { "s2-basin": `${known["X-S2-Basin"]}` }),
        },
        body: method === "POST" ? BODIES.find(([end]) => end.test(path))?.[1] : undefined,
      },
    );
    const text = await answer.text();
    expect(`${line} → ${answer.status} ${text}`).toMatch(/ → 2\d\d /);
    for (const name of ["Endpoint", "Basin", "Access-Token"])
      known[`X-S2-${name}`] = answer.headers.get(`X-S2-${name}`);
    known.name = encodeURIComponent(answer.headers.get("X-S2-Stream-Name") ?? "");
    known.id = /"waitpointId":"(\w+)"/.exec(text)?.[1] ?? known.id ?? null;
  }
}
