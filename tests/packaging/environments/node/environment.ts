import type { Environment } from "../environment.ts";
import { runs } from "../programs.ts";

export default [
  { name: "Node, ESM", isQuick: true, run: runs("node", "main.mjs") },
  // As before Node could require modules: nothing but CommonJS will do.
  { name: "Node, CommonJS", isQuick: true, run: runs("node", "--no-experimental-require-module", "main.cjs") },
] satisfies Environment[];
