import { RunstreamError } from "../errors.ts";
import { shared } from "../shared.ts";

/** What one line holds at most, the send under way included. */
const MAX_SENDS = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;

type Entry = { bytes: number; run: () => Promise<void> };
type Line = { entries: Entry[]; sends: number; bytes: number };

const lines = shared("lines", new Map<string, Line>());

/**
 * Runs `work` when everything before it in the line `name` is done, whether it went well or not. Rejects with `queue-full`
 * when the line holds 1,000 sends or 4 MiB, and with the signal's reason when that aborts while `work` waits; once `work` runs
 * the signal is its own affair.
 */
export function inLine<T>(
  name: string,
  bytes: number,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) throw signal.reason;
    const line = lines.get(name) ?? { entries: [], sends: 0, bytes: 0 };
    if (line.sends >= MAX_SENDS || line.bytes + bytes > MAX_BYTES) throw full(line);
    const leave = () => {
      line.sends--;
      line.bytes -= bytes;
    };
    const giveUp = () => {
      line.entries.splice(line.entries.indexOf(entry), 1);
      leave();
      reject(signal?.reason);
    };
    const entry: Entry = {
      bytes,
      run: async () => {
        signal?.removeEventListener("abort", giveUp);
        await work().then(resolve, reject);
        leave();
      },
    };
    signal?.addEventListener("abort", giveUp);
    line.entries.push(entry);
    line.sends++;
    line.bytes += bytes;
    if (lines.has(name)) return;
    lines.set(name, line);
    void serve(name, line);
  });
}

async function serve(name: string, line: Line): Promise<void> {
  for (let next = line.entries.shift(); next; next = line.entries.shift()) await next.run();
  lines.delete(name);
}

function full({ sends, bytes }: Line): RunstreamError {
  const message = `${sends} sends of ${bytes} bytes wait for this input stream already, which is as many as are kept; try again when they are done, or cancel them`;
  return new RunstreamError("queue-full", message);
}
