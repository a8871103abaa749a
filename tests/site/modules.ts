// Makes a module of each block of code, beside the package as npm packs it. Vitest's global set-up for this folder.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { installIn } from "../packaging/install.ts";
import { type Block, blocksOf, pages, root } from "./pages.ts";

export const folder = join(root, ".cache", "site", "blocks");

/** The blocks that TypeScript reads; of a difference two modules, what it takes away and what it adds. */
export const modules = pages.flatMap(blocksOf).flatMap((block) => {
  if (block.language === "diff") return ["-", "+"].map((sign) => sideOf(block, sign));
  return ["ts", "tsx", "js"].includes(block.language) ? [block] : [];
});

function sideOf(block: Block, sign: string): Block {
  const lines = block.code.split("\n").filter((line) => line.startsWith(sign));
  const code = `${lines.map((line) => line.slice(1)).join("\n")}\n`;
  return { ...block, language: "ts", label: `line-${block.line}${sign}.ts`, code };
}

/** Files that a section names stand beside each other, and its other blocks may import them. */
export function fileOf({ page, section, line, language, label }: Block): string {
  return join(folder, page, section, label ?? `line-${line}.${language}`);
}

/** What Node runs of a block: there are no types. */
export const scriptOf = (block: Block): string =>
  join(folder, "run", relative(folder, fileOf(block))).replace(/\.tsx?$/, ".mjs");

export default async function write(): Promise<void> {
  installIn(folder);
  for (const block of modules) {
    const file = fileOf(block);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, [block.prelude, block.code, ...(block.language === "js" ? [] : ["export {};\n"])].join("\n"));
  }
  // Apps that a framework's own command makes resolve like this, and let no import name a .ts file.
  const resolution = { module: "preserve", moduleResolution: "bundler", allowImportingTsExtensions: false };
  const compilerOptions = { ...resolution, paths: {}, checkJs: true };
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
