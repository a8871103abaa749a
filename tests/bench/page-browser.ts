// Chromium with the page of the benchmark in it.
import type { RequestListener } from "node:http";
import type { Plugin } from "esbuild";
import { openBrowser, type TestBrowser } from "../e2e/browser.ts";
import { mainThread, type Spread, spread } from "./measure.ts";

export const openBench = (serve?: RequestListener, plugins?: Plugin[]): Promise<TestBrowser> =>
  openBrowser("production", serve, "tests/bench/page.tsx", plugins);

type Step = "fetchCore" | "startCore" | "unpackCore" | "compileCore" | "instantiateCore";

/** Main-thread CPU of steps towards a core that is ready, one after the other on a page that is new each round. */
export async function coldSteps<Name extends Step>(
  rounds: number,
  steps: readonly Name[],
): Promise<Record<Name, Spread>> {
  const bench = await openBench();
  const samples = steps.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    const page = await bench.open();
    const { cpu } = await mainThread(page);
    // The first question costs more than the others.
    await page.evaluate(() => {});
    const asking = await cpu(() => page.evaluate(() => {}));
    for (const [i, step] of steps.entries())
      samples[i]?.push((await cpu(() => page.evaluate((step) => window.bench[step](), step as Step))) - asking);
    await page.close();
  }
  await bench.close();
  return Object.fromEntries(steps.map((step, i) => [step, spread(samples[i] ?? [])])) as Record<Name, Spread>;
}
