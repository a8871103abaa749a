// `npm run bench` measures performance; `-- reliability` and `-- sim-e2e` what their files say. Bundles tests/bench/<name>.ts
// and runs it in Node. Its last line is JSON.
import { join } from "node:path";
import { cache, root, run, script } from "./lib.mjs";
import { setup } from "./setup.mjs";
import { buildWasm } from "./wasm.mjs";

const NAMES = ["performance", "reliability", "sim-e2e"];

async function main() {
  const given = process.argv.slice(2);
  const [name, ...args] = NAMES.includes(given[0]) ? given : ["performance", ...given];
  const entry = join(root, "tests", "bench", `${name}.ts`);
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
