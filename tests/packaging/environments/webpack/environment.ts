import type { Environment } from "../environment.ts";

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
] satisfies Environment[];
