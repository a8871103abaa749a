import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import wasm from "../../../js/generated/wasm-inline.js";
import type { App, Environment, RunArgument, RunResult, Shown } from "./environment.ts";

/** A program that is given the argument of the round trip and prints what came of it. */
export const runs =
  (...[command = "", ...args]: string[]): Environment["run"] =>
  ({ roundTrip, execute }) =>
    roundTrip(async (argument) => JSON.parse(await execute(command, [...args, JSON.stringify(argument)])));

/** A test runner that is given the argument in its environment, and whose test writes what came of it to a file. */
export const testedBy =
  ({ execute, folder }: App, ...[command = "", ...args]: string[]) =>
  async (argument: RunArgument): Promise<RunResult> => {
    await execute(command, args, { ARGUMENT: JSON.stringify(argument) });
    return JSON.parse(await readFile(join(folder, "result.json"), "utf8"));
  };

export const vitest = (app: App, environment: string) =>
  testedBy(app, "vitest", "run", "--root=.", `--environment=${environment}`);

/** The page's component, or a copy of it, with `runstream/slim` in it. */
export function slimDown({ folder }: App, copy = "parts.js"): void {
  const text = readFileSync(join(folder, "parts.js"), "utf8");
  writeFileSync(join(folder, copy), text.replaceAll('"runstream', '"runstream/slim'));
}

/** The wasm was taken along as a file, that of the writer was left out, and nothing was inlined. */
export function expectSlim(dist: string): void {
  const names = readdirSync(dist, { recursive: true, encoding: "utf8" });
  expect(names.filter((name) => name.endsWith(".wasm"))).toHaveLength(1);
  const scripts = names.filter((name) => name.endsWith(".js"));
  expect(scripts.filter((name) => readFileSync(join(dist, name), "utf8").includes(wasm))).toEqual([]);
}

/** Edits the component while it streams: what it showed stays, once, and what comes goes on coming over the same connection. */
export async function staysWhenEdited({ folder }: App, { page, write }: Shown, name = "parts.js"): Promise<void> {
  await page.evaluate(() => Object.assign(window, { isTheSame: true }));
  const file = join(folder, name);
  writeFileSync(file, readFileSync(file, "utf8").replace('"data-status"', '"data-edited": true, $&'));
  await page.locator("output[data-edited]").waitFor({ state: "attached", timeout: 60_000 });
  expect(await page.evaluate(() => "isTheSame" in window)).toBe(true);
  await write("and on");
}
