// The code of the site: it compiles, what says what it prints prints that, and a component shows what its page says it shows.
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { DevServer } from "../../js/dev-server/server.ts";
import { launchOptions } from "../../scripts/browser.mjs";
import { fileOf, folder, modules, scriptOf } from "./modules.ts";
import { type Block, nameOf, root } from "./pages.ts";

const RUN = "run_demo";

let server: DevServer;
beforeEach(async () => {
  const { startDevServer } = await import(join(folder, "node_modules", "runstream", "dist", "dev-server.js"));
  server = await startDevServer({ port: 0 });
  server.createRun({ id: RUN });
  return () => server.close();
});

const node = (args: string[], env = {}) =>
  new Promise<{ code: number | string; out: string }>((resolve) => {
    execFile(process.execPath, args, { env: { ...process.env, ...env }, timeout: 50_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, out: stdout + stderr }),
    );
  });

test("every block compiles against the package's types", { timeout: 120_000 }, async () => {
  const { out } = await node([join(root, "node_modules", "typescript", "bin", "tsc"), "-p", folder, "--listFiles"]);
  const lines = out.trim().split("\n");
  expect(lines.filter((line) => line.includes("error TS"))).toEqual([]);
  expect(lines).toEqual(expect.arrayContaining(modules.map(fileOf)));
});

describe("prints what it says", () => {
  const ARROW = /\/\/ → (.*)$/gm;
  for (const block of modules.filter(({ code }) => code.includes("// → "))) {
    test(nameOf(block), async () => {
      const env = { TRIGGER_API_URL: server.url, TRIGGER_SECRET_KEY: server.secretKey, NODE_ENV: "production" };
      const { code, out } = await node([scriptOf(block)], env);
      const said = [...block.code.matchAll(ARROW)].map(([, text]) => text);
      expect({ code, out: out.trimEnd().split("\n") }).toEqual({ code: 0, out: said });
    });
  }
});

/** What `<!-- shows {…} -->` holds. */
type Shows = {
  /** Parts by stream key, which are there from the start. */
  parts?: Record<string, unknown[]>;
  /** Its token has expired, and /api/token has another. */
  expired?: boolean;
  /** What the page shows then. */
  text?: string;
  /** A button that is pressed then, */
  press?: string;
  /** what is sent by it, by input stream, */
  sent?: Record<string, unknown[]>;
  /** or the page is loaded again, */
  reload?: boolean;
  /** and what it shows after that. */
  then?: string;
};

describe("shows what it says", () => {
  const components = modules.filter(({ shows }) => shows !== undefined);
  const html = '<!doctype html><title>page</title><div id="root"></div><script type="module" src=';
  let browser: Browser;
  let scripts: Map<string, string>;

  beforeAll(async () => {
    browser = await chromium.launch(launchOptions());
    scripts = await bundle(components);
  });
  afterAll(() => browser.close());

  for (const block of components) {
    test(nameOf(block), async () => {
      const { parts = {}, expired, text, press, sent = {}, reload, then }: Shows = JSON.parse(block.shows ?? "");
      for (const [key, values] of Object.entries(parts)) for (const part of values) server.append(RUN, key, part);
      const token = (expired = false) =>
        server.token(RUN, expired ? { expiresIn: Math.floor(Date.now() / 1000) - 60 } : {});
      const files = createServer(async (request, response) => {
        const [path = "", query] = (request.url ?? "").split("?");
        const script = scripts.get(path);
        const type = { "content-type": script ? "text/javascript" : "text/html" };
        if (script) response.writeHead(200, type).end(script);
        else if (path === "/api/token") response.end(JSON.stringify({ accessToken: await token() }));
        else if (query === undefined) response.writeHead(404).end();
        else response.writeHead(200, type).end(`${html}"/${nameOf(block)}.js"></script>`);
      });
      await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
      const page = await browser.newPage();
      const problems: unknown[] = [];
      page.on("pageerror", (error) => problems.push(error));
      const shows = (text: string) => vi.waitFor(async () => expect(await page.innerText("body")).toBe(text), 10_000);
      try {
        const query = new URLSearchParams({ baseURL: server.url, accessToken: await token(expired), runId: RUN });
        await page.goto(`http://127.0.0.1:${(files.address() as AddressInfo).port}/?${query}`);
        if (text !== undefined) await shows(text);
        if (press) await page.getByRole("button", { name: press }).click();
        for (const [id, values] of Object.entries(sent)) await vi.waitFor(() => expect(inputs(id)).toEqual(values));
        if (reload) await page.reload();
        if (then !== undefined) await shows(then);
        expect(problems).toEqual([]);
      } finally {
        await page.close();
        files.closeAllConnections();
        files.close();
      }
    });
  }

  const inputs = (id: string) =>
    server
      .records(RUN, `$trigger.input:${id}`)
      .map((record) => JSON.parse(JSON.parse("body" in record ? String(record.body) : "").data));
});

/** Every component's page, by path. A component is what its block exports; its props are the page's query. */
async function bundle(components: Block[]): Promise<Map<string, string>> {
  const at = join(folder, "components");
  const entryPoints: Record<string, string> = {};
  for (const block of components) {
    const entry = join(at, `${nameOf(block)}.tsx`);
    entryPoints[nameOf(block)] = entry;
    mkdirSync(dirname(entry), { recursive: true });
    writeFileSync(
      entry,
      `import * as block from ${JSON.stringify(fileOf(block))};
      import { createRoot } from "react-dom/client";
      import { TriggerAuthContext } from "runstream/react";
      const { runId, ...client } = Object.fromEntries(new URLSearchParams(location.search));
      const [Component] = Object.values(block);
      createRoot(document.getElementById("root")).render(
        <TriggerAuthContext.Provider value={client}><Component runId={runId} {...client} /></TriggerAuthContext.Provider>
      );`,
    );
  }
  const { outputFiles } = await build({
    entryPoints,
    outdir: "/",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    write: false,
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "warning",
  });
  return new Map(outputFiles.map(({ path, text }) => [path, text]));
}
