// The commands of the documents, run as they are written but for ports, each where its reader is: with the package, or in a clone.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { DevServer } from "../../js/dev-server/server.ts";
import { sections } from "../../scripts/test.mjs";
import { folder, modules, scriptOf } from "./modules.ts";
import { type Block, blocksOf, documents, nameOf, root, textOf } from "./pages.ts";
import { portLike, run, start } from "./shell.ts";

/** Pages, and a section, of which a test follows every block. */
const FOLLOWED = {
  "docs/site/start.md": "tests/site/start.test.ts",
  "docs/site/dev-server.md, in-front-of-a-real-s2": "tests/s2/page.test.ts",
  "examples/suspend/README.md": "tests/packaging/suspend.test.ts",
};

const commands = documents.flatMap(blocksOf).filter(({ language }) => language === "sh");
const here = commands.filter(({ page, section }) => !(page in FOLLOWED || `${page}, ${section}` in FOLLOWED));
const taken = new Set<Block>();

function block(page: string, begin: string): string {
  const found = here.find((block) => block.page === page && block.code.startsWith(begin));
  if (!found) throw new Error(`${page} has no block that begins with ${begin}`);
  taken.add(found);
  return found.code;
}

const HELP = block("docs/site/dev-server.md", "npx runstream dev --help");
const FAULT = block("docs/site/dev-server.md", "curl -d");
const READ = block("docs/site/proxies.md", "curl -sN");
const EXPORT = block("docs/site/streams.md", "export TRIGGER_API_URL");
const TRY = block("README.md", "npm run demo");
const DECODE = block("README.md", "curl -sN");

test("every block of commands is run: here, or by a test that follows its page", () => {
  expect(here.filter((block) => !taken.has(block)).map(nameOf)).toEqual([]);
  for (const [pageAndSection, path] of Object.entries(FOLLOWED)) {
    const [page] = pageAndSection.split(",");
    expect(readFileSync(join(root, path), "utf8")).toContain(`blocksOf("${page}")`);
  }
});

let server: DevServer;
let exported: Record<string, string>;
beforeEach(async () => {
  const { startDevServer } = await import(join(folder, "node_modules", "runstream", "dist", "dev-server.js"));
  // Time enough between two parts for a machine that has other things to do.
  server = await startDevServer({ port: 0, secondMs: 3_000 });
  server.createRun({ id: "run_demo" });
  exported = { TRIGGER_API_URL: server.url, TRIGGER_SECRET_KEY: server.secretKey };
  return () => server.close();
});

test("--help names each option of the page's table, with its default, and no other", async () => {
  const printed = await run(HELP, { cwd: folder });
  const described = [...printed.matchAll(/^ {2}(--[\w-]+(?: <\w+>)?) +(.*)$/gm)].map(([, option, text]) => ({
    option,
    text,
  }));
  const rows = [...textOf("docs/site/dev-server.md").matchAll(/^\| `(--.*?)` \|.*?\|(.*?)\|/gm)];
  expect(described).toEqual([
    ...rows.map(([, option, value = ""]) => ({
      option,
      text: expect.stringContaining(value.trim() && `default ${value.replaceAll("`", "").trim()}`),
    })),
    { option: "--help", text: expect.anything() },
  ]);
});

test("the fault cuts the next read after three records, and no other", async () => {
  server.appendAll("run_demo", "answer", [1, 2, 3, 4, 5]);
  expect(await run(FAULT.replace("4983", `${server.port}`), { cwd: folder })).toBe('{"ok":true,"pending":1}');
  const headers = { authorization: `Bearer ${server.secretKey}`, "timeout-seconds": "0" };
  const read = async () => (await fetch(`${server.url}/realtime/v1/streams/run_demo/answer`, { headers })).text();
  await expect(read()).rejects.toThrow("terminated");
  expect(await read()).toContain("[DONE]");
  expect(server.connections).toMatchObject([
    { recordsWritten: 3, closedBy: "fault" },
    { recordsWritten: 5, closedBy: "server" },
  ]);
});

test("curl shows each part when it comes, and ends after the silence that it asks for", async () => {
  const curl = start(READ, { cwd: folder, env: exported });
  for (const word of ["every", "part", "once"]) {
    server.append("run_demo", "answer", word);
    await curl.says(`{\\"data\\":\\"${word}\\"`);
  }
  expect(await curl.over).toBe(0);
  expect(curl.output).toMatch(/data: \[DONE\]\n\n$/);
});

test("what is exported are the lines that the dev server prints, and the page's examples need no more", async () => {
  const port = await portLike(4983);
  const lines = EXPORT.replace("4983", `${port}`);
  const dev = start(`npx runstream dev --port ${port}`, { cwd: folder });
  await dev.says("Ctrl-C stops it");
  for (const line of lines.trim().split(" ").slice(1)) expect(dev.output).toContain(`\n    ${line}\n`);
  const [example] = modules.filter(({ page }) => page === "docs/site/streams.md");
  expect(await run(`${lines}node '${scriptOf(example as Block)}'`, { cwd: folder })).toBe("1 of 3\n");
});

test("npm run demo prints the address of a page; npm test is what CI runs, and has a section for every test", async () => {
  const [demo = "", tests = "", ...rest] = TRY.trim().split("\n");
  expect(rest).toEqual([]);

  const running = start(demo, { cwd: root });
  await running.says("Ctrl-C stops everything");
  const address = /^ {2}page +(http:\S+)$/m.exec(running.output)?.[1] ?? "";
  expect(await (await fetch(address)).text()).toContain('<div id="root">');
  await running.stop();
  await expect(fetch(address)).rejects.toThrow();

  // It cannot run within itself: so what is run here names a section that there is not.
  const [command = ""] = tests.split(/ +#/);
  await expect(run(`${command} -- none`, { cwd: root })).rejects.toThrow("no section none");
  const found = (await run("git ls-files 'tests/**.test.ts*'", { cwd: root })).matchAll(/^tests\/(\w+)/gm);
  expect(Object.keys(sections)).toEqual(expect.arrayContaining([...found].map(([, name]) => name)));
  expect(readFileSync(join(root, ".ci", "run"), "utf8")).toContain(`exec ${command} <`);
});

test("the example decodes what curl reads", { timeout: 180_000 }, async () => {
  server.appendAll("run_demo", "answer", ["every", { part: 1 }]);
  const lines = (await run(DECODE, { cwd: root, env: exported })).trim().split("\n");
  const timestamp = expect.any(Number);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { id: "0", chunk: "every", timestamp },
    { id: "1", chunk: { part: 1 }, timestamp },
  ]);
});
