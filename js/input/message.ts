import type { Delivery } from "../subscription.ts";
import type { BadRecord } from "../types.ts";

/** One message of an input stream. */
export type Message = {
  /** Its position. */
  id: string;
  /** The JSON that was sent, if it was a value; as the server gives it to a waitpoint. */
  text: string | undefined;
  value: unknown;
};

/** The messages of a delivery, in order. */
export function* messagesOf(delivery: Delivery, onBadRecord: (record: BadRecord) => void): Generator<Message> {
  const { parts, meta = [], notices } = delivery;
  for (const notice of notices) if (notice.type === "bad-record") onBadRecord(notice);
  for (const [i, part] of parts.entries()) yield messageOf(String(meta[i * 4]), part);
}

/** A send is stored as JSON inside JSON; what others may have written stays what it is. */
function messageOf(id: string, part: unknown): Message {
  if (typeof part !== "string") return { id, text: JSON.stringify(part), value: part };
  try {
    return { id, text: part, value: JSON.parse(part) };
  } catch {
    return { id, text: part, value: part };
  }
}
