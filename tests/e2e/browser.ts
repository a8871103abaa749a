// A real Chromium on a page of its own origin, with the harness of page.tsx in it.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { launchOptions } from "../../scripts/browser.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const from = (path: string) => `${root}/${path}`;

/** The page's script bundled from the sources, as `{ path: text }`. */
async function bundle(
  mode: "development" | "production",
  page: string,
  plugins: Plugin[],
): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    entryPoints: { page: from(page) },
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    minify: mode === "production",
    outdir: from(".cache/e2e"),
    write: false,
    define: { "process.env.NODE_ENV": JSON.stringify(mode) },
    alias: { "runstream/react": from("js/react.ts"), runstream: from("js/browser.ts") },
    plugins: [withoutNode, ...plugins],
    logLevel: "warning",
  });
  return new Map(outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf("/")), text]));
}

/** The official packages import Node's own modules, which a page that has them bundled never calls. */
const withoutNode: Plugin = {
  name: "without-node",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "node" }));
    onLoad({ filter: /./, namespace: "node" }, () => ({ contents: "module.exports = {}" }));
  },
};

export type TestBrowser = {
  /** The origin the pages are served from. */
  url: string;
  /** A new page whose script has run. */
  open(): Promise<Page>;
  close(): Promise<void>;
};

/** What a page may do that is served with it. No policy lets WebAssembly through that does not name it, or `unsafe-eval`. */
export const STRICT = "default-src 'self'; connect-src *; require-trusted-types-for 'script'";

/**
 * `serve` answers what is not the page's own, on the page's origin. `script` makes the page. With PAGE_CSP in the environment that is
 * the page's policy.
 */
export async function openBrowser(
  mode: "development" | "production" = "development",
  serve: RequestListener = (_, res) => void res.writeHead(404).end(),
  script = "tests/e2e/page.tsx",
  plugins: Plugin[] = [],
): Promise<TestBrowser> {
  const files = await bundle(mode, script, plugins);
  const server = createServer((req, res) => {
    const file = files.get(req.url ?? "");
    if (file !== undefined) res.writeHead(200, { "content-type": "text/javascript" }).end(file);
    else if (req.url === "/") {
      const html = '<!doctype html><title>e2e</title><script type="module" src="/page.js"></script>';
      const policy = process.env.PAGE_CSP;
      res
        .writeHead(200, { "content-type": "text/html", ...(policy && { "content-security-policy": policy }) })
        .end(html);
    } else serve(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser: Browser = await chromium.launch(launchOptions());
  return {
    url,
    async open() {
      const page = await browser.newPage();
      await page.goto(url);
      return page;
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Asks until `done` is true of the answer. Fails with the last answer. */
export async function until<T>(ask: () => Promise<T> | T, done: (answer: T) => boolean, ms = 10_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (done(answer)) return answer;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(answer)?.slice(0, 2_000)} after ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
