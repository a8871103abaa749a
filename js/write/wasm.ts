// Loaded with the first write. The only importer of the writer's glue.
import { clock } from "../clock.ts";
import init, { Head, Machine } from "../generated/writer.js";
import compressed from "../generated/writer-inline.js";
import { compileInlined } from "../inflate.ts";

/** An error as it crosses: code, message, HTTP status or 0. */
export type CoreError = [code: string, message: string, status: number];

/** What the machine wants done, with the number of the request that it is about. */
export type CoreAction =
  | [name: "create", attempt: number, refreshToken: boolean]
  | [name: "append", attempt: number, body: Uint8Array<ArrayBuffer>]
  | [name: "probe", attempt: number]
  | [name: "open", attempt: number, from: number]
  | [name: "line", attempt: number, line: Uint8Array<ArrayBuffer>]
  | [name: "end" | "abort", attempt: number];

export type { Machine };

/** What the machine is told of an answer, whatever it answers. */
export type CoreHead = { status: number; retryAfter: string | null; code: string; detail: string };

export const headOf = ({ status, retryAfter, code, detail }: CoreHead): Head =>
  new Head(status, retryAfter, code, detail);

/** A machine that has started. */
export async function newMachine(canRefresh: boolean): Promise<Machine> {
  await init(await compileInlined(compressed), clock);
  const [seed] = crypto.getRandomValues(new BigUint64Array(1));
  return new Machine(seed as bigint, canRefresh);
}
