// Everything the build and the tests need, from a machine with Rust, Node and npm. Does nothing when there is nothing to do.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromedriver, chromium } from "./browser.mjs";
import { cache, capture, files, hash, root, run, Stop, script, timed, toolsBin, which, withLock } from "./lib.mjs";

const TARGET = "wasm32-unknown-unknown";
const TOOLS = ["wasm-bindgen", "wasm-bindgen-test-runner", "wasm-pack", "zopfli"];

/**
 * @param {{ browser?: boolean, valgrind?: boolean }} [options] `browser`: also what the browser tests need. `valgrind`: also
 * what counts instructions, where it can be installed. Both are false if not given.
 */
export async function setup({ browser = false, valgrind = false } = {}) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new Stop(`Node 20.19 or later is needed; this is ${process.version}.`);
  if (!which("cargo"))
    throw new Stop("Rust is missing: install it with rustup (https://rustup.rs), then run this again.");

  const steps = [
    { label: "npm ci", isDone: hasNodeModules, work: npmCi },
    { label: `rustup target add ${TARGET}`, isDone: hasWasmTarget, work: addWasmTarget },
    { label: "compile wasm-bindgen and wasm-pack (once, about two minutes)", isDone: hasTools, work: compileTools },
  ];
  if (browser) steps.unshift({ label: "install Chromium", isDone: hasBrowser, work: installBrowser });
  // The commands of the documents are run as they are.
  if (browser && canInstall()) steps.push({ label: "install curl", isDone: hasCurl, work: () => install("curl") });
  if (valgrind && canInstall()) steps.push({ label: "install valgrind", isDone: hasValgrind, work: installValgrind });

  if (steps.every((step) => step.isDone())) return;
  await withLock("setup", async () => {
    for (const { label, isDone, work } of steps) if (!isDone()) await timed(label, work);
  });
}

const hasBrowser = () => Boolean(chromium() && chromedriver());

async function installBrowser() {
  const wayOut = "Install Chromium and its chromedriver, or say where they are with CHROMIUM=path CHROMEDRIVER=path.";
  if (!canInstall()) throw new Stop(`The browser tests need Chromium. ${wayOut}`);
  await install("chromium", "chromium-driver");
  if (!hasBrowser()) throw new Stop(`apt-get succeeded, and there is still no chromium or chromedriver. ${wayOut}`);
}

const hasCurl = () => Boolean(which("curl"));

const hasValgrind = () => Boolean(which("valgrind"));

/** The gate does without it, and says so. */
const installValgrind = () => install("valgrind").catch(({ message }) => console.error(message));

const canInstall = () => process.getuid?.() === 0 && Boolean(which("apt-get"));

async function install(...packages) {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const apt = ["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"];
  await run("apt-get", [...apt, "update"], { env });
  await run("apt-get", [...apt, "install", "-y", "--no-install-recommends", ...packages], { env });
}

/** npm writes what it installed to a lockfile of its own, last: the two agree, or the install is stale or broken. */
function hasNodeModules() {
  const installed = packages("node_modules/.package-lock.json");
  if (!installed) return false;
  const wanted = packages("package-lock.json");
  return (
    Object.entries(installed).every(([path, { version }]) => wanted[path]?.version === version) &&
    Object.entries(wanted).every(([path, { optional, peer }]) => path === "" || optional || peer || installed[path])
  );
}

function packages(lockfile) {
  try {
    return JSON.parse(readFileSync(join(root, lockfile), "utf8")).packages;
  } catch {
    return undefined;
  }
}

const npmCi = () => run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);

function hasWasmTarget() {
  const sysroot = capture("rustc", ["--print", "sysroot"]);
  return sysroot !== undefined && existsSync(join(sysroot, "lib", "rustlib", TARGET, "lib"));
}

async function addWasmTarget() {
  if (!which("rustup")) throw new Stop(`This Rust lacks the target ${TARGET}, and there is no rustup to add it.`);
  await run("rustup", ["target", "add", TARGET]);
}

const stamp = join(toolsBin, "stamp");
const toolsHash = () => hash(files("scripts/tools"));
const hasTools = () =>
  [stamp, ...TOOLS.map((tool) => join(toolsBin, tool))].every((path) => existsSync(path)) &&
  readFileSync(stamp, "utf8") === toolsHash();

/** Kept: the three programs (60 MB). Not kept: the build tree (700 MB). */
async function compileTools() {
  const tree = join(cache, "tools-build");
  const manifest = join("scripts", "tools", "Cargo.toml");
  const env = { CARGO_FUTURE_INCOMPAT_REPORT_FREQUENCY: "never" };
  await run("cargo", ["build", "--locked", "--manifest-path", manifest, "--target-dir", tree], { env });
  mkdirSync(toolsBin, { recursive: true });
  for (const tool of TOOLS) copyFileSync(join(tree, "debug", tool), join(toolsBin, tool));
  rmSync(tree, { recursive: true, force: true });
  writeFileSync(stamp, toolsHash());
}

script(import.meta.url, () => setup({ browser: true }));
