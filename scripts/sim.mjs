// `npm run sim -- --sessions N …`: builds the fault simulator and runs it. Its last line is JSON.
import { join } from "node:path";
import { cargoTarget, exec, root, run, script } from "./lib.mjs";

/** The mutants are another build: a feature of the core that is never on in what is published. */
export async function simulate(args, onLine) {
  const features = args.includes("--mutants") ? ["--features", "mutants"] : [];
  const target = join(cargoTarget, features.length > 0 ? "sim-mutants" : "sim");
  const manifest = join(root, "tests", "sim", "Cargo.toml");
  await run("cargo", [
    "build",
    "--release",
    "--locked",
    "--manifest-path",
    manifest,
    "--target-dir",
    target,
    ...features,
  ]);
  return exec(join(target, "release", "runstream-sim"), args, { onLine });
}

script(import.meta.url, async () => {
  process.exitCode = await simulate(process.argv.slice(2));
});
