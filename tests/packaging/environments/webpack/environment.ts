import { join } from "node:path";
import type { Environment } from "../environment.ts";
import { expectSlim, slimDown } from "../programs.ts";

const build = ["build", "--mode=production", "--entry=./page.js", "--output-path=dist", "--output-filename=page.js"];

export default [
  {
    name: "webpack",
    isQuick: true,
    async run({ execute, serve, shows }) {
      await execute("webpack", build);
      await shows(`${await serve("dist")}/`);
    },
  },
  {
    name: "webpack, slim",
    async run(app) {
      slimDown(app);
      await app.execute("webpack", build);
      expectSlim(join(app.folder, "dist"));
      await app.shows(`${await app.serve("dist")}/`);
    },
  },
] satisfies Environment[];
