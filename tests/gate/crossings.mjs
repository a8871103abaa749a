// How often the boundary of the wasm is crossed, either way, while it reads: `node crossings.mjs FILE v1|v2`.
// The clock goes on by a millisecond a read, so what is counted is the same each time.
import { readFileSync } from "node:fs";

const READ_BYTES = 4_096;
const MS_A_FLUSH = 16;
const READS = 32;

const [file, version] = process.argv.slice(2);
const bytes = readFileSync(file);
let crossings = 0;
let clock = 1_795_400_000_000;
const timers = new Map();

const page = {
  now: () => clock,
  setTimeout: (callback, ms) => timers.set(timers.size + 1, { due: clock + ms, callback }).size,
  clearTimeout: (id) => timers.set(id, undefined),
};

function tick() {
  clock += 1;
  for (const [id, timer] of timers) {
    if (timer === undefined || timer.due > clock) continue;
    timers.set(id, undefined);
    timer.callback();
  }
}

/** The same functions, each call of which is counted. Memory and tables stay what they are. */
const counted = (names) =>
  Object.fromEntries(
    Object.entries(names).map(([name, value]) => [
      name,
      typeof value !== "function"
        ? value
        : (...args) => {
            crossings += 1;
            return value(...args);
          },
    ]),
  );

const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (module, imports) => {
  const from = Object.entries(imports).map(([name, functions]) => [name, counted(functions)]);
  const { exports } = await instantiate(module, Object.fromEntries(from));
  return { exports: counted(exports) };
};

const generated = new URL("../../js/generated/", import.meta.url);
const { default: init, open } = await import(new URL("runstream.js", generated));
await init(await WebAssembly.compile(readFileSync(new URL("runstream_bg.wasm", generated))), page);

/** What a read costs, and what is delivered, once the stream runs: the second half of the reads. */
function read(deliverInterval) {
  return new Promise((resolve, reject) => {
    let [pulls, flushes, before] = [0, 0, undefined];
    const pull = (controller) => {
      tick();
      pulls += 1;
      if (pulls === READS + 1) before = { crossings, flushes };
      if (pulls === 2 * READS + 1) {
        resolve({ crossings: crossings - before.crossings, flushes: flushes - before.flushes });
        handle.free();
        return;
      }
      const at = (pulls - 1) * READ_BYTES;
      if (at + READ_BYTES > bytes.length) reject(new Error(`${file} is too short`));
      else controller.enqueue(new Uint8Array(bytes.subarray(at, at + READ_BYTES)));
    };
    const headers = { "content-type": "text/event-stream", "x-stream-version": version };
    const fetch = async () => new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers });
    const config = { url: "http://127.0.0.1/", headers: {}, timeoutInSeconds: 60, deliverInterval, seed: 1, fetch };
    const host = {
      token: async () => "token",
      deliver() {
        flushes += 1;
      },
      status([kind, , error]) {
        if (kind === "failed") reject(new Error(String(error)));
      },
    };
    const handle = open(config, host);
  });
}

const never = await read(1e9);
const [atOnce, later] = [await read(0), await read(MS_A_FLUSH)];
if (never.flushes > 0 || atOnce.flushes !== READS || later.flushes !== READS / MS_A_FLUSH)
  throw new Error(`delivered ${[never, atOnce, later].map(({ flushes }) => flushes)} times in ${READS} reads`);
const perFlush = ({ crossings, flushes }) => (crossings - never.crossings) / flushes;
console.log(
  JSON.stringify({
    "per read": never.crossings / READS,
    "per flush, at once": perFlush(atOnce),
    "per flush, with its timers": perFlush(later),
  }),
);
