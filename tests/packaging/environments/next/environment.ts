import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { App, Environment } from "../environment.ts";

const built = (bundler: string, { withoutRoute = false } = {}): Environment => ({
  name: `Next.js, ${bundler}`,
  async run(app) {
    if (withoutRoute) await rm(join(app.folder, "app/edge/api"), { recursive: true });
    await app.execute("next", ["build", `--${bundler}`], env);
    const origin = await starts(app, "start");
    await tryAt(app, `${origin}/node`, `${origin}/node/api`);
    await tryAt(app, `${origin}/edge`, withoutRoute ? `${origin}/api/edge` : `${origin}/edge/api`);
  },
});

const env = { NEXT_TELEMETRY_DISABLED: "1" };

async function starts({ start, freePort }: App, ...args: string[]): Promise<string> {
  const port = await freePort();
  await start("next", [...args, "-H", "127.0.0.1", "-p", `${port}`], /Ready in/, env);
  return `http://127.0.0.1:${port}`;
}

/** Renders a page on the server and in the browser, then asks a route. If rendering loaded the wasm, the route would not. */
async function tryAt({ shows, roundTrip }: App, page: string, route: string) {
  const html = await (await fetch(`${page}?runId=run_1&accessToken=token`)).text();
  expect(html).toContain('<output data-status="idle">[]</output>');
  await shows(page);
  await roundTrip(async (argument) => {
    const answer = await fetch(route, { method: "POST", body: JSON.stringify(argument) });
    const text = await answer.text();
    expect(text).toMatch(/^{"read"/);
    return JSON.parse(text);
  });
}

export default [
  built("turbopack"),
  // Next.js 16.3 cannot build a route handler for the edge runtime with webpack, whatever is in it; a route below pages/ it can.
  built("webpack", { withoutRoute: true }),
] satisfies Environment[];
