// Between a writer and S2: counts what appends there are on the wire, over HTTP/1.1 and over HTTP/2 without TLS.

import {
  createServer as createServer1,
  type IncomingMessage,
  request as request1,
  type ServerResponse,
} from "node:http";
import {
  type ClientHttp2Session,
  connect as connect2,
  createServer as createServer2,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** Appends, which are one batch each, and the requests and bytes of bodies that they came in. */
export type Wire = { batches: number; requests: number; bytes: number };

export async function countingProxy(upstream: string) {
  const counted: Wire = { batches: 0, requests: 0, bytes: 0 };
  const one = createServer1((req, res) => pass1(upstream, counted, req, res));
  const sessions = new Set<ClientHttp2Session>();
  const two = createServer2();
  two.on("session", (session) => {
    const up = connect2(upstream);
    sessions.add(up);
    up.on("error", () => session.destroy());
    session.on("close", () => up.destroy());
    session.on("stream", (stream, headers) => pass2(up, counted, stream, headers));
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    // HTTP/2 begins with "PRI", which is no method of HTTP/1.1.
    socket.once("readable", () => {
      const first: Buffer | null = socket.read();
      if (!first) return;
      socket.unshift(first);
      (first[0] === 0x50 && first[1] === 0x52 ? two : one).emit("connection", socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counted,
    close() {
      for (const socket of sockets) socket.destroy();
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

/** One append is one request. */
function pass1(upstream: string, counted: Wire, req: IncomingMessage, res: ServerResponse): void {
  const { method, headers } = req;
  if (method === "POST") {
    counted.batches++;
    counted.requests++;
    req.on("data", (bytes: Buffer) => {
      counted.bytes += bytes.length;
    });
  }
  const up = request1(new URL(req.url ?? "/", upstream), { method, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  up.on("error", () => res.destroy());
  req.pipe(up);
}

/** A session is one request, and has an append in each of its messages: three bytes of length, then so many bytes. */
function pass2(up: ClientHttp2Session, counted: Wire, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  counted.requests++;
  let rest = Buffer.alloc(0);
  stream.on("data", (bytes: Buffer) => {
    counted.bytes += bytes.length;
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 3 && rest.length >= 3 + rest.readUIntBE(0, 3)) {
      counted.batches++;
      rest = rest.subarray(3 + rest.readUIntBE(0, 3));
    }
  });
  const answer = up.request(headers);
  answer.on("response", ({ ":status": status, ...rest }) => {
    const given = Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith(":")));
    stream.respond({ ":status": status, ...given });
    answer.pipe(stream);
  });
  answer.on("error", () => stream.destroy());
  stream.on("error", () => answer.destroy());
  stream.pipe(answer);
}
