// Links and pictures lead somewhere where the documents are read as files, as on GitHub. site.test.ts follows those of the site.
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path/posix";
import { expect, test } from "vitest";
import { anchorOf } from "../../docs/site/.vitepress/anchors.ts";
import { documents, root, textOf } from "./pages.ts";

const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).trim().split("\n");

/** Without its code. */
const proseOf = (document: string) => textOf(document).replaceAll(/^ *```.*?^ *```$|<!--.*?-->/gms, "");

function anchorsOf(document: string): string[] {
  const anchors: string[] = [];
  for (const [, heading = ""] of proseOf(document).matchAll(/^#+ (.*)$/gm)) {
    const anchor = anchorOf(heading.replaceAll(/\[(.*?)\]\(.*?\)/g, "$1"));
    let n = 0;
    while (anchors.includes(n ? `${anchor}-${n}` : anchor)) n++;
    anchors.push(n ? `${anchor}-${n}` : anchor);
  }
  return anchors;
}

/** What leads nowhere in a document, or in `text` in its place. */
function deadLinksOf(document: string, text = proseOf(document)): string[] {
  const links = text
    .replaceAll(/`[^`\n]*`/g, "")
    .matchAll(/\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]: (\S+)|\b(?:src|href)="([^"]*)"/gm);
  return [...links]
    .map(([, ...found]) => found.find(Boolean) ?? "")
    .filter((link) => {
      const [, path = "", anchor] = /^([^#]*)(?:#(.*))?$/.exec(link) ?? [];
      if (/^\w+:/.test(path)) return false;
      const target = path ? join(dirname(document), path) : document;
      const isThere = !path.startsWith("/") && files.some((file) => file === target || file.startsWith(`${target}/`));
      return !isThere || (anchor !== undefined && !anchorsOf(target).includes(anchor));
    });
}

test("every link of a document leads to a file of the repository, and to a heading that it has", () => {
  const dead = ["/start", "./nowhere.md", "#nothing", "./start.md#nothing", "../pictures/overview.svg"];
  const text = ["./start.md#install", "../../examples/suspend", ...dead].map((link) => `[a](${link})`).join("\n");
  expect(deadLinksOf("docs/site/concepts.md", text)).toEqual(dead);
  expect(documents.flatMap((document) => deadLinksOf(document).map((link) => `${document}: ${link}`))).toEqual([]);
});
