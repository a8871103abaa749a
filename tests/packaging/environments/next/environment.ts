import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { App, Environment } from "../environment.ts";
import { slimDown, staysWhenEdited } from "../programs.ts";

type Bundler = "turbopack" | "webpack";

const built = (bundler: Bundler): Environment => ({
  name: `Next.js, ${bundler}`,
  async run(app) {
    await prepare(app, bundler);
    await app.execute("next", ["build", `--${bundler}`], env);
    await tryAll(app, bundler, await starts(app, "start"));
    // In a process of its own: what another route has loaded would not be loaded again.
    const slim = `${await starts(app, "start")}/slim`;
    await tryAt(app, slim, `${slim}/api`);
  },
});

const developed: Environment = {
  name: "Next.js, dev, turbopack",
  async run(app) {
    await prepare(app, "turbopack");
    await staysWhenEdited(app, await tryAll(app, "turbopack", await starts(app, "dev")));
  },
};

const env = { NEXT_TELEMETRY_DISABLED: "1" };

async function prepare(app: App, bundler: Bundler) {
  slimDown(app, "slim.js");
  // Next.js 16.3 cannot build a route handler for the edge runtime with webpack, whatever is in it; a route below pages/ it can.
  if (bundler === "webpack") await rm(join(app.folder, "app/edge/api"), { recursive: true });
}

async function starts({ start, freePort }: App, ...args: string[]): Promise<string> {
  const port = await freePort();
  await start("next", [...args, "-H", "127.0.0.1", "-p", `${port}`], /Ready in/, env);
  return `http://127.0.0.1:${port}`;
}

async function tryAll(app: App, bundler: Bundler, origin: string) {
  await tryAt(app, `${origin}/edge`, bundler === "webpack" ? `${origin}/api/edge` : `${origin}/edge/api`);
  return tryAt(app, `${origin}/node`, `${origin}/node/api`);
}

/** Renders a page on the server and in the browser, then asks a route. If rendering loaded the wasm, the route would not. */
async function tryAt({ shows, roundTrip }: App, page: string, route: string) {
  const html = await (await fetch(`${page}?runId=run_1&accessToken=token`)).text();
  expect(html).toContain('<output data-status="idle">[]</output>');
  const shown = await shows(page);
  await roundTrip(async (argument) => {
    const answer = await fetch(route, { method: "POST", body: JSON.stringify(argument) });
    const text = await answer.text();
    expect(text).toMatch(/^{"read"/);
    return JSON.parse(text);
  });
  return shown;
}

export default [built("turbopack"), built("webpack"), developed] satisfies Environment[];
