import type { Environment } from "../environment.ts";
import { runs } from "../programs.ts";

export default [
  { name: "Node, ESM", isQuick: true, run: runs("node", "main.mjs") },
  { name: "Node, CommonJS", isQuick: true, run: runs("node", "main.cjs") },
] satisfies Environment[];
