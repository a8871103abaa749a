// The pages of docs/site, and README, and their code.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const docs = join(root, "docs", "site");

export type Block = {
  /** Without `.md`. */
  page: string;
  /** The heading of the second level above it, fit for a folder's name. */
  section: string;
  /** Of its first line of code. */
  line: number;
  language: string;
  /** Above it, in a code group: a file's name, or where a command is run. */
  label: string | undefined;
  code: string;
  /** From a comment in the page, `<!-- prelude … -->`: what this block and those below it are preceded by. */
  prelude: string;
  /** From a comment right before the block, `<!-- shows … -->`: what a page with it shows. */
  shows: string | undefined;
};

export const pages = [...readdirSync(docs), "README.md"]
  .filter((name) => name.endsWith(".md"))
  .map((name) => basename(name, ".md"));

export const textOf = (page: string): string =>
  readFileSync(join(page === "README" ? root : docs, `${page}.md`), "utf8");

const BLOCK = /^## ([^\n]*)$|^<!-- (prelude|shows)\b(.*?)-->$|^```(\w+)(?: \[([^\n]*)\])?\n(.*?)^```$/gms;

/** Every fenced block of a page, in order. */
export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  const blocks: Block[] = [];
  let prelude = "";
  let shows: string | undefined;
  let section = "";
  for (const match of text.matchAll(BLOCK)) {
    const [whole, heading, comment, said, language, label, code] = match;
    if (heading) section = slug(heading);
    else if (comment === "prelude") prelude = said?.trim() ?? "";
    else if (comment === "shows") shows = said?.trim();
    else if (language && code !== undefined) {
      const line = text.slice(0, match.index + whole.indexOf("\n") + 1).split("\n").length;
      blocks.push({ page, section, line, language, label, code, prelude, shows });
      shows = undefined;
    }
  }
  return blocks;
}

const slug = (heading: string): string => heading.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
