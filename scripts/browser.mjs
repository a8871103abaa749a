// The one Chromium that the tests drive, through WebDriver (wasm-pack) and through Playwright.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cache, which } from "./lib.mjs";

export const chromium = () =>
  process.env.CHROMIUM ?? which("chromium") ?? which("chromium-browser") ?? which("google-chrome");
export const chromedriver = () => process.env.CHROMEDRIVER ?? which("chromedriver");

/** `--no-sandbox` because Chromium refuses to start as root with it; the rest keeps it off the network. */
export const args = [
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Options for `chromium.launch` of playwright-core. */
export const launchOptions = () => ({ executablePath: chromium(), args });

/** Writes the capabilities file of wasm-bindgen-test-runner and returns its path. */
export function webdriverJson() {
  const path = join(cache, "webdriver.json");
  mkdirSync(cache, { recursive: true });
  writeFileSync(path, JSON.stringify({ "goog:chromeOptions": { args, binary: chromium() } }));
  return path;
}
