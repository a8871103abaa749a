import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../environment.ts";
import { expectSlim, slimDown, staysWhenEdited } from "../programs.ts";

export default [
  {
    name: "Vite, dev",
    isQuick: true,
    async run(app) {
      // Vite's plugin for React leaves alone what is called .js and has no JSX.
      renameSync(join(app.folder, "parts.js"), join(app.folder, "parts.jsx"));
      const main = join(app.folder, "page.js");
      writeFileSync(main, readFileSync(main, "utf8").replace("parts.js", "parts.jsx"));
      const port = await app.freePort();
      await app.start("vite", ["--host", "127.0.0.1", "--port", `${port}`, "--strictPort"], /ready in/);
      await staysWhenEdited(app, await app.shows(`http://127.0.0.1:${port}/`), "parts.jsx");
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
    async run(app) {
      slimDown(app);
      await app.execute("vite", ["build"]);
      expectSlim(join(app.folder, "dist"));
      await app.shows(`${await app.serve("dist")}/`);
    },
  },
] satisfies Environment[];
