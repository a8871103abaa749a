import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import wasm from "../../../../js/generated/wasm-inline.js";
import type { Environment } from "../environment.ts";

export default [
  {
    name: "Vite, dev",
    isQuick: true,
    async run({ start, freePort, shows }) {
      const port = await freePort();
      await start("vite", ["--host", "127.0.0.1", "--port", `${port}`, "--strictPort"], /ready in/);
      await shows(`http://127.0.0.1:${port}/`);
    },
  },
  {
    name: "Vite, build",
    isQuick: true,
    async run({ execute, serve, shows }) {
      await execute("vite", ["build"]);
      await shows(`${await serve("dist")}/`);
    },
  },
  {
    name: "Vite, build, slim",
    isQuick: true,
    async run({ execute, serve, shows, folder }) {
      const parts = join(folder, "parts.js");
      writeFileSync(parts, readFileSync(parts, "utf8").replaceAll('"runstream', '"runstream/slim'));
      await execute("vite", ["build"]);
      const assets = readdirSync(join(folder, "dist", "assets"));
      expect(assets.filter((name) => name.endsWith(".wasm"))).toHaveLength(2);
      const inlined = assets.filter((name) =>
        readFileSync(join(folder, "dist", "assets", name), "utf8").includes(wasm),
      );
      expect(inlined).toEqual([]);
      await shows(`${await serve("dist")}/`);
    },
  },
] satisfies Environment[];
