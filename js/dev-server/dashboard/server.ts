// What the page asks of the dev server, besides the streams, which it reads with the hooks.

export type RunOutline = {
  id: string;
  version: "v1" | "v2";
  state: "executing" | "completed" | "failed" | "canceled";
  parentId?: string;
  rootId?: string;
  taskIdentifier: string;
  tags: string[];
  createdAt: string;
  completedAt?: string;
  waitsFor?: { id: string; timeoutAt?: string };
  streamCount: number;
};

export type StreamInfo = { key: string; name: string; isInput: boolean; records?: number; readers: number };

export type Connection = {
  id: number;
  streamKey: string;
  origin?: string;
  userAgent?: string;
  openedAt: string;
  closedAt?: string;
  closedBy?: string;
  lastEventId?: string;
  startLatest: boolean;
  status?: number;
  bytesWritten: number;
  recordsWritten: number;
  faultsFired: string[];
};

export type FiredFault = { kind: string; stream: string; on: string; at: string };

export type Run = RunOutline & {
  streams: StreamInfo[];
  connections: Connection[];
  faults: { pending: number; fired: FiredFault[] };
};

/** Rejects with the server's own words, or with what is wrong with the server. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const answer = await fetch(`/dev${path}`, init).catch(() => {
    throw new Error("The dev server does not answer.");
  });
  const said = (await answer.json().catch(() => ({}))) as { error?: string };
  if (!answer.ok) throw new Error(said.error ?? `The dev server answered ${answer.status}.`);
  return said as T;
}

/** The path of something of a run. */
export const pathOf = (runId: string, ...rest: string[]) =>
  `/runs/${[runId, ...rest].map(encodeURIComponent).join("/")}`;

/** A token for a run. */
export async function tokenFor(runId: string): Promise<string> {
  const { publicAccessToken } = await ask<{ publicAccessToken: string }>("POST", "/runs", { id: runId });
  return publicAccessToken;
}
