import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { app, manifest } from "./install.js";

const modules = Object.entries(manifest().exports)
  .filter(([, target]) => typeof target === "object")
  .map(([path]) => join("runstream", path));

test.for([
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
])("an app compiled with module %s and moduleResolution %s sees sound types", ([module, moduleResolution]) => {
  const imports = modules.map(
    (name, index) => `import type * as m${index} from "${name}";\nexport type { m${index} };`,
  );
  writeFileSync(join(app, "app.ts"), `${imports.join("\n")}\n`);
  const compilerOptions = { module, moduleResolution, target: "es2022", jsx: "react-jsx", strict: true, noEmit: true };
  const config = { compilerOptions: { ...compilerOptions, skipLibCheck: false, types: ["node"] }, files: ["app.ts"] };
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify(config));
  const tsc = join("node_modules", "typescript", "bin", "tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", app], { encoding: "utf8" });
  expect(stdout).toBe("");
});
