// Vitest's global set-up for this folder: packs the built package and unpacks it where an app would have it, so the tests
// see what the registry would hand out and nothing else. React is found further up, in the repository's node_modules.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const app = join(root, ".cache", "packaging");
export const installed = join(app, "node_modules", "runstream");
export const manifest = (): Manifest => JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));

interface Manifest {
  version: string;
  sideEffects: boolean;
  bin: Record<string, string>;
  exports: Record<string, Target>;
}

/** A file, or one for each condition. */
export type Target = string | { [condition: string]: Target };

/** Without it esbuild would take the paths of the repository's tsconfig.json, which lead to the sources. */
export const isolate = (folder: string) => writeFileSync(join(folder, "tsconfig.json"), "{}\n");

export default function install() {
  installIn(app);
  isolate(app);
}

/** Empties the folder. */
export function installIn(folder: string): void {
  const [modules, bin] = ["runstream", ".bin"].map((name) => join(folder, "node_modules", name)) as [string, string];
  rmSync(folder, { recursive: true, force: true });
  for (const path of [modules, bin]) mkdirSync(path, { recursive: true });
  const packed = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: join(root, "pkg") });
  const [{ filename }] = JSON.parse(packed.toString());
  execFileSync("tar", ["xzf", join(folder, filename), "-C", modules, "--strip-components=1"]);
  symlinkSync("../runstream/dist/cli.js", join(bin, "runstream"));
}
