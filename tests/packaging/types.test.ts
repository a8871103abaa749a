// The package's declarations as an app's compiler reads them: the oldest one that does, which README names, and the newest.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { app, manifest } from "./install.js";

const sources = fileURLToPath(new URL("types", import.meta.url));
const folder = join(app, "types");
const require = createRequire(import.meta.url);
const fine = { status: 0, stdout: "", stderr: "" };

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(sources)) copyFileSync(join(sources, name), join(folder, name));
  const entries = Object.entries(manifest().exports).filter(([, target]) => typeof target === "object");
  const text = entries.map(([path], i) => `export type * as m${i} from "${join("runstream", path)}";\n`).join("");
  for (const name of ["entries.ts", "entries.cts"]) writeFileSync(join(folder, name), text);
});

describe.for(["oldest-typescript", "typescript"])("%s", { timeout: 180_000 }, (compiler) => {
  describe.for([
    ["node16", "node16"],
    ["esnext", "bundler"],
  ] as const)("with module %s and moduleResolution %s", ([module, moduleResolution]) => {
    /** What the compiler says of these files. */
    const compile = (files: string[], options: object) => {
      const compilerOptions = {
        ...{ target: "es2022", lib: ["es2022", "dom", "dom.iterable"], jsx: "react-jsx", strict: true, noEmit: true },
        ...{ skipDefaultLibCheck: true, module, moduleResolution, ...options },
      };
      const config = join(folder, "tsconfig.json");
      writeFileSync(config, JSON.stringify({ compilerOptions, files }));
      const tsc = join(dirname(require.resolve(`${compiler}/package.json`)), "bin", "tsc");
      const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, "-p", config], { encoding: "utf8" });
      return { status, stdout, stderr };
    };

    test("the declarations are sound, and an app's types go from the definition to the hook to the callback", () => {
      expect(compile(["entries.ts", "entries.cts", "inference.tsx"], { types: ["node"] })).toEqual(fine);
    });

    test("what is ours can stand for what is theirs", () => {
      expect(compile(["swap.ts"], { types: ["node"], skipLibCheck: true })).toEqual(fine);
    });

    // Some of the libraries below need a newer one.
    if (compiler !== "typescript") return;

    test("a page needs no types of Node", () => {
      expect(compile(["inference.tsx"], { types: [] })).toEqual(fine);
    });

    test("a stream takes its type from a schema", () => {
      expect(compile(["schemas.ts"], { types: ["node"], skipLibCheck: true })).toEqual(fine);
    });
  });
});

test("README names the oldest", () => {
  const { version } = require("oldest-typescript/package.json");
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  expect(/TypeScript (\d+\.\d+) or newer/.exec(readme)?.[1]).toBe(version.replace(/\.\d+$/, ""));
});
