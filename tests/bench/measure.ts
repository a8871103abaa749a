// CPU time, rounds and spreads.
import type { CDPSession, Page } from "playwright-core";

/** In milliseconds where nothing else is said. */
export type Spread = { median: number; min: number; max: number };

export function spread(values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] ?? 0, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

/** Every name once a round, so that what the machine does meanwhile befalls all alike. Each begins a round in turn. */
export async function interleaved<Name extends string>(
  rounds: number,
  names: Name[],
  sample: (name: Name) => Promise<number>,
): Promise<Record<Name, number[]>> {
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++)
    for (let i = 0; i < names.length; i++) {
      const name = names[(round + i) % names.length] as Name;
      samples[name].push(await sample(name));
    }
  return samples;
}

/** How many times `one` is what `other` is: a ratio for each round. */
export function ratio(one: number[], other: number[]): Spread {
  return spread(one.map((value, i) => value / (other[i] ?? Number.NaN)));
}

export type MainThread = {
  cdp: CDPSession;
  /** Milliseconds that `work` takes. */
  cpu: (work: () => Promise<unknown>) => Promise<number>;
  /** The same of a heap without rubbish in it, with what `work` leaves to be done: timers, and what runs after an unmount. */
  cpuInAll: (work: () => Promise<unknown>) => Promise<number>;
};

/** CPU time of the page's main thread. Not of the threads that collect rubbish, compile and take in the network. */
export async function mainThread(page: Page): Promise<MainThread> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "ThreadTime")?.value ?? Number.NaN) * 1_000;
  };
  const cpu = async (work: () => Promise<unknown>) => {
    const before = await read();
    await work();
    return (await read()) - before;
  };
  const settled = async () => {
    for (let before = await read(); ; ) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      const now = await read();
      if (now - before < 2) return;
      before = now;
    }
  };
  const cpuInAll = async (work: () => Promise<unknown>) => {
    await settled();
    await cdp.send("HeapProfiler.collectGarbage");
    return cpu(() => work().then(settled));
  };
  return { cdp, cpu, cpuInAll };
}

const digits = (value: number) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** `median (min to max)`. */
export const show = ({ median, min, max }: Spread, unit = "") =>
  `${digits(median)}${unit} (${digits(min)} to ${digits(max)})`;

/** A table for the terminal and for the document alike. */
export function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
