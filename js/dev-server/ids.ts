import { randomBytes, randomFillSync } from "node:crypto";

const URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
/** Asking the system for a few bytes at a time would be most of the cost of an append. */
const pool = new Uint8Array(4096);
let used = pool.length;

/** A maker of random ids over `alphabet`, which may have at most 256 characters. */
export function customAlphabet(alphabet: string, length: number): () => string {
  // Bytes past the last whole multiple would favour the first characters.
  const usable = 256 - (256 % alphabet.length);
  return () => {
    let id = "";
    while (id.length < length) {
      const byte = nextByte();
      if (byte < usable) id += alphabet[byte % alphabet.length];
    }
    return id;
  };
}

/** Seven URL-safe characters, the form of a part id. */
export const partId = customAlphabet(URL_SAFE, 7);
/** What makes the ids of runs and waitpoints. */
export const idSuffix = customAlphabet("123456789abcdefghijkmnopqrstuvwxyz", 21);
/** The form of an id given to an input send. */
export const inputId = (): string => `inp_${randomBytes(6).toString("hex")}`;

export const KEPT_IDS = 65_536;

/** The ids seen lately; about the last 65,536 of them. */
export class RecentIds {
  #ids = new Set<string>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size > KEPT_IDS) this.#ids.delete(this.#ids.values().next().value as string);
  }
}

function nextByte(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool[used++] as number;
}
