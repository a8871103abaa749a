// `npm run bench -- <name>`: bundles tests/bench/<name>.ts and runs it in Node. Its last line is JSON.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cache, root, run, Stop, script } from "./lib.mjs";
import { setup } from "./setup.mjs";
import { buildWasm } from "./wasm.mjs";

async function main() {
  const [name = "reliability", ...args] = process.argv.slice(2);
  const entry = join(root, "tests", "bench", `${name}.ts`);
  if (!existsSync(entry)) throw new Stop(`there is no benchmark ${name} in tests/bench`);
  await setup({ browser: true });
  await buildWasm();
  const { build } = await import("esbuild");
  const outfile = join(cache, "bench", `${name}.mjs`);
  const options = { bundle: true, platform: "node", format: "esm", target: "node20", packages: "external" };
  await build({
    ...options,
    entryPoints: [entry],
    outfile,
    define: { "import.meta.url": JSON.stringify(`file://${entry}`) },
  });
  await run(process.execPath, ["--expose-gc", outfile, ...args]);
}

script(import.meta.url, main);
