// What `cargo publish` would pack. That it compiles from there is `npm run check`'s affair.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

test("the crate holds its sources, what explains them, and nothing else", () => {
  const args = ["package", "--list", "--quiet", "--allow-dirty", "-p", "runstream"];
  const packed = execFileSync("cargo", args, { encoding: "utf8" }).trim().split("\n");
  const others = packed.filter((path) => !/^src\/(writer\/)?\w+\.rs$/.test(path));
  expect(others.sort()).toEqual([
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE",
    "PROTOCOL.md",
    "examples/decode.rs",
    "src/README.md",
  ]);
  const modules = [...readFileSync("src/lib.rs", "utf8").matchAll(/^(?:pub )?mod (\w+);/gm)];
  expect(packed).toEqual(expect.arrayContaining(modules.map(([, name]) => `src/${name}.rs`)));
});

test("packing twice gives the same bytes: what a release attests is what it publishes", () => {
  const folder = mkdtempSync(join(tmpdir(), "runstream-crate-"));
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const pack = (target: string) => {
    const args = ["package", "--quiet", "--locked", "--no-verify", "--allow-dirty"];
    execFileSync("cargo", [...args, "--target-dir", join(folder, target)]);
    return readFileSync(join(folder, target, "package", `runstream-${version}.crate`));
  };
  try {
    expect(pack("a").equals(pack("b"))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
