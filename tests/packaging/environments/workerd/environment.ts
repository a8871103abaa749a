import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import type { App, Environment } from "../environment.ts";

/** As wrangler bundles: these conditions, and modules of WebAssembly as they are. */
const build = ["worker.js", "--bundle", "--format=esm", "--conditions=workerd,worker,browser", "--loader:.wasm=copy"];

async function tells({ folder, execute, start, freePort, roundTrip }: App, flags: string[], knowsRun: boolean) {
  const config = join(folder, "config.capnp");
  writeFileSync(config, readFileSync(config, "utf8").replace("FLAGS", JSON.stringify(flags)));
  await execute("esbuild", [...build, "--asset-names=[name]", "--outdir=dist"]);
  const port = await freePort();
  await start("workerd", ["serve", "config.capnp", `--socket-addr=http=127.0.0.1:${port}`], /^/);
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(() => fetch(url), { timeout: 30_000 });
  const ask = async (argument: unknown) => {
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(argument) });
    return JSON.parse(await answer.text());
  };
  await roundTrip(ask, { knowsRun });
}

export default [
  { name: "Cloudflare Workers (workerd)", run: (app) => tells(app, [], false) },
  { name: "Cloudflare Workers (workerd), nodejs_compat", run: (app) => tells(app, ["nodejs_compat"], true) },
] satisfies Environment[];
