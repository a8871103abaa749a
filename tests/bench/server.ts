// Streams for the pages of the benchmark, in another process's time: `burst-<corpus>-<parts>` comes at once,
// `sized-<bytes>-<parts>` does so with parts of that size, `paced-<parts a second>-<seconds>` comes in steps of 10 ms.
// `held-<corpus>-<parts>` comes at once and stays open to be written to, `idle` has nothing but pings.
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type CorpusName, corpus, v2 } from "./corpora.ts";

/** The answers that can be written to, the last one last. */
export const held = new Set<ServerResponse>();

/** The time as the parts of a timed stream have it: milliseconds since 1970, with a fraction. */
export const clock = () => performance.timeOrigin + performance.now();

/** Records that begin at this position, one a batch, as a reader at the tail gets them. */
export const live = (values: string[], from: number) => v2(values, 1, Math.random, from);

const head = {
  "content-type": "text/event-stream",
  "x-stream-version": "v2",
  "cache-control": "no-store",
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "*",
};

export const serveStreams: RequestListener = (req, res) => {
  const run = /\/realtime\/v1\/streams\/([^/]+)\//.exec(req.url ?? "")?.[1];
  if (run === undefined) return void res.writeHead(404).end();
  if (req.method === "OPTIONS") {
    const asked = req.headers["access-control-request-headers"] ?? "";
    return void res.writeHead(204, { ...head, "access-control-allow-headers": asked }).end();
  }
  if (run === "clock") return void res.end(String(clock()));
  res.writeHead(200, head);
  res.flushHeaders();
  const [kind, a = "", b = ""] = run.split("-");
  if (kind === "burst" || kind === "held") res.write(bytesOf(run, () => corpus(a as CorpusName, Number(b)).bytes));
  if (kind === "sized") res.write(bytesOf(run, () => sized(Number(a), Number(b))));
  if (kind === "paced") pace(res, Number(a), Number(b), 0);
  if (kind === "idle") ping(res);
  if (kind !== "held" && kind !== "idle") return;
  held.add(res);
  res.on("close", () => held.delete(res));
};

/** The same on so many origins: Chromium opens six connections to each over HTTP/1.1. */
export async function serveOrigins(count: number): Promise<{ origins: string[]; close(): void }> {
  const servers = Array.from({ length: count }, () => createServer(serveStreams));
  const listening = (server: (typeof servers)[number]) =>
    new Promise<string>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
    );
  return {
    origins: await Promise.all(servers.map(listening)),
    close() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/** Writes parts in steps of 10 ms, from this position on. */
export function pace(res: ServerResponse, perSecond: number, seconds: number, from: number): void {
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(Math.floor(((performance.now() - start) / 1_000) * perSecond), perSecond * seconds);
    res.write(
      live(
        Array.from({ length: due - sent }, () => '" token"'),
        from + sent,
      ),
    );
    sent = due;
    if (sent >= perSecond * seconds) clearInterval(timer);
  }, 10);
  res.on("close", () => clearInterval(timer));
}

/** At once, then every 5 to 15 s, as the service does. */
function ping(res: ServerResponse): void {
  if (res.destroyed) return;
  const now = Date.now();
  res.write(`event: ping\ndata: {"timestamp":${now},"tail":{"seq_num":0,"timestamp":${now}}}\n\n`);
  setTimeout(ping, 5_000 + 10_000 * Math.random(), res).unref();
}

const made = new Map<string, Uint8Array>();

function bytesOf(run: string, make: () => Uint8Array): Uint8Array {
  const name = run.replace(/^held/, "burst");
  const bytes = made.get(name) ?? make();
  made.set(name, bytes);
  return bytes;
}

/** At most 50 records and 64 KiB a batch. */
function sized(size: number, count: number): Uint8Array {
  const text = "The quick brown fox jumps over the lazy dog, and says so. ";
  const value = JSON.stringify(text.repeat(Math.ceil(size / text.length)).slice(0, size - 2));
  const perBatch = Math.max(1, Math.min(50, Math.floor(65_536 / size)));
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const values = Array.from({ length: count }, () => value);
  return new TextEncoder().encode(v2(values, perBatch, random));
}
