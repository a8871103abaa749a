import { readFileSync } from "node:fs";
import { type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { afterEach } from "vitest";
import { type DevServer, type DevServerOptions, startDevServer } from "../../js/dev-server/server.ts";

const servers: DevServer[] = [];

/** A server on a free port that goes with the test. */
export async function serve(options: DevServerOptions = {}): Promise<DevServer> {
  const server = await startDevServer({ port: 0, ...options });
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

export interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** One request with exactly these headers; a body that is a string is sent with its length. */
export function send(
  server: DevServer,
  method: string,
  path: string,
  options: { headers?: OutgoingHttpHeaders; body?: string; key?: string | null; chunked?: boolean } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers: OutgoingHttpHeaders = { ...options.headers };
    if (options.key !== null) headers.authorization = `Bearer ${options.key ?? server.secretKey}`;
    if (options.chunked) headers["transfer-encoding"] = "chunked";
    else if (options.body !== undefined) headers["content-length"] = Buffer.byteLength(options.body);
    const req = request(server.url + path, { method, headers, agent: false }, (res) => {
      let body = "";
      res.setEncoding("utf8");
      res.on("data", (text: string) => {
        body += text;
      });
      res.on("end", () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }));
      res.on("error", reject);
    });
    req.on("error", reject);
    req.end(options.body);
  });
}

/** An event stream being read. */
export interface Reader {
  status: number;
  headers: IncomingMessage["headers"];
  /** What came so far. */
  readonly text: string;
  /** Resolves once the text contains this. */
  until(text: string): Promise<string>;
  /** Resolves when it is over: "end" if properly, else the error's code. */
  over: Promise<string>;
  close(): void;
}

export function read(
  server: DevServer,
  path: string,
  headers: OutgoingHttpHeaders = {},
  key: string | null = server.secretKey,
): Promise<Reader> {
  return new Promise((resolve, reject) => {
    const all: OutgoingHttpHeaders = { accept: "text/event-stream", ...headers };
    if (key !== null) all.authorization = `Bearer ${key}`;
    const req = request(server.url + path, { headers: all, agent: false }, (res) => {
      let text = "";
      let checks: (() => void)[] = [];
      res.setEncoding("utf8");
      res.on("data", (more: string) => {
        text += more;
        for (const check of checks) check();
      });
      const over = new Promise<string>((done) => {
        res.on("end", () => done("end"));
        res.on("error", (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
      });
      resolve({
        status: res.statusCode ?? 0,
        headers: res.headers,
        get text() {
          return text;
        },
        until(wanted) {
          return new Promise((found, failed) => {
            const check = () => {
              if (!text.includes(wanted)) return;
              checks = checks.filter((other) => other !== check);
              found(text);
            };
            checks.push(check);
            check();
            void over.then((how) => failed(new Error(`Over (${how}) without ${JSON.stringify(wanted)}: ${text}`)));
          });
        },
        over,
        close: () => req.destroy(),
      });
    });
    req.on("error", reject);
    req.end();
  });
}

/** The whole body of a stream that ends properly. */
export async function readAll(server: DevServer, path: string, headers: OutgoingHttpHeaders = {}): Promise<string> {
  const reader = await read(server, path, headers);
  const how = await reader.over;
  if (how !== "end") throw new Error(`Broke off: ${how}`);
  return reader.text;
}

/** The records of all batches in a body. Not by ".", which stops at U+2028. */
export function recordsIn(body: string): { seq_num: number; timestamp: number; headers?: string[][]; body?: string }[] {
  return [...body.matchAll(/event: batch\n[^\n]*\ndata: ([^\n]*)\n\n/g)].flatMap(
    (match) => JSON.parse(match[1] ?? "").records,
  );
}

/** The values of all parts in a body. */
export function valuesIn(body: string): unknown[] {
  return recordsIn(body).map((record) => JSON.parse(record.body ?? "{}").data);
}

/** A raw answer of a real server: its status, its headers in order, its body without the chunk sizes. */
export function capture(name: string): { status: number; headers: [string, string][]; body: string } {
  const raw = readFileSync(new URL(`../fixtures/captures/${name}`, import.meta.url), "utf8");
  const [head = "", ...rest] = raw.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const [, header = "", value = ""] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    return [header.toLowerCase(), value];
  });
  const chunked = headers.some(([header, value]) => header === "transfer-encoding" && value === "chunked");
  const body = rest.join("\r\n\r\n");
  return { status: Number(first.split(" ")[1]), headers, body: chunked ? unchunk(body) : body };
}

function unchunk(body: string): string {
  let bytes = Buffer.from(body);
  let text = "";
  for (;;) {
    const end = bytes.indexOf("\r\n");
    const size = Number.parseInt(bytes.subarray(0, end).toString(), 16);
    if (end < 0 || !size) return text;
    text += bytes.subarray(end + 2, end + 2 + size).toString();
    bytes = bytes.subarray(end + 2 + size + 2);
  }
}
