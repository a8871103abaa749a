// The documents of the repository, and their code.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export type Block = {
  /** The document's path from the root. */
  page: string;
  /** The heading of the second level above it, fit for a folder's name. */
  section: string;
  /** Of its first line of code. */
  line: number;
  /** Empty if it has none. */
  language: string;
  /** Above it, in a code group: a file's name, or where a command is run. */
  label: string | undefined;
  code: string;
  /** From a comment in the page, `<!-- prelude … -->`: what this block and those below it are preceded by. */
  prelude: string;
  /** From a comment right before the block, `<!-- shows … -->`: what a page with it shows. */
  shows: string | undefined;
};

export const documents = execFileSync("git", ["ls-files", "*.md"], { cwd: root, encoding: "utf8" }).trim().split("\n");

/** The pages of the site, and README. */
export const pages = documents.filter((page) => page.startsWith("docs/") || page === "README.md");

export const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

export const nameOf = ({ page, line }: Block) => `${page}:${line}`;

const BLOCK = /^## ([^\n]*)$|^<!-- (prelude|shows)\b(.*?)-->$|^( *)```(\w*)(?: \[([^\n]*)\])?\n(.*?)^\4```$/gms;

/** Every fenced block of a page, in order. */
export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  const blocks: Block[] = [];
  let prelude = "";
  let shows: string | undefined;
  let section = "";
  for (const match of text.matchAll(BLOCK)) {
    const [whole, heading, comment, said, indent, language = "", label, code] = match;
    if (heading) section = slug(heading);
    else if (comment === "prelude") prelude = said?.trim() ?? "";
    else if (comment === "shows") shows = said?.trim();
    else if (code !== undefined) {
      const line = text.slice(0, match.index + whole.indexOf("\n") + 1).split("\n").length;
      const flush = code.replaceAll(new RegExp(`^${indent}`, "gm"), "");
      blocks.push({ page, section, line, language, label, code: flush, prelude, shows });
      shows = undefined;
    }
  }
  return blocks;
}

const slug = (heading: string): string => heading.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
