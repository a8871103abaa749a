import { useSyncExternalStore } from "react";

export type Place = { run: string | undefined; stream: string | undefined };

const subscribe = (changed: () => void) => {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
};

/** What is looked at, as the address says: #<run>/<stream>. So a reload stays, and a link leads there. */
export function usePlace(): [Place, (place: Place) => void] {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  const [run, stream] = hash.slice(1).split("/").map(decode);
  return [{ run: run || undefined, stream: stream || undefined }, go];
}

function go({ run = "", stream }: Place): void {
  location.hash = [run, ...(stream === undefined ? [] : [stream])].map(encodeURIComponent).join("/");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
