import type { Target } from "./target.ts";

/** Has the dev server reset the sockets of everyone who reads the run, and send `repeated` parts again to who comes back. */
export async function cutConnections({ baseURL, runId: run, streamKey }: Target, repeated: number): Promise<void> {
  if (repeated > 0) await post(`${baseURL}/dev/faults`, { kind: "replay", records: repeated, run, stream: streamKey });
  await post(`${baseURL}/dev/connections/cut`, { run });
}

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
}
