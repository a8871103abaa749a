// Streams for the pages of the benchmark, in another process's time: `burst-<corpus>-<parts>` comes at once,
// `paced-<parts a second>-<seconds>` comes in steps of 10 ms, `idle` never.
import type { RequestListener, ServerResponse } from "node:http";
import { type CorpusName, corpus, v2 } from "./corpora.ts";

const bursts = new Map<string, Uint8Array>();
/** The answers that can be written to by hand. */
export const idle = new Set<ServerResponse>();

export const serveStreams: RequestListener = (req, res) => {
  const run = /\/realtime\/v1\/streams\/([^/]+)\//.exec(req.url ?? "")?.[1];
  if (run === undefined) return void res.writeHead(404).end();
  res.writeHead(200, { "content-type": "text/event-stream", "x-stream-version": "v2", "cache-control": "no-store" });
  res.flushHeaders();
  const [kind, ...rest] = run.split("-");
  if (kind === "burst") res.write(burst(rest[0] as CorpusName, Number(rest[1])));
  else if (kind === "paced") pace(res, Number(rest[0]), Number(rest[1]));
  else {
    idle.add(res);
    res.on("close", () => idle.delete(res));
  }
};

function burst(name: CorpusName, count: number): Uint8Array {
  const key = `${name} ${count}`;
  const bytes = bursts.get(key) ?? corpus(name, count).bytes;
  bursts.set(key, bytes);
  return bytes;
}

function pace(res: ServerResponse, perSecond: number, seconds: number): void {
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(Math.floor(((performance.now() - start) / 1_000) * perSecond), perSecond * seconds);
    const values = Array.from({ length: due - sent }, () => '" token"');
    // One record a batch, as a live reader gets them.
    res.write(v2(values, 1, Math.random, sent));
    sent = due;
    if (sent >= perSecond * seconds) clearInterval(timer);
  }, 10);
  res.on("close", () => clearInterval(timer));
}
