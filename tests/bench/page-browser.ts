// Chromium with the page of the benchmark in it.
import type { RequestListener } from "node:http";
import type { Plugin } from "esbuild";
import { openBrowser, type TestBrowser } from "../e2e/browser.ts";

export const openBench = (serve?: RequestListener, plugins?: Plugin[]): Promise<TestBrowser> =>
  openBrowser("production", serve, "tests/bench/page.tsx", plugins);
