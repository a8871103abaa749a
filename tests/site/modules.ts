// Makes a module of each block of code, beside the package as npm packs it. Vitest's global set-up for this folder.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { type Block, blocksOf, pages, root } from "./pages.ts";

export const folder = join(root, ".cache", "site", "blocks");

/** The blocks that TypeScript reads. */
export const modules = pages.flatMap(blocksOf).filter(({ language }) => ["ts", "tsx", "js"].includes(language));

/** Files that a section names stand beside each other, and its other blocks may import them. */
export function fileOf({ page, section, line, language, label }: Block): string {
  return join(folder, page, section, label ?? `line-${line}.${language}`);
}

/** What Node runs of a block: there are no types. */
export const scriptOf = (block: Block): string =>
  join(folder, "run", relative(folder, fileOf(block))).replace(/\.tsx?$/, ".mjs");

export default async function write(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const installed = join(folder, "node_modules", "runstream");
  mkdirSync(installed, { recursive: true });
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: join(root, "pkg") });
  const [{ filename }] = JSON.parse(packed.toString());
  execFileSync("tar", ["xzf", join(folder, filename), "-C", installed, "--strip-components=1"]);

  for (const block of modules) {
    const file = fileOf(block);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, [block.prelude, block.code, ...(block.language === "js" ? [] : ["export {};\n"])].join("\n"));
  }
  const compilerOptions = { module: "preserve", moduleResolution: "bundler", paths: {}, checkJs: true };
  const config = {
    extends: "../../../tsconfig.json",
    compilerOptions,
    include: ["."],
    exclude: ["node_modules", "run"],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));

  await build({
    entryPoints: modules.filter(({ code }) => code.includes("// → ")).map(fileOf),
    outdir: join(folder, "run"),
    outbase: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
  });
}
