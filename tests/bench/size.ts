// Clause "Size": gzip bytes of an app with the two hooks, and what it takes to have the core ready.
import { execFileSync } from "node:child_process";
import { mainThread, type Spread, show, spread, table } from "./measure.ts";
import { openBench } from "./page-browser.ts";

export type SizeResult = {
  initial: number;
  total: number;
  official: number;
  /** Main-thread CPU of the first subscription's loading: fetching, unpacking, compiling and instantiating the core. */
  start: Spread;
};

export async function size({ rounds = 9 } = {}): Promise<SizeResult> {
  const printed = execFileSync(process.execPath, ["scripts/size.mjs"], { encoding: "utf8" });
  const bytes = JSON.parse(printed.trim().split("\n").at(-1) ?? "") as Omit<SizeResult, "start">;
  const bench = await openBench();
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const page = await bench.open();
    const { cpu } = await mainThread(page);
    const asking = await cpu(() => page.evaluate(() => {}));
    samples.push((await cpu(() => page.evaluate(() => window.bench.load()))) - asking);
    await page.close();
  }
  await bench.close();
  const result = { ...bytes, start: spread(samples) };
  console.log(describe(result));
  return result;
}

const kb = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;

export function describe({ initial, total, official, start }: SizeResult): string {
  return table(
    ["", "this package", "official"],
    [
      ["gzip before the first subscription", kb(initial), kb(official)],
      ["gzip in all", kb(total), kb(official)],
      ["main-thread CPU from bytes to ready", show(start, " ms"), "none to load"],
    ],
  );
}
