// The licences of what the package carries: npm packages that are bundled, crates that are compiled into the wasm.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { capture, readJson, root, Stop } from "./lib.mjs";

/** Everything that is bundled from anywhere. */
const ENTRIES = ["js/index.ts", "js/react.ts", "js/dev-server/cli.ts", "js/dev-server/dashboard/main.tsx"];
const CRATES = ["-p", "runstream-wasm", "--no-default-features", "--features", "reader,writer"];

/** One text for all of them. */
export async function thirdParty() {
  const all = [...(await packages()), ...crates()].sort((a, b) => a.title.localeCompare(b.title));
  const sections = all.map(({ title, licence, by, folder }) =>
    [`${title} (${licence})`, by, ...textsIn(folder)].filter(Boolean).join("\n\n"),
  );
  const head = "What this package carries besides its own code: npm packages in dist, and crates in the .wasm files.";
  const rust =
    "The Rust standard library, which is in the .wasm files too, is MIT OR Apache-2.0: The Rust Project Developers.";
  return `${[`${head}\n${rust}`, ...sections].join(`\n\n${"─".repeat(80)}\n\n`)}\n`;
}

async function packages() {
  const { build } = await import("esbuild");
  const { metafile } = await build({
    entryPoints: ENTRIES,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    jsx: "automatic",
    absWorkingDir: root,
    alias: { "runstream/react": join(root, "js/react.ts"), runstream: join(root, "js/index.ts") },
    outdir: "out",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const folders = Object.keys(metafile.inputs).map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders.filter(Boolean))].map((path) => {
    const { name, version, license } = readJson(join(path, "package.json"));
    return { title: `${name} ${version}`, licence: license, folder: join(root, path) };
  });
}

function crates() {
  const filter = ["--target", "wasm32-unknown-unknown", "--locked"];
  const tree = capture("cargo", [
    "tree",
    ...CRATES,
    ...filter,
    "-e",
    "normal,no-proc-macro",
    "--prefix",
    "none",
    "-f",
    "{p}",
  ]);
  const metadata = capture("cargo", ["metadata", "--format-version", "1", "--locked"]);
  if (!tree || !metadata) throw new Stop("cargo tree or cargo metadata failed");
  const inWasm = new Set(tree.split("\n").map((line) => line.split(" ", 2).join(" ").replace(" v", " ")));
  return JSON.parse(metadata)
    .packages.filter(({ name, version, source }) => source && inWasm.has(`${name} ${version}`))
    .map(({ name, version, license, authors, repository, manifest_path }) => ({
      title: `${name} ${version}`,
      licence: license,
      by: [...authors, repository].join("\n"),
      folder: dirname(manifest_path),
    }));
}

/** Of MIT and Apache, where both are offered, MIT. */
function textsIn(folder) {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|unlicense|notice)/i.test(name));
  const isMit = names.some((name) => /mit/i.test(name));
  return names
    .filter((name) => !(isMit && /apache/i.test(name)))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8").trim());
}
