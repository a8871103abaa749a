// What the list says of a block.
import type { Stage } from "./stage.ts";

/** What a block needs to be a module that compiles. */
export type Completion = {
  /** The block that `./streams`, `@/app/streams` and their kind stand for, by its name in tasks/streams.mdx. */
  streams?: string;
  /** What the block uses and does not import. */
  imports?: readonly string[];
  /** Put before and behind what the block has besides imports. */
  around?: readonly [before: string, behind: string];
  /** Texts of the block that are replaced; each must be there once. */
  patch?: Readonly<Record<string, string>>;
};

// biome-ignore lint/suspicious/noExplicitAny: the modules are made when the tests run
type Exports = Record<string, any>;

/** Imports the block, or another one. */
export type Load = (name?: string, page?: string) => Promise<Exports>;

export type Test = (stage: Stage, load: Load) => Promise<void>;

export type Entry = { hash: string } & (
  | { how: "run"; completion: Completion; test: Test }
  | { how: "left out"; why: string }
);

/** The blocks of a page, by name. */
export type Page = { page: string; entries: Record<string, Entry> };

export const run = (hash: string, completion: Completion, test: Test): Entry => ({
  hash,
  how: "run",
  completion,
  test,
});

export const leaveOut = (why: string, hashes: Record<string, string>): Record<string, Entry> =>
  Object.fromEntries(Object.entries(hashes).map(([name, hash]) => [name, { hash, how: "left out", why }]));

/** Statements, as an async function `fragment` with these parameters. */
export const inFunction = (parameters: string, result = "") =>
  [`export async function fragment(${parameters}) {`, `${result}\n}`] as const;

/** Statements that call hooks, as a component `Fragment` that shows `parts`. */
export const inComponent = (
  props: Record<string, string>,
  shown = 'parts.map((part) => JSON.stringify(part)).join("|")',
) => {
  const types = Object.entries(props).map(([name, type]) => `${name}: ${type}`);
  const before = `export function Fragment({ ${Object.keys(props).join(", ")} }: { ${types.join("; ")} }) {`;
  return [before, `return <output>{${shown}}</output>;\n}`] as const;
};
