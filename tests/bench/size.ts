// Clause "Size": gzip bytes of an app with the two hooks, and what it takes to have the core ready.
import { execFileSync } from "node:child_process";
import { type Spread, show, table } from "./measure.ts";
import { coldSteps } from "./page-browser.ts";

export type SizeResult = {
  initial: number;
  total: number;
  /** The core as JavaScript, where no WebAssembly may run: instead of most of what is loaded later. */
  fallback: number;
  official: number;
  /** Main-thread CPU of the first subscription's fetching the core's code. */
  fetch: Spread;
  /** And of its unpacking, compiling and instantiating it. */
  start: Spread;
};

export async function size({ rounds = 9 } = {}): Promise<SizeResult> {
  const printed = execFileSync(process.execPath, ["scripts/size.mjs"], { encoding: "utf8" });
  const bytes = JSON.parse(printed.trim().split("\n").at(-1) ?? "") as Omit<SizeResult, "fetch" | "start">;
  const { fetchCore, startCore } = await coldSteps(rounds, ["fetchCore", "startCore"]);
  const result = { ...bytes, fetch: fetchCore, start: startCore };
  console.log(describe(result));
  return result;
}

const kb = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;

export function describe({ initial, total, fallback, official, fetch, start }: SizeResult): string {
  return table(
    ["", "this package", "official"],
    [
      ["gzip before the first subscription", kb(initial), kb(official)],
      ["gzip in all", kb(total), kb(official)],
      ["gzip of the fallback, where there is no WebAssembly", kb(fallback), "none"],
      ["main-thread CPU, fetching the code", show(fetch, " ms"), "none to fetch"],
      ["main-thread CPU from bytes to ready", show(start, " ms"), "none to load"],
    ],
  );
}
