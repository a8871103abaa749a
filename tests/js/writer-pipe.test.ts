// Writing against the dev server, whose records go to its look-alike of S2.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { appendTo } from "../../js/append.ts";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";
import { pipeTo, writeTo } from "../../js/pipe.ts";
import { readStream } from "../../js/read.ts";

let server: DevServer;
let runId: string;
const target = (key = "chat") => ({ client: { baseURL: server.url, accessToken: server.secretKey }, runId, key });

beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  runId = server.createRun().id;
});
afterEach(() => server.close());

async function stored<T>(count: number, key = "chat"): Promise<T[]> {
  const all: T[] = [];
  for await (const part of readStream<T>(runId, key, { ...target().client, timeoutInSeconds: 1 })) {
    all.push(part);
    if (all.length === count) break;
  }
  return all;
}

async function* delayed<T>(parts: T[]) {
  for (const part of parts) yield await Promise.resolve(part);
}

describe("pipe", () => {
  test("writes every part, and says where the last one is", async () => {
    const { waitUntilComplete } = pipeTo(target(), delayed(["a", { b: 1 }, null, 0, "", false, "🎉"]));
    expect(await waitUntilComplete()).toEqual({ lastEventId: "6" });
    expect(await stored(7)).toEqual(["a", { b: 1 }, null, 0, "", false, "🎉"]);
  });
  test("append", async () => {
    const results = await Promise.all([1, 2, 3].map((n) => appendTo(target(), n)));
    expect(results).toEqual([{ lastEventId: "0" }, { lastEventId: "1" }, { lastEventId: "2" }]);
    expect(await stored(3)).toEqual([1, 2, 3]);
  });
  test("writer", async () => {
    const { stream, waitUntilComplete } = writeTo<string>(target(), {
      execute: async ({ write, merge }) => {
        write("a");
        merge(delayed(["c", "d"]));
        write("b");
      },
    });
    expect(await new Response(stream).text()).toBe("abcd");
    expect(await waitUntilComplete()).toEqual({ lastEventId: "3" });
  });
});
