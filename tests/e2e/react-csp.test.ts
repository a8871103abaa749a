// The tests of the hooks on pages whose policy forbids WebAssembly: the fallback, all the way.
import { expect, onTestFinished, test, vi } from "vitest";
import { openBrowser, STRICT } from "./browser.ts";
import { setStage } from "./support.ts";

vi.stubEnv("PAGE_CSP", STRICT);
await import("./react.test.ts");

const stage = setStage();

test("there is no WebAssembly here, and nothing else that the policy forbids", async () => {
  stage.append([1, 2, 3]);
  await stage.read();
  await stage.shows([1, 2, 3]);
  expect(await stage.page.evaluate(() => window.page.wasmBytes())).toBe(0);
});

test.for([
  ["development", 1],
  ["production", 0],
] as const)("in %s the console is told %i times that this costs CPU", async ([mode, times]) => {
  const browser = await openBrowser(mode);
  onTestFinished(() => browser.close());
  await stage.page.close();
  stage.page = await browser.open();
  const told: string[] = [];
  stage.page.on("console", (message) => told.push(message.text()));
  stage.append([1]);
  stage.append([2], "other");
  await stage.read();
  await stage.read({}, { name: "b", key: "other" });
  await stage.shows([1]);
  await stage.shows([2], "b");
  expect(told.filter((text) => text.includes("WebAssembly cannot be used here"))).toHaveLength(times);
});
