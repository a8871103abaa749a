// The documents tell of everything that an app can import.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "oldest-typescript";
import { expect, test } from "vitest";
import { folder } from "./modules.ts";
import { pages, textOf } from "./pages.ts";

test("every entry of the package, and every name and type that it exports, is in the documents' code", () => {
  const code = pages.flatMap((page) => textOf(page).match(/```.*?```|`[^`\n]+`/gs) ?? []).join("\n");
  const installed = join(folder, "node_modules", "runstream");
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const entries = Object.entries<string | { types: string }>(manifest.exports);
  const declared = entries.flatMap(([, target]) => (typeof target === "string" ? [] : [join(installed, target.types)]));
  const program = ts.createProgram(declared, {});
  const checker = program.getTypeChecker();
  const exported = declared.flatMap((file) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    return module ? checker.getExportsOfModule(module).map(({ name }) => name) : [];
  });
  expect(exported).toEqual(expect.arrayContaining(["streams", "useRealtimeStream", "FaultKind", "RunChatTransport"]));
  const named = [...entries.map(([path]) => join("runstream", path)), ...exported];
  expect(named.filter((name) => !new RegExp(`(?<![\\w/])${name}(?![\\w/])`).test(code))).toEqual([]);
});
