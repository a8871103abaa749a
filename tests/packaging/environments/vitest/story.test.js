import { writeFileSync } from "node:fs";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import * as runstream from "runstream";
import { useRealtimeStream } from "runstream/react";
import { test } from "vitest";
import { renderParts } from "./component.cjs";
import { roundTrip } from "./round-trip.cjs";

test("the story", async () => {
  const argument = JSON.parse(process.env.ARGUMENT);
  const isPage = typeof document === "object";
  const done = isPage
    ? await renderParts({ createElement, createRoot, useRealtimeStream }, argument)
    : await roundTrip(runstream, argument);
  writeFileSync("result.json", JSON.stringify(done));
});
