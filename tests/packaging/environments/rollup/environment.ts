import type { Environment } from "../environment.ts";

export default [
  {
    name: "Rollup",
    isQuick: true,
    async run({ execute, serve, shows }) {
      await execute("rollup", ["--config", "rollup.config.mjs"]);
      await shows(`${await serve("dist")}/`);
    },
  },
] satisfies Environment[];
