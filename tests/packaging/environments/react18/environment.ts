import { copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Environment } from "../environment.ts";
import { vitest } from "../programs.ts";

const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
const types = join(import.meta.dirname, "..", "..", "types");

export default [
  {
    name: "React 18 (vitest, happy-dom), and its types",
    isQuick: true,
    async run(app) {
      await app.renders(vitest(app, "happy-dom"));
      for (const name of ["inference.tsx", "same.ts"]) copyFileSync(join(types, name), join(app.folder, name));
      await app.execute("node", [tsc, "-p", "."]);
    },
  },
] satisfies Environment[];
