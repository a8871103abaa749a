// Chromium with the page of the benchmark in it.
import type { RequestListener } from "node:http";
import { openBrowser, type TestBrowser } from "../e2e/browser.ts";

export const openBench = (serve?: RequestListener): Promise<TestBrowser> =>
  openBrowser("production", serve, "tests/bench/page.tsx");
