// What a timed test must not decide: how soon sockets close after an unmount, and whether reconnecting leaks.
// Prints a table and, last, one line of JSON.
import { startDevServer } from "../../js/dev-server/server.ts";
import { openBrowser, until } from "../e2e/browser.ts";

const ROUNDS = 9;
const RECONNECTS = 10_000;
const PARTS = 1_000_000;

type Spread = { median: number; min: number; max: number };

const spread = (values: number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] ?? 0, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
};

/** Milliseconds from the unmount of the only reader to the server's seeing its socket close. */
async function unmount(mode: "development" | "production"): Promise<Spread> {
  const browser = await openBrowser(mode);
  const server = await startDevServer({ port: 0 });
  const { id } = server.createRun();
  const options = { baseURL: server.url, accessToken: await server.token(id) };
  const page = await browser.open();
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await page.evaluate(([id, options]) => window.page.read("a", id, "chat", options), [id, options] as const);
    await until(
      () => page.evaluate(() => window.page.state("a")?.status),
      (status) => status === "live",
    );
    const left = await page.evaluate(() => {
      window.page.leave("a");
      return Date.now();
    });
    const last = await until(
      () => server.connections.at(-1),
      (connection) => connection?.closedAt !== undefined,
    );
    took.push(Number(last?.closedAt) - left);
  }
  await browser.close();
  await server.close();
  return spread(took);
}

/** The page's heap before and after so many reconnects of one subscription, in bytes, rubbish collected. */
async function reconnects(): Promise<{
  reconnects: number;
  heapBefore: number;
  heapAfter: number;
  wasmGrowth: number;
}> {
  const browser = await openBrowser("production");
  const page = await browser.open();
  const cdp = await page.context().newCDPSession(page);
  const heap = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    return (await cdp.send("Runtime.getHeapUsage")).usedSize;
  };
  await page.evaluate(() => window.page.reconnectForEver());
  const count = () => page.evaluate(() => window.page.reconnected());
  await until(count, (n) => n >= 500, 60_000);
  const [heapBefore, from, wasmBefore] = [
    await heap(),
    await count(),
    await page.evaluate(() => window.page.wasmBytes()),
  ];
  await until(count, (n) => n >= from + RECONNECTS, 600_000);
  const [heapAfter, to, wasmAfter] = [await heap(), await count(), await page.evaluate(() => window.page.wasmBytes())];
  await browser.close();
  return { reconnects: to - from, heapBefore, heapAfter, wasmGrowth: wasmAfter - wasmBefore };
}

/** The page's heap while a `reduce`r takes a million parts, in bytes, rubbish collected. */
async function fold(): Promise<{ parts: number; heapBefore: number; heapAfter: number; wasmGrowth: number }> {
  const browser = await openBrowser("production");
  const page = await browser.open();
  const cdp = await page.context().newCDPSession(page);
  const measure = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    const { usedSize } = await cdp.send("Runtime.getHeapUsage");
    return { heap: usedSize, wasm: await page.evaluate(() => window.page.wasmBytes()) };
  };
  await page.evaluate((total) => window.page.foldParts(total), PARTS);
  const count = () => page.evaluate(() => window.page.foldedParts());
  await until(count, (n) => n >= PARTS / 10, 60_000);
  const before = await measure();
  const parts = await until(count, (n) => n >= PARTS, 300_000);
  const after = await measure();
  await browser.close();
  return { parts, heapBefore: before.heap, heapAfter: after.heap, wasmGrowth: after.wasm - before.wasm };
}

const result = {
  unmountMs: { development: await unmount("development"), production: await unmount("production") },
  reconnects: await reconnects(),
  fold: await fold(),
};
for (const [mode, { median, min, max }] of Object.entries(result.unmountMs)) {
  console.log(`unmount to the last closed socket, ${mode}: ${median} ms (${min} to ${max}, ${ROUNDS} rounds)`);
}
const { heapBefore, heapAfter, wasmGrowth, reconnects: n } = result.reconnects;
console.log(`heap over ${n} reconnects: ${heapBefore} to ${heapAfter} bytes; wasm memory grew by ${wasmGrowth}`);
console.log(
  `heap over ${result.fold.parts} parts with reduce: ${result.fold.heapBefore} to ${result.fold.heapAfter} bytes; wasm memory grew by ${result.fold.wasmGrowth}`,
);
console.log(JSON.stringify(result));
