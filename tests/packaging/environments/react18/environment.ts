import type { Environment } from "../environment.ts";
import { vitest } from "../programs.ts";

export default [
  { name: "React 18 (vitest, happy-dom)", isQuick: true, run: (app) => app.renders(vitest(app, "happy-dom")) },
] satisfies Environment[];
