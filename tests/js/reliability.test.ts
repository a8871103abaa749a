// What docs/reliability.md says of the sources its figures are of, in a repository of its own.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "runstream-reliability-"));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: folder, encoding: "utf8", stdio: "pipe" }).trim();
const git = (...args: string[]) => run("git", "-c", "user.name=a", "-c", "user.email=a@b", ...args);
const write = (path: string, text: string) => {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const commit = () => {
  git("add", ".");
  git("commit", "-qm", "core");
  return git("rev-parse", "--short", "HEAD");
};
const record = (...args: string[]) => run("node", "scripts/record.mjs", ...args);
const kept = (name: string) => JSON.parse(readFileSync(join(folder, "docs", "reliability", `${name}.json`), "utf8"));
const document = () => {
  run("node", "scripts/reliability.mjs");
  return readFileSync(join(folder, "docs", "reliability.md"), "utf8");
};

beforeAll(() => {
  for (const name of ["lib", "record", "reliability"])
    cpSync(join("scripts", `${name}.mjs`), join(folder, "scripts", `${name}.mjs`));
  write("loud.mjs", 'console.log("found in", import.meta.dirname);\nconsole.error("   Compiling core v1.0.0");\n');
  write("src/lib.rs", "one\n");
  write("tests/fixtures/behaviour.json", "{}");
  write(".gitignore", ".cache\n");
  write(".cache/test/rust.json", "{}");
  git("init", "-q");
});

test("the document says which sources a record is of, and whether the core is another one since", () => {
  const first = commit();

  record("loud", "Loud", "--", "node", "loud.mjs");
  expect(kept("loud")).toMatchObject({ title: "Loud", command: "node loud.mjs", commit: first, dirty: false });
  expect(kept("loud").output).toEqual(["found in ."]);
  expect(kept("loud").date).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
  expect(document()).toContain(`, commit ${first}, ${kept("loud").seconds} s. The core's sources since: no change.`);

  write("src/lib.rs", "two\n");
  const second = commit();
  expect(document()).toMatch(new RegExp(`, commit ${first}, .* since: 1 file changed, 1 insertion.*, 1 deletion`));

  record("loud");
  expect(kept("loud")).toMatchObject({ title: "Loud", commit: second, dirty: false });
  expect(document()).toContain("The core's sources since: no change.");
  write("src/lib.rs", "three\n");
  record("loud");
  expect(document()).toContain(`commit ${second} with changes not committed, `);
});

test("a record of a commit that is unknown, or not in the clone, says so", () => {
  const old = { title: "Old", command: "node old.mjs", date: "2026-01-01", output: [] };
  write("docs/reliability/old.json", JSON.stringify(old));
  const run = { target: "sse", executions: 9, seconds: 1, crashes: 0, date: "2026-01-01", commit: "abcdef0" };
  const sum = { executions: 9, crashes: 0 };
  write("docs/reliability/fuzz.json", JSON.stringify({ totals: { decoder: sum, stateMachine: sum }, runs: [run] }));
  const said = document();
  expect(said).toContain("`node old.mjs`, 2026-01-01, commit unknown. The core's sources since: unknown.");
  expect(said).toContain("| 2026-01-01, commit abcdef0 | unknown, as this clone lacks the commit |");
});
