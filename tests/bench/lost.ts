// Every comparison of the document in which another one does better than this package.
import type { Results } from "./document.ts";
import { type Spread, show } from "./measure.ts";

type Loss = [what: string, whom: string, ours: string, theirs: string];

export function lost({ decode = [], hook, many, growth, writer }: Results): Loss[] {
  const losses: Loss[] = [];
  /** Less is better. */
  const compare = (what: string, unit: string, found: Partial<Record<string, Spread>>) => {
    const { ours, official, handWritten } = found;
    for (const [whom, theirs] of Object.entries({ official, handWritten }))
      if (ours && theirs && theirs.median < ours.median)
        losses.push([what, whom, show(ours, unit), show(theirs, unit)]);
  };
  for (const { runtime, corpus, read, cpu } of decode)
    compare(`decode ${corpus}, reads of ${read} B, ${runtime}`, " ms", cpu);
  for (const { what, cpu } of Object.values(hook?.measured ?? {})) compare(what, " ms", cpu);
  if (many) {
    compare("CPU of an idle subscription, a second", " µs", many.idleCpu);
    for (const kind of ["heap", "wasm", "process"] as const)
      compare(
        `${kind} memory of a subscription`,
        " B",
        each(many.memory, (memory) => memory[kind]),
      );
    for (const [streams, latency] of Object.entries(many.latency))
      for (const kind of ["p50", "p99"] as const)
        compare(
          `socket to DOM, streams: ${streams}, ${kind}`,
          " ms",
          each(latency, (one) => one[kind]),
        );
  }
  for (const [kind, curves] of Object.entries(growth ?? {}))
    for (const { x } of curves.ours)
      compare(
        `growth by ${kind}, ${x.toLocaleString("en")}`,
        kind === "size" ? " ns" : " µs",
        each(curves, (points) => points.find((point) => point.x === x)?.y),
      );
  for (const { what, parts, cpu, wire } of Object.values(writer ?? {})) {
    compare(`writer, ${what}`, " µs", cpu);
    for (const kind of ["bytes", "requests"] as const)
      if (wire.official[kind] < wire.ours[kind]) {
        const ofPart = ({ [kind]: count }: typeof wire.ours) => `${(count / parts).toFixed(kind === "bytes" ? 0 : 3)}`;
        losses.push([`writer, ${what}, ${kind} a part`, "official", ofPart(wire.ours), ofPart(wire.official)]);
      }
  }
  return losses;
}

const each = <Of, To>(of: Record<string, Of>, to: (one: Of) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(of).map(([name, one]) => [name, to(one)]));
