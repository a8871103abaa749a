import { describe, expect, it } from "vitest";
import { capture, read, readAll, recordsIn, send, serve, valuesIn } from "./dev-server-http.ts";

/** What differs from one run to the next: times, and ids the server makes up. */
function normal(body: string): string {
  return body.replace(/"timestamp":\d+/g, '"timestamp":0').replace(/inp_[0-9a-f]{12}/g, "inp_");
}

/** Headers that carry the contract: not the date, nor what differs by environment. */
function telling(headers: [string, string][]): [string, string][] {
  return headers.filter(([name]) => name !== "date");
}

describe("a v2 read, against the answers of the real gateway", () => {
  it("answers what trigger-v2-read.sse holds, header by header and byte by byte", async () => {
    const server = await serve({ secondMs: 50 });
    server.createRun({ id: "run_1" });
    server.append("run_1", "chat", '{"a":1}', { partId: "d83Qq26" });
    server.append("run_1", "chat", "plain text", { partId: "my-part" });
    const reader = await read(server, "/realtime/v1/streams/run_1/chat", {
      origin: "https://app.example",
      "timeout-seconds": "1",
      connection: "keep-alive",
    });
    await reader.over;
    const real = capture("trigger-v2-read.sse");
    expect(reader.status).toBe(real.status);
    expect(normal(reader.text)).toBe(normal(real.body));
    expect(
      Object.entries(reader.headers)
        .filter(([name]) => name !== "date")
        .sort(),
    ).toEqual(telling(real.headers).sort());
  });

  it.each([
    ["trigger-v2-read-empty-browser.sse", undefined, 0],
    ["trigger-v2-read-lasteventid-999.sse", "999", 2],
    ["trigger-v2-read-lasteventid-triple-REPLAYS.sse", "1,2,87", 2],
  ])("answers what %s holds", async (name, lastEventId, stored) => {
    const server = await serve({ secondMs: 20 });
    server.createRun({ id: "run_1" });
    const parts = [["d83Qq26", '{"a":1}'] as const, ["my-part", "plain text"] as const].slice(0, stored);
    for (const [partId, value] of parts) server.append("run_1", "chat", value, { partId });
    const headers = { "timeout-seconds": "1", ...(lastEventId && { "last-event-id": lastEventId }) };
    expect(normal(await readAll(server, "/realtime/v1/streams/run_1/chat", headers))).toBe(normal(capture(name).body));
  });

  it("answers what trigger-v2-input-read.sse holds, after the same sends", async () => {
    const server = await serve({ secondMs: 20 });
    server.createRun({ id: "run_1" });
    for (const body of ['{"data":{"approved":true,"r":"ünï🎉"}}', '{"data":"str"}', "{}"]) {
      await send(server, "POST", "/realtime/v1/streams/run_1/input/approval", { body });
    }
    const body = await readAll(server, "/realtime/v1/streams/run_1/input/approval", { "timeout-seconds": "1" });
    expect(normal(body)).toBe(normal(capture("trigger-v2-input-read.sse").body));
  });
});
