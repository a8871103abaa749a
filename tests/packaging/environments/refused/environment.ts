// Pages that can have no WebAssembly: the core as JavaScript takes its place.
import type { Environment } from "../environment.ts";

// Not the paths of the repository's tsconfig.json, which lead to the sources.
const build = ["page.js", "--bundle", "--minify", "--tsconfig-raw={}", "--outdir=dist", "--format=esm", "--splitting"];

export default [
  {
    name: "strict CSP, without wasm-unsafe-eval",
    isQuick: true,
    async run({ execute, serve, shows }) {
      await execute("esbuild", build);
      const policy = "default-src 'self'; connect-src *; img-src data:; require-trusted-types-for 'script'";
      await shows(`${await serve("dist", { "content-security-policy": policy })}/`, { isWasm: false });
    },
  },
  {
    name: "no WebAssembly",
    isQuick: true,
    async run({ execute, serve, shows }) {
      await execute("esbuild", build);
      await shows(`${await serve("dist")}/`, {
        isWasm: false,
        async before(page) {
          await page.addInitScript(() => Reflect.deleteProperty(globalThis, "WebAssembly"));
        },
      });
    },
  },
] satisfies Environment[];
