// The code blocks of the official documentation, as it ships in @trigger.dev/sdk.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const docs = join(root, "node_modules", "@trigger.dev", "sdk", "docs");

export type Block = {
  /** Under `docs/`. */
  page: string;
  /** The heading above it, and its number among the blocks under headings of that name. */
  name: string;
  /** Changes with the code. */
  hash: string;
  code: string;
  isTsx: boolean;
};

/** The pages about streams: that of tasks, and all of Realtime. */
export function pages(): string[] {
  const realtime = readdirSync(join(docs, "realtime"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".mdx"))
    .map((name) => `realtime/${name.replaceAll("\\", "/")}`);
  return ["tasks/streams.mdx", ...realtime.sort()];
}

const FENCE = /^( *)```(\w*)/;

/** Every fenced block of a page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  const counts = new Map<string, number>();
  let heading = "";
  let open: { indent: string; language: string; lines: string[] } | undefined;
  for (const line of readFileSync(join(docs, page), "utf8").split("\n")) {
    const fence = FENCE.exec(line);
    if (!open && fence) {
      open = { indent: fence[1] as string, language: fence[2] as string, lines: [] };
    } else if (open && fence) {
      const code = `${open.lines.join("\n")}\n`;
      const count = (counts.get(heading) ?? 0) + 1;
      counts.set(heading, count);
      const hash = createHash("sha256").update(code).digest("hex").slice(0, 8);
      blocks.push({ page, name: `${heading} #${count}`, hash, code, isTsx: open.language === "tsx" });
      open = undefined;
    } else if (open) {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    } else {
      heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    }
  }
  if (open) throw new Error(`${page}: a code block under "${heading}" is not closed`);
  return blocks;
}

/** A name for the file of a block, without its end. */
export function slug({ page, name, hash }: Block): string {
  return `${page.replace(".mdx", "")} ${name} ${hash}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
}
