import type { Environment } from "../environment.ts";
import { runs } from "../programs.ts";

export default [
  { name: "Bun, ESM", run: runs("bun", "main.mjs") },
  { name: "Bun, CommonJS", run: runs("bun", "main.cjs") },
] satisfies Environment[];
