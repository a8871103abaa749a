// In place of wasm.ts where there is never WebAssembly: what writes is a server's.
import { RunstreamError } from "../errors.ts";

export async function newMachine(): Promise<never> {
  const message =
    "writing needs the secret key and WebAssembly, and so a server; from an app, call a route of your own that does it";
  throw new RunstreamError("unsupported", message);
}

export function headOf(head: unknown): unknown {
  return head;
}
