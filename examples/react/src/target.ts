/** A run to show, and how to reach it. */
export interface Target {
  runId: string;
  accessToken: string;
  baseURL: string;
  streamKey: string;
  /** A run of the demo's own task on the dev server: it can be cancelled, and its connections can be cut. */
  isDemo: boolean;
}

// In the address, so that a reload or a second tab shows the same run; behind the #, so that no server is told the token.

export function readTarget(): Target | undefined {
  const hash = new URLSearchParams(location.hash.slice(1));
  const [runId, accessToken] = [hash.get("run"), hash.get("token")];
  if (!runId || !accessToken) return undefined;
  return {
    runId,
    accessToken,
    baseURL: hash.get("base-url") ?? "https://api.trigger.dev",
    streamKey: hash.get("stream") ?? "default",
    isDemo: hash.has("demo"),
  };
}

/** Has the application's server start a run. */
export async function startRun(): Promise<Target> {
  const response = await fetch("/api/runs", { method: "POST" });
  const isJson = response.headers.get("content-type")?.includes("json");
  const body = isJson ? await response.json() : { error: `POST /api/runs answered ${response.status}` };
  if (!response.ok || !isJson) throw new Error(body.error);
  return { ...body, isDemo: true };
}

/** Remembers the run in the address. */
export function writeTarget({ runId, accessToken, baseURL, streamKey }: Target): void {
  const hash = new URLSearchParams({
    run: runId,
    stream: streamKey,
    "base-url": baseURL,
    token: accessToken,
    demo: "",
  });
  history.replaceState(null, "", `#${hash}`);
}
