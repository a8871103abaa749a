import { randomBytes } from "node:crypto";

const URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/** A maker of random ids over `alphabet`, which may have at most 256 characters. */
export function customAlphabet(alphabet: string, length: number): () => string {
  const usable = 256 - (256 % alphabet.length);
  return () => {
    let id = "";
    while (id.length < length) {
      for (const byte of randomBytes(length * 2)) {
        if (byte < usable && id.length < length) id += alphabet[byte % alphabet.length];
      }
    }
    return id;
  };
}

/** Seven URL-safe characters, the form of a part id. */
export const partId = customAlphabet(URL_SAFE, 7);
/** The form of an id given to an input send. */
export const inputId = (): string => `inp_${randomBytes(6).toString("hex")}`;
