// Public access tokens, made here and taken by the dev server, which checks them with a library.
import { decodeJwt, decodeProtectedHeader } from "jose";
import { auth, configure, streams } from "runstream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";

let server: DevServer;
let runId: string;
let client: { baseURL: string; accessToken: string };

beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  runId = server.createRun().id;
  client = { baseURL: server.url, accessToken: server.secretKey };
});
afterEach(async () => {
  configure({});
  await server.close();
});

const collect = async <T>(parts: AsyncIterable<T>) => {
  const all: T[] = [];
  for await (const part of parts) all.push(part);
  return all;
};
const now = () => Math.floor(Date.now() / 1000);

describe("auth.createPublicToken", () => {
  test("says what the service looks for", async () => {
    const token = await auth.createPublicToken({
      ...client,
      scopes: { read: { runs: [runId], tags: "user:1" }, write: { inputStreams: [runId] } },
      realtime: { skipColumns: ["payload"] },
    });
    expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256" });
    const { iat, exp, ...claims } = decodeJwt(token);
    expect(claims).toEqual({
      sub: "env_dev",
      pub: true,
      iss: "https://id.trigger.dev",
      aud: "https://api.trigger.dev",
      scopes: [`read:runs:${runId}`, "read:tags:user:1", `write:inputStreams:${runId}`],
      realtime: { skipColumns: ["payload"] },
    });
    expect((exp ?? 0) - (iat ?? 0)).toBe(15 * 60);
  });

  test("lets its bearer do what its scopes say, and no more", async () => {
    auth.configure(client);
    server.append(runId, "chat", "hello");
    const reader = await auth.createPublicToken({ scopes: { read: { runs: runId } } });
    const asReader = { ...client, accessToken: reader };
    const [first] = await collect(await streams.read(runId, "chat", { ...asReader, timeoutInSeconds: 1 }));
    expect(first).toBe("hello");
    const input = streams.input({ id: "cancel" });
    await expect(input.send(runId, {}, asReader)).rejects.toMatchObject({ code: "unauthorized", status: 403 });
    const writer = await auth.createPublicToken({ scopes: { write: { inputStreams: runId } } });
    await input.send(runId, {}, { ...client, accessToken: writer });
  });

  test.each([
    ["2h", () => now() + 7_200],
    [new Date(Date.now() + 60_000), () => now() + 60],
    [now() + 90, () => now() + 90],
  ])("expires as told: %s", async (expirationTime, expected) => {
    const { exp } = decodeJwt(await auth.createPublicToken({ ...client, expirationTime }));
    expect(Math.abs((exp ?? 0) - expected())).toBeLessThan(5);
  });

  test("has the server sign for a key that cannot", async () => {
    const accessToken = `tr_dev_sk_${"a".repeat(24)}`;
    const asked: unknown[] = [];
    const fetch = async (request: Request) => {
      asked.push([new URL(request.url).pathname, await request.json()]);
      return Response.json({ token: "signed" });
    };
    const scopes = { read: { runs: ["run_1"] } };
    expect(await auth.createPublicToken({ ...client, accessToken, fetch, scopes, expirationTime: "1h" })).toBe(
      "signed",
    );
    expect(asked).toEqual([["/api/v1/auth/public-tokens", { scopes: ["read:runs:run_1"], expirationTime: "1h" }]]);
  });

  test("rejects with what is wrong", async () => {
    const make = (options: object) => auth.createPublicToken({ ...client, ...options });
    await expect(make({ scopes: { read: { runs: [""] } } })).rejects.toThrow(/scopes\.read\.runs holds ""/);
    await expect(make({ expirationTime: "soon" })).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(make({ accessToken: "wrong" })).rejects.toMatchObject({ code: "unauthorized", status: 401 });
    await expect(make({ baseURL: "http://127.0.0.1:1" })).rejects.toMatchObject({ code: "network" });
    await expect(auth.createPublicToken({ baseURL: server.url })).rejects.toMatchObject({ code: "not-ready" });
  });
});
