// The site as it is built, in Chromium. A dead link stops the build.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchOptions } from "../../scripts/browser.mjs";
import { files, root } from "../../scripts/lib.mjs";
import { html } from "../../scripts/site.mjs";

const TYPES: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
};

let server: Server;
let browser: Browser;
beforeAll(async () => {
  await promisify(execFile)(process.execPath, ["scripts/site.mjs"], { cwd: root });
  server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "", "http://-").pathname;
    try {
      const body = await readFile(join(html, decodeURI(path)));
      response.writeHead(200, { "content-type": TYPES[path.split(".").at(-1) ?? ""] ?? "" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch(launchOptions());
}, 120_000);
afterAll(async () => {
  await browser?.close();
  server?.close();
});

test("every page fits a phone, misses nothing, and links to headings that there are", {
  timeout: 120_000,
}, async () => {
  const pages = files(".cache/site/html")
    .filter((path) => path.endsWith(".html") && !path.endsWith("404.html"))
    .map((path) => path.slice(".cache/site/html".length));
  expect(pages).toEqual(expect.arrayContaining(["/index.html", "/start.html", "/reliability.html"]));
  const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
  const problems: string[] = [];
  const anchors: string[] = [];
  const links: string[] = [];
  let at = "";
  page.on("pageerror", (error) => problems.push(`${at}: ${error}`));
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${at}: ${response.status()} ${response.url()}`);
  });
  for (at of pages) {
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}${at}`);
    await page.locator("main, .VPHome").first().waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > 360) problems.push(`${at}: ${width} px wide`);
    links.push(...(await page.locator("main a").evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href))));
    anchors.push(...(await page.locator("[id]").evaluateAll((all) => all.map(({ id }) => `${location.href}#${id}`))));
  }
  const origin = new URL(page.url()).origin;
  const inside = links.filter((link) => link.startsWith(origin) && link.includes("#"));
  expect(inside.length).toBeGreaterThan(pages.length);
  problems.push(...inside.filter((link) => !anchors.includes(link)));
  expect(problems).toEqual([]);
});
