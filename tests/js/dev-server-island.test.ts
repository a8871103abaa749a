import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("the dev server imports nothing of the client, so that tests cannot agree with themselves", () => {
  const folder = new URL("../../js/dev-server/", import.meta.url);
  const imported = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [...readFileSync(new URL(name, folder), "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)])
    .map((match) => match[1] ?? "");
  expect(imported.length).toBeGreaterThan(50);
  expect(imported.filter((specifier) => !/^(\.\/[\w-]+\.ts|node:[\w/]+|jose)$/.test(specifier))).toEqual([]);
});
