// js/dev-server/dashboard -> js/generated/dashboard.html, one page with everything in it. The only thing React is bundled into.
// Run by itself it makes docs/dashboard.png.
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { launchOptions } from "./browser.mjs";
import { files, hash, root, Stop, script, whenStale } from "./lib.mjs";
import { setup } from "./setup.mjs";
import { buildWasm, generated } from "./wasm.mjs";

const source = join(root, "js", "dev-server", "dashboard");
export const dashboard = join(generated, "dashboard.html");

/** Needs what `buildWasm` makes. */
export async function buildDashboard() {
  const inputs = () => files("js").filter((path) => join(root, path) !== dashboard);
  await whenStale("dashboard", {
    inputs: () => hash([...inputs(), "scripts/dashboard.mjs", "package-lock.json"]),
    outputs: [dashboard],
    work: async () => {
      const css = await bundle("dashboard.css");
      const js = await bundle("main.tsx");
      const page = readFileSync(join(source, "index.html"), "utf8")
        .replace("/* css */", () => css)
        // A script ends at its end tag, wherever that stands.
        .replace("/* script */", () => js.replaceAll("</script", "<\\/script"));
      writeFileSync(dashboard, page);
    },
  });
}

async function bundle(name) {
  const esbuild = await import("esbuild");
  const { outputFiles } = await esbuild
    .build({
      entryPoints: [join(source, name)],
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      target: "es2022",
      jsx: "automatic",
      charset: "utf8",
      legalComments: "none",
      define: { "process.env.NODE_ENV": '"production"' },
      // One file: what is for pages without WebAssembly would be in it for all.
      external: ["./fallback/driver.ts"],
      alias: { "runstream/react": join(root, "js/react.ts"), runstream: join(root, "js/index.ts") },
      logLevel: "warning",
    })
    .catch(() => {
      throw new Stop("esbuild failed: its own words are above");
    });
  return outputFiles[0].text.trim();
}

/** A run with a parent, a stream that was cut, and faults waiting. */
async function screenshot(path) {
  const { startDevServer } = await import(join(root, "pkg", "dist", "dev-server.js"));
  const { chromium } = await import("playwright-core");
  const server = await startDevServer({ port: 0 });
  const browser = await chromium.launch(launchOptions());
  try {
    const page = await browser.newPage({ viewport: { width: 1240, height: 900 }, colorScheme: "light" });
    await page.goto(await stage(server));
    const reads = (n) =>
      page
        .locator(".parts tr")
        .nth(n - 1)
        .waitFor();
    await write(server, 0, 12);
    await reads(12);
    await page.getByRole("button", { name: "503 × 3" }).click();
    await page.getByText("resumed after 11").first().waitFor();
    await write(server, 12, 18);
    await reads(18);
    await page.getByRole("status").getByText("live").waitFor();
    await page.getByRole("button", { name: "Lose answer" }).click();
    await page.getByText("1 waiting").waitFor();
    mkdirSync(dirname(path), { recursive: true });
    await page.screenshot({ path, fullPage: true, animations: "disabled" });
  } finally {
    await browser.close();
    await server.close();
  }
  console.log(`${relative(root, path)}: ${Math.ceil(statSync(path).size / 1024)} KB`);
}

const STAGED = "run_summarize";
const WORDS =
  "The wire has no end of a stream. What ended is a window; whether the run is finished, only the run can say.".split(
    " ",
  );

async function stage(server) {
  server.createRun({ id: "run_yesterday" });
  server.append("run_yesterday", "log", "done");
  server.completeRun("run_yesterday");
  server.createRun({ id: "run_report", taskIdentifier: "write-report" });
  server.createRun({
    id: STAGED,
    taskIdentifier: "summarize",
    parentId: "run_report",
    rootId: "run_report",
    tags: ["user:42"],
  });
  server.createRun({ id: "run_illustrate", taskIdentifier: "draw", parentId: "run_report", rootId: "run_report" });
  server.completeRun("run_illustrate", "failed");
  server.append(STAGED, "progress", { step: 2, of: 5 });
  server.appendInput(STAGED, "approval", { approved: true });
  return `${server.url}/#${STAGED}/answer`;
}

async function write(server, from, to) {
  for (let i = from; i < to; i++) {
    server.append(STAGED, "answer", { type: "text-delta", id: "0", delta: `${WORDS[i]} ` });
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

script(import.meta.url, async () => {
  const { build } = await import("./build.mjs");
  await setup({ browser: true });
  await buildWasm();
  await build();
  await screenshot(join(root, "docs", "dashboard.png"));
});
