import type { Environment } from "../environment.ts";
import { vitest } from "../programs.ts";

export default [
  { name: "vitest, node", isQuick: true, run: (app) => app.roundTrip(vitest(app, "node")) },
  { name: "vitest, jsdom", isQuick: true, run: (app) => app.renders(vitest(app, "jsdom")) },
  { name: "vitest, happy-dom", isQuick: true, run: (app) => app.renders(vitest(app, "happy-dom")) },
] satisfies Environment[];
