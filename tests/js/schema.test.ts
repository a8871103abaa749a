// Standard Schema, with three libraries that implement it.
import { type } from "arktype";
import { RunstreamError, streams } from "runstream";
import * as v from "valibot";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import { z } from "zod";
import { type DevServer, startDevServer } from "../../js/dev-server/server.ts";

let server: DevServer;
let runId: string;
let options: { baseURL: string; accessToken: string; timeoutInSeconds: number };

beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  runId = server.createRun().id;
  options = { baseURL: server.url, accessToken: server.secretKey, timeoutInSeconds: 1 };
});
afterEach(() => server.close());

const collect = async <T>(parts: AsyncIterable<T>) => {
  const all: T[] = [];
  for await (const part of parts) all.push(part);
  return all;
};

const schemas = {
  zod: z.object({ step: z.string(), percent: z.number() }),
  valibot: v.object({ step: v.string(), percent: v.number() }),
  arktype: type({ step: "string", percent: "number" }),
};

describe.each(Object.keys(schemas) as (keyof typeof schemas)[])("%s", (name) => {
  const progress = streams.define({ id: "progress", schema: schemas[name] });

  test("a refused part is reported and leaves the others alone", async () => {
    server.appendAll(runId, "progress", [{ step: "a", percent: 1 }, { step: "b" }, "text", { step: "c", percent: 3 }]);
    const onInvalidPart = vi.fn();
    const read = await collect(await progress.read(runId, { ...options, onInvalidPart }));
    expect(read.map(({ step }) => step)).toEqual(["a", "c"]);
    expect(onInvalidPart.mock.calls.map(([error, part]) => [error.code, part])).toEqual([
      ["invalid-part", { step: "b" }],
      ["invalid-part", "text"],
    ]);
    expect(onInvalidPart.mock.calls[0]?.[0].message).toMatch(/"progress".*\{"step":"b"\}.*percent/);
  });
});

test("reading yields what the schema makes of a part", async () => {
  const dates = streams.define({ id: "dates", schema: z.iso.datetime().transform((text) => new Date(text)) });
  server.append(runId, "dates", "2026-11-23T00:00:00Z");
  const [date] = await collect(await dates.read(runId, options));
  expectTypeOf(date).toEqualTypeOf<Date | undefined>();
  expect(date).toEqual(new Date("2026-11-23T00:00:00Z"));
});

test("a refused part that nobody asked for is reported as an uncaught error", async () => {
  const numbers = streams.define({ id: "numbers", schema: z.number() });
  server.appendAll(runId, "numbers", [1, "two", 3]);
  const report = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(await collect(await numbers.read(runId, options))).toEqual([1, 3]);
  expect(report.mock.calls.map(([error]) => (error as RunstreamError).code)).toEqual(["invalid-part"]);
  report.mockRestore();
});

test("an asynchronous schema is refused, part by part", async () => {
  const slow = streams.define({ id: "slow", schema: z.string().refine(async () => true) });
  server.append(runId, "slow", "a");
  const onInvalidPart = vi.fn();
  expect(await collect(await slow.read(runId, { ...options, onInvalidPart }))).toEqual([]);
  expect(onInvalidPart.mock.calls[0]?.[0].message).toMatch(/asynchronous/);
});

test("what is no schema is refused when the stream is defined", () => {
  // @ts-expect-error no schema
  expect(() => streams.define({ id: "x", schema: {} })).toThrow(/"x".*~standard/);
  expect(() => streams.define({ id: "x", schema: null as never })).toThrow(RunstreamError);
});
