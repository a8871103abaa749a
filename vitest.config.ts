import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { chromium } from "./scripts/browser.mjs";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Tests read the sources; tests/packaging reads what the build made of them. */
const sources = [
  { find: /^runstream$/, replacement: path("js/index.ts") },
  { find: /^runstream\/(react|testing|slim|ai)$/, replacement: path("js/$1.ts") },
  { find: /^runstream\/dev-server$/, replacement: path("js/dev-server/server.ts") },
];

const project = (name: string, test: object = {}, alias = sources) => ({
  resolve: { alias },
  test: { name, include: [`tests/${name}/**/*.test.{ts,tsx}`], ...test },
});

/** One at a time: two cores, and a browser or a server in each test. */
const slow = { fileParallelism: false, testTimeout: 60_000, hookTimeout: 60_000 };

// The environment is Node; a file that needs a DOM says `// @vitest-environment happy-dom` on its first line.
export default defineConfig({
  test: {
    projects: [
      // Long enough for a machine that has other things to do: nothing here is a matter of time.
      project("js", { testTimeout: 30_000, hookTimeout: 30_000 }),
      project("packaging", { ...slow, globalSetup: "tests/packaging/install.ts" }, []),
      project("s2", slow),
      project("interop", slow),
      project("docs", { ...slow, globalSetup: "tests/docs/modules.ts" }),
      project("site", { ...slow, globalSetup: "tests/site/modules.ts", env: { CHROMIUM: chromium() ?? "" } }, []),
      project("e2e", { ...slow, env: { CHROMIUM: chromium() ?? "" } }),
      project("long", { ...slow, testTimeout: 600_000 }),
    ],
  },
});
