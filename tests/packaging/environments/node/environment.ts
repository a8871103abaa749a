import type { Environment } from "../environment.ts";

const runs =
  (script: string): Environment["run"] =>
  ({ roundTrip, execute }) =>
    roundTrip(async (argument) => JSON.parse(await execute("node", [script, JSON.stringify(argument)])));

export default [
  { name: "Node, ESM", isQuick: true, run: runs("main.mjs") },
  { name: "Node, CommonJS", isQuick: true, run: runs("main.cjs") },
] satisfies Environment[];
