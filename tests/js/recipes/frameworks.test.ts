// The store in other frameworks, as docs/store.md shows it.
// @vitest-environment happy-dom
import { cleanup, render } from "@testing-library/react";
import { createElement } from "react";
import { createStreamStore } from "runstream";
import { createTestStream } from "runstream/testing";
import { createRoot } from "solid-js";
import { derived } from "svelte/store";
import { afterEach, expect, test } from "vitest";
import { effectScope } from "vue";
import { react, solid, vue } from "./frameworks.ts";

afterEach(cleanup);

function begin() {
  const stream = createTestStream<string>("answer");
  const store = createStreamStore<string>(stream.runId, "answer", stream.auth);
  const closes = async () => {
    await stream.advance();
    expect(stream.readers).toBe(0);
  };
  return { stream, store, closes };
}

test("Svelte takes it for one of its own", async () => {
  const { stream, store, closes } = begin();
  const texts: string[] = [];
  const leave = derived(store, ({ parts }) => parts.join("")).subscribe((text) => void texts.push(text));
  await stream.push("Hel", "lo");
  expect([texts[0], texts.at(-1)]).toEqual(["", "Hello"]);
  leave();
  await closes();
});

test("Vue", async () => {
  const { stream, store, closes } = begin();
  const scope = effectScope();
  const snapshot = scope.run(() => vue(store));
  await stream.push("Hello");
  expect(snapshot?.value.parts).toEqual(["Hello"]);
  scope.stop();
  await closes();
});

test("Solid", async () => {
  const { stream, store, closes } = begin();
  const [snapshot, dispose] = createRoot((dispose) => [solid(store), dispose]);
  await stream.push("Hello");
  expect(snapshot().parts).toEqual(["Hello"]);
  dispose();
  await closes();
});

test("React, as an external store", async () => {
  const { stream, store, closes } = begin();
  const Shown = () => createElement("p", null, react(store).parts.join(""));
  const { container, unmount } = render(createElement(Shown));
  await stream.push("Hello");
  expect(container.textContent).toBe("Hello");
  unmount();
  await closes();
});
