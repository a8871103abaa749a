// A base URL with a path, as behind a proxy that serves other things, too: every request goes below it, as the official client's do.
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { auth, streams, withRun } from "runstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";

const PATH = "/trigger/api";
let server: DevServer;
let proxy: Server;
let client: { baseURL: string; accessToken: string };
/** What was asked of the proxy, and is not below the path. */
const astray: string[] = [];

beforeAll(async () => {
  server = await startDevServer({ port: 0 });
  proxy = createServer((req, res) => {
    const { url = "", method, headers } = req;
    if (!url.startsWith(`${PATH}/`) || url.startsWith(`${PATH}//`)) {
      astray.push(url);
      return res.writeHead(404).end();
    }
    const onward = request(server.url + url.slice(PATH.length), { method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.on("error", () => res.destroy());
    req.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  client = { baseURL: `http://127.0.0.1:${port}${PATH}`, accessToken: server.secretKey };
});
afterAll(async () => {
  await server.close();
  proxy.closeAllConnections();
  proxy.close();
});

test.each(["v2", "v1"] as const)("every request of a %s run goes below the path", async (version) => {
  const { id } = server.createRun({ version });
  const scopes = { read: { runs: [id] }, write: { inputStreams: [id] } };
  const page = { ...client, accessToken: await auth.createPublicToken({ ...client, scopes }) };
  const approval = streams.input<string>({ id: "approval" });
  const received = await withRun({ id, ...client }, async () => {
    await streams.pipe("chat", ["a", "b"]).waitUntilComplete();
    await streams.append("chat", "c");
    await approval.send(id, "first", page);
    const first = await approval.once().unwrap();
    const wait = approval.wait({ timeout: "30s" }).unwrap();
    await approval.send(id, "second", page);
    return [first, await wait];
  });
  expect(received).toEqual(["first", "second"]);
  const parts: string[] = [];
  // With a slash at the end as well.
  const options = { ...page, baseURL: `${page.baseURL}/`, timeoutInSeconds: 1 };
  for await (const part of await streams.read<string>(id, "chat", options)) parts.push(part);
  expect(parts).toEqual(["a", "b", "c"]);
  expect(astray).toEqual([]);
});

test.each(["?tenant=1", "#top"])("a base URL that ends in %s is refused: nothing can go below it", async (end) => {
  const options = { ...client, baseURL: client.baseURL + end };
  const refusal = { code: "invalid-argument", message: expect.stringContaining(end) };
  const read = await streams.read("run_1", "chat", options);
  await expect(read.getReader().read()).rejects.toMatchObject(refusal);
  await expect(streams.append("chat", "a", { ...options, target: "run_1" })).rejects.toMatchObject(refusal);
  await expect(streams.input({ id: "a" }).send("run_1", "a", options)).rejects.toMatchObject(refusal);
});
