// UTF-8 to text. React Native's Hermes has no TextDecoder in many versions.

const decoder = typeof TextDecoder === "function" ? new TextDecoder("utf-8", { ignoreBOM: true }) : undefined;

/** Lenient, and keeping a BOM. */
export function decode(bytes: Uint8Array): string {
  return decoder ? decoder.decode(bytes) : decodeByHand(bytes);
}

/** As many units as may be the arguments of one call everywhere. */
const UNITS = 4_096;
const REPLACEMENT = 0xfffd;

/** As the standard has it for "UTF-8 decode without BOM". */
export function decodeByHand(bytes: Uint8Array): string {
  let text = "";
  let units: number[] = [];
  let point = 0;
  /** Continuation bytes that are due, and between what the next must be. */
  let [due, least, most] = [0, 0x80, 0xbf];
  const add = (point: number) => {
    if (point > 0xffff) units.push(0xd7c0 + (point >> 10), 0xdc00 | (point & 0x3ff));
    else units.push(point);
  };
  for (const byte of bytes) {
    if (due > 0) {
      const isNext = byte >= least && byte <= most;
      [least, most] = [0x80, 0xbf];
      if (isNext) {
        point = (point << 6) | (byte & 0x3f);
        if (--due === 0) add(point);
        continue;
      }
      add(REPLACEMENT);
      due = 0;
    }
    if (units.length >= UNITS) {
      text += String.fromCharCode.apply(undefined, units);
      units = [];
    }
    if (byte < 0x80) units.push(byte);
    else if (byte >= 0xc2 && byte <= 0xf4) {
      due = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      point = byte & (0x3f >> due);
      if (byte === 0xe0) least = 0xa0;
      if (byte === 0xed) most = 0x9f;
      if (byte === 0xf0) least = 0x90;
      if (byte === 0xf4) most = 0x8f;
    } else units.push(REPLACEMENT);
  }
  if (due > 0) units.push(REPLACEMENT);
  return text + String.fromCharCode.apply(undefined, units);
}
