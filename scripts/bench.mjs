// `npm run bench` measures performance; `-- reliability` and `-- sim-e2e` what their files say. Bundles tests/bench/<name>.ts
// and runs it in Node. Its last line is JSON.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildPackage } from "./build.mjs";
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
  // Whose size is measured.
  if (name === "performance") await buildPackage();
  const { build } = await import("esbuild");
  const outfile = join(cache, "bench", `${name}.mjs`);
  const options = { bundle: true, platform: "node", format: "esm", target: "node20", packages: "external" };
  await build({
    ...options,
    entryPoints: [entry],
    outfile,
    plugins: [inPlace],
  });
  await run(process.execPath, ["--expose-gc", outfile, ...args]);
}

/** What is bundled finds its files where it was. */
const inPlace = {
  name: "in-place",
  setup({ onLoad }) {
    onLoad({ filter: /\.m?[jt]sx?$/ }, ({ path }) => {
      const contents = readFileSync(path, "utf8").replaceAll(
        "import.meta.url",
        JSON.stringify(pathToFileURL(path).href),
      );
      return { contents, loader: path.endsWith("x") ? "tsx" : "ts" };
    });
  },
};

script(import.meta.url, main);
