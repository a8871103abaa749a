import type { Environment } from "../environment.ts";
import { runs } from "../programs.ts";

const node = (version: number) => `./node_modules/node${version}/bin/node`;

export default [24, 26].flatMap((version) => [
  { name: `Node ${version}, ESM`, run: runs(node(version), "main.mjs") },
  { name: `Node ${version}, CommonJS`, run: runs(node(version), "main.cjs") },
]) satisfies Environment[];
