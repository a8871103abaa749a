import type { Environment } from "../environment.ts";

const build = ["page.js", "--bundle", "--minify", "--outdir=dist"];

export default [
  {
    name: "esbuild, modules",
    isQuick: true,
    async run({ execute, serve, shows }) {
      await execute("esbuild", [...build, "--format=esm", "--splitting"]);
      await shows(`${await serve("dist")}/`);
    },
  },
  {
    name: "esbuild, one classic script",
    isQuick: true,
    async run({ execute, serve, shows }) {
      await execute("esbuild", [...build, "--format=iife"]);
      await shows(`${await serve("dist")}/`);
    },
  },
] satisfies Environment[];
