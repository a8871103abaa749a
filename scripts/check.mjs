// Formatting, lints and types, of both languages: `npm run check`. With --fix (`npm run fix`), applies what can be applied.
import { join } from "node:path";
import { cargoTarget, exec, root, Stop, script, seconds } from "./lib.mjs";
import { setup } from "./setup.mjs";
import { buildWasm } from "./wasm.mjs";

const bin = (pkg, file) => [process.execPath, join(root, "node_modules", pkg, "bin", file)];
/** What clippy.toml forbids is forbidden to the library alone: tests and examples read files and print. */
const allowed = ["methods", "macros", "types"].flatMap((kind) => ["-A", `clippy::disallowed_${kind}`]);
const clippy = (more, ...target) => [
  ["cargo", "clippy", "--quiet", "--lib", ...target, "--", "-D", "warnings"],
  ["cargo", "clippy", "--quiet", more, ...target, "--", "-D", "warnings", ...allowed],
];
const biome = bin("@biomejs/biome", "biome");

/** A workspace of its own, whose lints would need a nightly toolchain. */
const fuzz = ["--manifest-path", join("tests", "fuzz", "Cargo.toml")];

/** A workspace of its own, too: a program, with a clippy.toml that lets it be one. */
const sim = ["--manifest-path", join("tests", "sim", "Cargo.toml")];
const simTarget = ["--target-dir", join(cargoTarget, "sim")];

/** A workspace of its own, for its profile. */
const gate = ["--manifest-path", join("tests", "gate", "Cargo.toml")];
const gateTarget = ["--target-dir", join(cargoTarget, "gate")];

/** Its lints would have to compile all of S2 first. */
const s2 = ["--manifest-path", join("scripts", "s2", "Cargo.toml")];

const fixes = [
  ["cargo", "fmt", "--all"],
  ["cargo", "fmt", ...fuzz],
  ["cargo", "fmt", ...sim],
  ["cargo", "fmt", ...gate],
  ["cargo", "fmt", ...s2],
  [...biome, "check", "--write", "."],
];

const checks = [
  ["cargo", "fmt", "--all", "--check"],
  ["cargo", "fmt", ...fuzz, "--check"],
  ["cargo", "fmt", ...sim, "--check"],
  ["cargo", "fmt", ...gate, "--check"],
  ["cargo", "fmt", ...s2, "--check"],
  ["cargo", "clippy", "--quiet", ...sim, ...simTarget, "--", "-D", "warnings"],
  ["cargo", "clippy", "--quiet", ...sim, ...simTarget, "--all-features", "--", "-D", "warnings"],
  ["cargo", "clippy", "--quiet", ...gate, ...gateTarget, "--all-features", "--", "-D", "warnings"],
  ...clippy("--all-targets"),
  ...clippy(
    "--tests",
    "--workspace",
    "--features",
    "runstream-wasm/writer,runstream-wasm/abi",
    "--target",
    "wasm32-unknown-unknown",
  ),
  ["cargo", "rustdoc", "--quiet", "--lib", "--", "-D", "warnings"],
  // What is not committed would be in the package; a machine that publishes has nothing of the kind.
  ["cargo", "publish", "--dry-run", "--quiet", "-p", "runstream", ...(process.env.CI ? [] : ["--allow-dirty"])],
  [...biome, process.env.CI ? "ci" : "check", "."],
  [...bin("typescript", "tsc"), "--noEmit"],
];

script(import.meta.url, async () => {
  await setup();
  const isFix = process.argv.includes("--fix");
  // The glue's types are part of what tsc reads.
  if (!isFix) await buildWasm();
  const failed = [];
  for (const [command, ...args] of isFix ? fixes : checks) {
    const shown = [command, ...args]
      .join(" ")
      .replaceAll(`${root}/node_modules/`, "")
      .replace(process.execPath, "node");
    const start = performance.now();
    const code = await exec(command, args);
    console.log(`${code === 0 ? "ok  " : "FAIL"} ${shown} (${seconds(performance.now() - start)})`);
    if (code !== 0) failed.push(shown);
  }
  if (failed.length > 0) throw new Stop(`${failed.length} of ${checks.length} failed:\n  ${failed.join("\n  ")}`);
});
