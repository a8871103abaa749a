import { vi } from "vitest";
import type { Environment } from "../environment.ts";

/** As wrangler bundles: these conditions, and modules of WebAssembly as they are. */
const build = ["worker.js", "--bundle", "--format=esm", "--conditions=workerd,worker,browser", "--loader:.wasm=copy"];

export default [
  {
    name: "Cloudflare Workers (workerd)",
    async run({ execute, start, freePort, roundTrip }) {
      await execute("esbuild", [...build, "--asset-names=[name]", "--outdir=dist"]);
      const port = await freePort();
      const args = ["serve", "config.capnp", `--socket-addr=http=127.0.0.1:${port}`];
      await start("workerd", args, /^/);
      const url = `http://127.0.0.1:${port}`;
      await vi.waitFor(() => fetch(url), { timeout: 30_000 });
      await roundTrip(async (argument) => {
        const answer = await fetch(url, { method: "POST", body: JSON.stringify(argument) });
        return JSON.parse(await answer.text());
      });
    },
  },
] satisfies Environment[];
