// Row 29: what real servers answered, replayed byte for byte to the hook in a real browser.
import { readdirSync, readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import expected from "../fixtures/captures.json" with { type: "json" };
import { openBrowser, type TestBrowser, until } from "./browser.ts";

type Capture = {
  skip?: string;
  input?: boolean;
  cut?: boolean;
  parts: Array<{ id: string; chunk: unknown; timestamp: number }>;
};

const folder = new URL("../fixtures/captures/", import.meta.url);
const captures = Object.entries(expected as unknown as Record<string, Capture>).filter(([, { skip }]) => !skip);

/** The head and the body of a captured answer, without its chunked framing. */
function answer(file: string) {
  const raw = readFileSync(new URL(file, folder));
  const end = raw.indexOf("\r\n\r\n");
  const [, ...lines] = raw.subarray(0, end).toString().split("\r\n");
  const headers = lines.map((line) => line.split(": ") as [string, string]);
  const chunked = headers.some(([name]) => name.toLowerCase() === "transfer-encoding");
  const own = headers.filter(([name]) => !/^(transfer-encoding|connection|keep-alive|strict-transport)/i.test(name));
  const body = raw.subarray(end + 4);
  return { headers: Object.fromEntries(own), chunks: chunked ? dechunk(body) : [body] };
}

function dechunk(body: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.subarray(at, lineEnd).toString(), 16);
    if (!size) break;
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return chunks;
}

const served = new Set<string>();
/** Each capture once; then there is nothing more to read. */
const serve: RequestListener = (req, res) => {
  const file = decodeURIComponent(req.url?.split("/")[4] ?? "");
  if (!captures.some(([name]) => name === file)) return void res.writeHead(404).end();
  if (served.has(file)) return void res.writeHead(204).end();
  served.add(file);
  const { headers, chunks } = answer(file);
  res.writeHead(200, headers);
  for (const chunk of chunks) res.write(chunk);
  res.end();
};

let browser: TestBrowser;
beforeAll(async () => {
  browser = await openBrowser("production", serve);
});
afterAll(() => browser.close());

test("every captured stream has its parts stated", () => {
  const streams = readdirSync(folder).filter((name) => name.endsWith(".sse"));
  expect(Object.keys(expected).sort()).toEqual(streams.sort());
});

test.each(captures.filter(([, { input }]) => !input))("row 29: %s", async (file, { parts }) => {
  const page = await browser.open();
  const options = { baseURL: browser.url, accessToken: "any", timeoutInSeconds: 1, detailed: true };
  await page.evaluate(([run, options]) => window.page.read("a", run, "any", options), [file, options] as const);
  const { detailed } = (await until(
    () => page.evaluate(() => window.page.state("a")),
    (state) => state?.status === "ended",
  )) as { detailed: Capture["parts"] };
  expect(detailed.map(({ id, chunk, timestamp }) => ({ id, chunk, timestamp }))).toEqual(
    parts.map(({ id, chunk, timestamp }) => ({ id, chunk, timestamp })),
  );
  await page.close();
});
