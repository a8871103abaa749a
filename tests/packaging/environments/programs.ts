import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { App, Environment, RunArgument, RunResult } from "./environment.ts";

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
