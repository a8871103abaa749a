import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { openApp } from "./environments/app.ts";
import type { Environment } from "./environments/environment.ts";

/** Each folder's `environment.ts` gives its environments. */
const folders = readdirSync(join(import.meta.dirname, "environments")).filter((name) =>
  existsSync(join(import.meta.dirname, "environments", name, "environment.ts")),
);
const all = await Promise.all(
  folders.map(async (folder) => {
    const module: { default: Environment[] } = await import(`./environments/${folder}/environment.ts`);
    return module.default.map((environment) => ({ ...environment, folder }));
  }),
);
const chosen = all.flat().filter(({ isQuick }) => isQuick || process.env.RUNSTREAM_ENVIRONMENTS === "all");

test.for(chosen.map((environment) => [environment.name, environment] as const))(
  "%s",
  { timeout: 300_000 },
  async ([, { folder, run }], { onTestFinished }) => {
    const { app, close } = await openApp(folder);
    onTestFinished(close);
    await run(app);
  },
);
