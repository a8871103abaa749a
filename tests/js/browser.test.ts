import { afterEach, describe, expect, test, vi } from "vitest";
import * as browser from "../../js/browser.ts";
import * as index from "../../js/index.ts";

afterEach(() => vi.unstubAllGlobals());

type Streams = typeof index.streams;
const OPTIONS = { target: "run_1", accessToken: "key" };
const CALLS: Record<string, (streams: Streams) => unknown> = {
  pipe: ({ pipe }) => pipe([1], OPTIONS),
  "pipe of a defined stream": ({ define }) => define({ id: "s" }).pipe([1], OPTIONS),
  append: ({ append }) => append(1, OPTIONS),
  "append of a defined stream": ({ define }) => define({ id: "s" }).append(1, OPTIONS),
  writer: ({ writer }) => writer({ ...OPTIONS, execute: () => {} }),
  "writer of a defined stream": ({ define }) => define({ id: "s" }).writer({ ...OPTIONS, execute: () => {} }),
  on: ({ input }) => input({ id: "i" }).on(() => {}),
  once: ({ input }) => input({ id: "i" }).once(),
  peek: ({ input }) => input({ id: "i" }).peek(),
  wait: ({ input }) => input({ id: "i" }).wait(),
  waitWithIdleTimeout: ({ input }) => input({ id: "i" }).waitWithIdleTimeout({ idleTimeoutInSeconds: 1 }),
  unwrap: ({ input }) => input({ id: "i" }).once().unwrap(),
};

/** How a call fails, and with which code. */
async function failureOf(call: () => unknown): Promise<string> {
  let result: unknown;
  try {
    result = call();
  } catch (thrown) {
    return `throws ${(thrown as index.RunstreamError).code}`;
  }
  return Promise.resolve(result).then(
    () => "does it",
    ({ code }) => `rejects with ${code}`,
  );
}

describe("the build for browsers", () => {
  test.each(Object.entries(CALLS))("refuses %s as the other one does in a page", async (_, call) => {
    const failure = await failureOf(() => call(browser.streams));
    expect(failure).toMatch(/unsupported$/);
    vi.stubGlobal("document", {});
    vi.stubGlobal("process", undefined);
    expect(await failureOf(() => call(index.streams))).toBe(failure);
  });

  test("checks what it is given before it refuses", () => {
    expect(() => browser.streams.define({ id: "" })).toThrow(/stream key/);
    expect(() => browser.streams.input({ id: "i", schema: {} as never })).toThrow(/~standard/);
  });

  test("exports what the other one does", () => {
    expect(Object.keys(browser).sort()).toEqual(Object.keys(index).sort());
    expect(Object.keys(browser.streams).sort()).toEqual(Object.keys(index.streams).sort());
    const own = (streams: Streams) => [streams.define({ id: "s" }), streams.input({ id: "i" })].map(Object.keys);
    expect(own(browser.streams)).toEqual(own(index.streams));
  });
});
