// Writes the seeds of the byte targets from tests/fixtures: `node tests/fuzz/seeds.mjs`. Small, and few: the fuzzer
// finds its way from there. Those of `script` have no source but the fuzzer: `--script` takes the smallest of what it
// found so far, and is only needed when the steps of a script changed.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const read = (name) => JSON.parse(readFileSync(path(`../fixtures/${name}.json`), "utf8"));
const { vectors, malformed } = read("wire");

/** Cut after 7, 1 and 60 bytes, over and over: see `Cuts` in src/lib.rs. */
const cuts = Buffer.from([3, 7, 1, 60]);
const events = read("sse").map(({ input, inputBase64 }) =>
  Buffer.from(inputBase64 ?? input, inputBase64 ? "base64" : "utf8"),
);
const bodies = vectors.map(({ body }) => Buffer.from(body));
const batches = bodies.flatMap((body) =>
  [...body.toString().matchAll(/^data: (\{.*)$/gm)].map(([, data]) => Buffer.from(data)),
);
const bad = malformed.map(({ data }) => Buffer.from(data));

// Those of `diff` are the same.
write(
  "sse",
  [...events, ...bodies].map((body) => Buffer.concat([cuts, body])),
  80,
);
write(
  "batch",
  [...batches, ...bad].map((data) => Buffer.concat([Buffer.from([0]), data])),
  160,
);
if (process.argv.includes("--script")) {
  const found = path("../../.cache/fuzz/corpus/script/");
  write(
    "script",
    readdirSync(found).map((name) => readFileSync(join(found, name))),
    128,
  );
}

/** One file for each, named by its hash as the fuzzer names what it finds. Longer ones are left out. */
function write(target, seeds, longest, most = 60) {
  const dir = path(`seeds/${target}/`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const short = seeds.filter((seed) => seed.length <= longest);
  // Every so many, so that few of them still cover all kinds.
  const step = Math.max(1, short.length / most);
  for (let at = 0; at < short.length; at += step) {
    const seed = short[Math.floor(at)];
    writeFileSync(join(dir, createHash("sha1").update(seed).digest("hex")), seed);
  }
}
