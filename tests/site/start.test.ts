// "Start in five minutes", followed to the letter: every block in order, in an empty directory.
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { launchOptions } from "../../scripts/browser.mjs";
import { type Block, blocksOf, root } from "./pages.ts";
import { portLike, run, start } from "./shell.ts";

const around = mkdtempSync(join(tmpdir(), "runstream-start-"));
const app = join(around, "app");
let browser: Browser | undefined;

afterAll(async () => {
  await browser?.close();
  rmSync(around, { recursive: true, force: true, maxRetries: 5 });
});

test("a person who follows the page sees a component that streams", { timeout: 300_000 }, async () => {
  mkdirSync(app);
  const [devPort, pagePort] = [await portLike(4983), await portLike(5173)];
  const code = ({ code }: Block) => code.replaceAll("4983", `${devPort}`);

  const blocks = blocksOf("docs/site/start.md");
  const [tarball] = blocks.splice(
    blocks.findIndex(({ label }) => label === "in the clone"),
    1,
  );
  await run(tarball?.code ?? "", { cwd: root });
  for (const name of readdirSync(root)) if (name.endsWith(".tgz")) renameSync(join(root, name), join(around, name));

  let page: Page | undefined;
  const shown: string[] = [];
  for (const block of blocks) {
    const { language, label } = block;
    if (language !== "sh") writeFileSync(join(app, label ?? ""), code(block));
    else if (block.code.startsWith("npx runstream dev"))
      await start(`npx runstream dev --port ${devPort}`, { cwd: app }).says("Ctrl-C stops it");
    else if (block.code.startsWith("npx vite")) {
      await start(`npx vite --port ${pagePort} --strictPort`, { cwd: app }).says("ready in");
      page = await open(`http://localhost:${pagePort}`);
      await page.getByText("live", { exact: true }).waitFor();
    } else {
      const isOver = run(block.code, { cwd: app }).then(() => true);
      while (page && !(await Promise.race([isOver, false]))) {
        const text = (await page.locator("p").first().textContent()) ?? "";
        if (text !== shown.at(-1)) shown.push(text);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await isOver;
    }
  }
  const sentence = "Every part arrives once, in order, while it is being written. ";
  await page?.getByText(sentence, { exact: true }).waitFor();
  expect(shown.length).toBeGreaterThan(5);
  for (const text of shown) expect(sentence.startsWith(text)).toBe(true);
});

async function open(address: string): Promise<Page> {
  browser = await chromium.launch(launchOptions());
  const page = await browser.newPage();
  await page.goto(address);
  return page;
}
