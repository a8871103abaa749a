const UNIT_MS: Record<string, number> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** "30s", "1h30m", "7d" in milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (text.length > 100 || !/^(\d+(?:w|d|hr|h|m|s))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([a-z]+)/g)) ms += Number(count) * (UNIT_MS[unit ?? ""] ?? 0);
  return ms;
}

/** A duration from now, or a date to come. Anything else is no time at all: the service overlooks it, and so does this. */
export function parseTime(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return new Date(Date.now() + ms);
  const date = new Date(text);
  return date.getTime() > Date.now() ? date : undefined;
}
