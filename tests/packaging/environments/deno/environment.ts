import type { Environment } from "../environment.ts";
import { runs } from "../programs.ts";

const deno = ["deno", "run", "--allow-net", "--allow-env", "--allow-read", "--node-modules-dir=manual"];

export default [
  { name: "Deno, ESM", run: runs(...deno, "main.mjs") },
  { name: "Deno, CommonJS", run: runs(...deno, "main.cjs") },
] satisfies Environment[];
