import { writeFileSync } from "node:fs";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import * as runstream from "runstream";
import * as react from "runstream/react";
import { createTestStream } from "runstream/testing";
import { expect, test } from "vitest";
import { renderParts } from "./component.cjs";
import { roundTrip } from "./round-trip.cjs";
import { showTestStream } from "./test-stream.cjs";

test("the story", async () => {
  const argument = JSON.parse(process.env.ARGUMENT);
  const isPage = typeof document === "object";
  const done = isPage
    ? await renderParts({ createElement, createRoot, ...react }, argument)
    : await roundTrip(runstream, argument);
  writeFileSync("result.json", JSON.stringify(done));
});

test("a test stream", async () => {
  expect(await showTestStream({ createElement, createRoot, react, ...runstream, createTestStream })).toBe(
    "Hello again",
  );
});
