// What `cargo publish` would pack. That it compiles from there is `npm run check`'s affair.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
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
