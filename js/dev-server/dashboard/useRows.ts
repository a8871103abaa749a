import { useMemo, useState } from "react";
import type { BadRecord, ControlRecord, Gap, StreamPart } from "runstream";

/** A record of the stream, or something that happened to it. */
export type Row = {
  key: number;
  kind: "part" | "control" | "bad" | "gap" | "reset";
  /** Its position. */
  id: string;
  at?: number | undefined;
  partId?: string | undefined;
  text: string;
};

const KEPT = 500;
const LONGEST = 2000;

type State = { rows: Row[]; dropped: number; next: number };

/** The last rows of a stream, from what the hook calls back. Input is shown as it was sent, not as it is stored. */
export function useRows(isInput: boolean) {
  const [{ rows, dropped }, setState] = useState<State>({ rows: [], dropped: 0, next: 0 });
  const callbacks = useMemo(() => {
    const add = (...added: Omit<Row, "key">[]) =>
      setState((old) => {
        const all = [...old.rows, ...added.map((row, i) => ({ ...row, key: old.next + i }))];
        const extra = Math.max(all.length - KEPT, 0);
        return { rows: all.slice(extra), dropped: old.dropped + extra, next: old.next + added.length };
      });
    return {
      onParts: (parts: StreamPart<unknown>[]) =>
        add(
          ...parts.map(({ id, timestamp, recordId, chunk }) => {
            const text = isInput && typeof chunk === "string" ? chunk : String(JSON.stringify(chunk));
            return { kind: "part" as const, id, at: timestamp || undefined, partId: recordId, text: shorten(text) };
          }),
        ),
      onControl: ({ id, timestamp, headers }: ControlRecord) =>
        add({ kind: "control", id, at: timestamp, text: headers.map((header) => header.join(": ")).join(", ") }),
      onBadRecord: ({ id, reason, body }: BadRecord) =>
        isInput && /^\{"id":"[^"]*"\}$/.test(body)
          ? add({ kind: "part", id, text: "undefined" })
          : add({ kind: "bad", id, text: shorten(`${reason}: ${body}`) }),
      onGap: ({ from, to }: Gap) => add({ kind: "gap", id: String(from), text: `up to and without ${to}` }),
      onReset: () => add({ kind: "reset", id: "", text: "what follows is another stream of this name" }),
    };
  }, [isInput]);
  return { rows, dropped, callbacks };
}

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} … ${text.length - LONGEST} more characters` : text;
}
