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
] satisfies Environment[];
