import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, textOf } from "./pages.ts";

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found);

test("the page of errors tells of every code, and of none that is not there", () => {
  const source = readFileSync(join(root, "js", "errors.ts"), "utf8");
  const union = /export type ErrorCode =(.*?);/s.exec(source)?.[1] ?? "";
  const codes = matches(union, /"(.*?)"/g);
  expect(codes).toContain("internal");
  const page = textOf("docs/site/errors.md");
  expect(matches(page, /^## (.*)$/gm)).toEqual(codes);
  expect(matches(page, /^\| \[`(.*?)`\]/gm)).toEqual(codes);
  for (const section of page.split(/^## /m).slice(1)) expect(section).toMatch(/\*\*Means:\*\* .*\*\*Do:\*\* /s);
});
