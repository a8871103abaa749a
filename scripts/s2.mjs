// A real S2 for the tests and for `runstream dev --s2`: `npm run s2 -- --dir data --port 4984` builds it once, then runs it.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cache, exec, files, hash, run, script, toolsBin, whenStale } from "./lib.mjs";

export const s2 = join(toolsBin, "s2");

/** Kept: the program (20 MB). Not kept: the build tree (1 GB). */
export function buildS2() {
  return whenStale("s2", {
    inputs: () => hash(files("scripts/s2")),
    outputs: [s2],
    work: async () => {
      console.error("  S2 and the 400 crates under it: about 12 minutes on two idle cores, once");
      const tree = join(cache, "s2-build");
      const manifest = join("scripts", "s2", "Cargo.toml");
      // So that whoever waits for it can work meanwhile.
      const nice = ["-n", "5", "cargo", "build", "--release", "--locked"];
      await run("nice", [...nice, "--manifest-path", manifest, "--target-dir", tree]);
      mkdirSync(toolsBin, { recursive: true });
      copyFileSync(join(tree, "release", "s2"), s2);
      rmSync(tree, { recursive: true, force: true });
    },
  });
}

script(import.meta.url, async () => {
  await buildS2();
  process.exitCode = await exec(s2, process.argv.slice(2));
});
