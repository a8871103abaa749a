import { expect } from "vitest";
import type { App, Environment } from "../environment.ts";
import { testedBy } from "../programs.ts";

const jest = (app: App, environment: string) => testedBy(app, "jest", "--rootDir=.", `--env=${environment}`);

export default [
  { name: "Jest, node", run: (app) => app.roundTrip(jest(app, "node")) },
  { name: "Jest, jest-fixed-jsdom", run: (app) => app.renders(jest(app, "jest-fixed-jsdom")) },
  {
    name: "Jest, jsdom: loads, and tells of the missing fetch",
    async run(app) {
      const argument = { runId: "run_1", accessToken: "token", baseURL: "http://127.0.0.1:1", parts: [1] };
      const { error, instances } = await jest(app, "jsdom")(argument);
      expect(error).toMatch(/the request cannot be built/);
      expect(instances).toBe(1);
    },
  },
] satisfies Environment[];
