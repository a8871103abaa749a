// Clause "Size": what each crate, each feature and each module costs.
import { measureCrates } from "../../scripts/crates.mjs";
import { measureFeatures } from "../../scripts/size.mjs";
import { table } from "./measure.ts";

type Cost = { name: string; bytes: number };

export type CratesResult = {
  /** Gzip bytes of each wasm module before it is inlined, and what taking each crate's functions away would save. */
  modules: Record<"reader" | "writer", { bytes: number; crates: Cost[] }>;
  /** Other builds of the reader. */
  variants: { what: string; bytes: number }[];
  /** Gzip bytes of apps. */
  apps: { name: string; initial: number; total: number }[];
  /** Minified bytes of the modules of an app with the two hooks. */
  scripts: { path: string; bytes: number; isInitial: boolean }[];
};

export async function crates(): Promise<CratesResult> {
  const { apps, modules: scripts } = await measureFeatures();
  const result: CratesResult = { ...(await measureCrates()), apps, scripts };
  console.log(describe(result).join("\n"));
  return result;
}

export function describe({ modules, variants, apps, scripts }: CratesResult): string[] {
  const [{ reader, writer }, n] = [modules, (bytes: number | undefined) => bytes?.toLocaleString("en") ?? ""];
  const names = new Set(
    [...reader.crates, ...writer.crates].filter(({ bytes }) => bytes >= 20).map(({ name }) => name),
  );
  const of = (crates: Cost[], name: string) => n(crates.find((crate) => crate.name === name)?.bytes);
  return [
    "Of the wasm, by crate, and the core by module:",
    "",
    table(
      ["", "reader", "writer"],
      [
        ["**in all**", n(reader.bytes), n(writer.bytes)],
        ...[...names].map((name) => [name, of(reader.crates, name), of(writer.crates, name)]),
      ],
    ),
    "",
    "Of other builds:",
    "",
    table(
      ["", "gzip bytes"],
      [["reader, as it is", n(reader.bytes)], ...variants.map(({ what, bytes }) => [what, n(bytes)])],
    ),
    "",
    "Of what an app uses:",
    "",
    table(
      ["", "before the first subscription", "in all"],
      apps.map(({ name, initial, total }) => [name, n(initial), n(total)]),
    ),
    "",
    "Of the JavaScript of an app with the two hooks, minified bytes, not compressed:",
    "",
    table(
      ["", "bytes", "loaded"],
      scripts
        .toSorted((a, b) => Number(b.isInitial) - Number(a.isInitial) || b.bytes - a.bytes)
        .map(({ path, bytes, isInitial }) => [path, n(bytes), isInitial ? "at first" : "with the first subscription"]),
    ),
    "",
  ];
}
