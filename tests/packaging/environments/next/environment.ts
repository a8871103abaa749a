import { expect } from "vitest";
import type { App, Environment } from "../environment.ts";

const built = (bundler: string): Environment => ({
  name: `Next.js, ${bundler}`,
  async run(app) {
    await app.execute("next", ["build", `--${bundler}`], env);
    await tryAt(app, await starts(app, "start"));
  },
});

const env = { NEXT_TELEMETRY_DISABLED: "1" };

async function starts({ start, freePort }: App, ...args: string[]): Promise<string> {
  const port = await freePort();
  await start("next", [...args, "-H", "127.0.0.1", "-p", `${port}`], /Ready in/, env);
  return `http://127.0.0.1:${port}`;
}

/** A page and a route in Node, and both in the edge runtime. Pages first: if rendering loaded the wasm, a route would not. */
async function tryAt({ shows, roundTrip }: App, origin: string) {
  for (const runtime of ["node", "edge"]) {
    const html = await (await fetch(`${origin}/${runtime}?runId=run_1&accessToken=token`)).text();
    expect(html).toContain('<output data-status="idle">[]</output>');
    await shows(`${origin}/${runtime}`);
    await roundTrip(async (argument) => {
      const answer = await fetch(`${origin}/${runtime}/api`, { method: "POST", body: JSON.stringify(argument) });
      const text = await answer.text();
      expect(text).toMatch(/^{"read"/);
      return JSON.parse(text);
    });
  }
}

export default [built("turbopack")] satisfies Environment[];
