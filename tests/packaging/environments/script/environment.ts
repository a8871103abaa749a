import type { Environment } from "../environment.ts";

const shown =
  (page: string): Environment["run"] =>
  async ({ serve, shows }) =>
    void (await shows(`${await serve()}/${page}`));

export default [
  { name: "a plain script", isQuick: true, run: shown("plain.html") },
  { name: "a plain script, slim", isQuick: true, run: shown("slim.html") },
] satisfies Environment[];
