// The tests of the hooks on pages whose policy forbids WebAssembly: the fallback, all the way.
import { expect, test, vi } from "vitest";
import { STRICT } from "./browser.ts";
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
