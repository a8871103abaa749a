// The demo's page with a browser in front of it instead of a person: `npm run demo -- --once`.
import { mkdirSync, statSync } from "node:fs";
import { dirname, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { launchOptions } from "./browser.mjs";
import { root, Stop } from "./lib.mjs";

/** How long to wait for anything. The whole answer takes about ten seconds. */
const PATIENCE_MS = 60_000;
/** How many parts are to be there before the connection is cut. */
const BEFORE_CUT = 60;

/**
 * Opens the page, cuts the connection once, waits for the whole text, compares it with what the server holds, and says so
 * or throws what is wrong. Without the dev server there is nothing to cut and nothing to compare with: it only waits.
 */
export async function watch(address, devServer) {
  await withPage({ viewport: { width: 1200, height: 900 } }, async (page) => {
    const problems = problemsOf(page);
    await page.addInitScript(noteBackwardSteps);
    await page.goto(address);
    if (devServer) {
      await untilParts(page, BEFORE_CUT);
      await cut(page, { repeated: true });
      await until(page, "the whole text", () => document.querySelector("[data-note=complete]") !== null);
      await until(page, "the whole progress", () => document.querySelector("progress").value === 100);
    } else {
      const isOver = () =>
        document.querySelector("[data-note=complete], [data-note=cancelled], .pill[data-status=ended]") !== null;
      await until(page, "the end of the stream", isOver);
    }
    const shown = await read(page);
    const readers = devServer?.connections.filter((one) => one.runId === shown.run && one.streamKey === "ai");
    if (devServer) problems.push(...compare(shown, devServer.records(shown.run, "ai"), readers));
    if (shown.parts === 0) problems.push("no part arrived");
    if (shown.backwardSteps > 0) problems.push(`the text was taken back ${shown.backwardSteps} times`);
    if (shown.gaps > 0) problems.push(`${shown.gaps} gaps in the numbering`);
    if (problems.length > 0) throw new Stop(`demo failed:\n  ${problems.join("\n  ")}`);
    // The page may not have shown a reconnection that took a moment; the server saw it.
    const reconnects = readers ? readers.length - 1 : shown.reconnects;
    console.log(`demo ok: ${shown.parts} parts, ${reconnects} reconnects`);
  });
}

/** The page after two cuts, with the text still coming. */
export async function screenshot(address, path) {
  await withPage({ viewport: { width: 1160, height: 880 }, colorScheme: "light" }, async (page) => {
    await page.goto(address);
    await untilParts(page, 80);
    await cut(page, { repeated: true });
    await untilParts(page, 190);
    await cut(page, { repeated: true });
    await untilParts(page, 285);
    await until(page, "the status live", () => document.querySelector(".pill[data-status=live]") !== null);
    mkdirSync(dirname(path), { recursive: true });
    await page.screenshot({ path, fullPage: true, animations: "disabled" });
  });
  console.log(`${relative(root, path)}: ${Math.ceil(statSync(path).size / 1024)} KB`);
}

async function withPage(options, work) {
  const { chromium } = await import("playwright-core");
  const browser = await chromium.launch(launchOptions());
  try {
    await work(await browser.newPage(options));
  } finally {
    await browser.close();
  }
}

/** What the page complains about, as it happens. A reset connection is what was asked for, and the browser reports it. */
function problemsOf(page) {
  const problems = [];
  page.on("pageerror", (error) => problems.push(`the page threw: ${error.stack}`));
  page.on("console", (message) => {
    const isCut = message.text().startsWith("Failed to load resource: net::ERR_") && isStream(message.location().url);
    if (message.type() === "error" && !isCut) problems.push(`the page's console says: ${message.text()}`);
  });
  return problems;
}

const isStream = (url) => url.includes("/realtime/v1/streams/");

async function cut(page, { repeated }) {
  await page.getByRole("checkbox").setChecked(repeated);
  await page.getByRole("button", { name: "Cut the connection" }).click();
}

function untilParts(page, count) {
  const hasParts = (count) => Number(document.querySelector('[data-figure="Parts"]')?.textContent) >= count;
  return until(page, `${count} parts`, hasParts, count);
}

async function until(page, what, condition, argument) {
  for (const start = performance.now(); !(await page.evaluate(condition, argument)); await sleep(50)) {
    const problem = await page.evaluate(() => document.querySelector(".banner")?.innerText);
    if (problem) throw new Stop(`demo failed while waiting for ${what}:\n  ${problem.replace(/\s+/g, " ")}`);
    if (performance.now() - start < PATIENCE_MS) continue;
    const text = await page.evaluate(() => document.body.innerText);
    throw new Stop(`demo failed: waited ${PATIENCE_MS / 1_000} s for ${what}; the page says:\n\n${text}`);
  }
}

/** In the page: counts how often the text became something else than a continuation of itself. */
function noteBackwardSteps() {
  let last = "";
  window.backwardSteps = 0;
  new MutationObserver(() => {
    const text = document.querySelector(".answer")?.textContent ?? "";
    if (!text.startsWith(last)) window.backwardSteps += 1;
    last = text;
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

function read(page) {
  return page.evaluate(() => {
    const figure = (name) => Number(document.querySelector(`[data-figure="${name}"]`).textContent);
    return {
      run: document.querySelector("[data-run]").dataset.run,
      text: document.querySelector(".answer").textContent,
      backwardSteps: window.backwardSteps,
      parts: figure("Parts"),
      reconnects: figure("Reconnects"),
      duplicates: figure("Duplicates dropped"),
      gaps: figure("Gaps"),
    };
  });
}

/** What is wrong with the page, seen from the server: what it holds, and who read it. */
function compare(shown, records, readers) {
  const sent = records.map(({ body }) => JSON.parse(body).data);
  const text = sent.map((part) => (part.type === "text-delta" ? part.delta : "")).join("");
  const cutMidway = readers.filter(({ closedBy, recordsWritten }) => closedBy === "fault" && recordsWritten > 0);
  const problems = [];
  const expect = (isRight, problem) => isRight || problems.push(problem);
  expect(shown.text === text, `the text differs from what was sent ${difference(shown.text, text)}`);
  expect(shown.parts === sent.length, `${shown.parts} parts are shown, ${sent.length} were sent`);
  expect(cutMidway.length > 0 && readers.length > 1, "no connection was cut and made again");
  expect(shown.duplicates > 0, "the parts that were sent again did not reach the page");
  return problems;
}

function difference(shown, sent) {
  let at = 0;
  while (at < shown.length && shown[at] === sent[at]) at++;
  const piece = (text) => JSON.stringify(text.slice(at, at + 40));
  return `at character ${at}: ${piece(shown)} instead of ${piece(sent)}`;
}
