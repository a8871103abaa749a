import type { App, Environment } from "../environment.ts";
import { testedBy } from "../programs.ts";

const vitest = (app: App, environment: string) =>
  testedBy(app, "vitest", "run", "--root=.", `--environment=${environment}`);

export default [
  { name: "vitest, node", isQuick: true, run: (app) => app.roundTrip(vitest(app, "node")) },
  { name: "vitest, jsdom", isQuick: true, run: (app) => app.renders(vitest(app, "jsdom")) },
  { name: "vitest, happy-dom", isQuick: true, run: (app) => app.renders(vitest(app, "happy-dom")) },
] satisfies Environment[];
