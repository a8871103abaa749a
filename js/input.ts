import { send } from "./input-send.ts";
import { checkKey } from "./streams.ts";
import type { DefinedInputStream } from "./types.ts";

export function defineInput<TData>({ id }: { id: string }): DefinedInputStream<TData> {
  checkKey(id);
  return { id, send: (runId, data, options) => send(runId, id, data, options) };
}
