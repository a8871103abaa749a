// When the page is updated, and what wakes a connection.
import { expect, test } from "vitest";
import { until } from "./browser.ts";
import { numbers, setStage } from "./support.ts";

const stage = setStage();
const { read, state, reaches, shows, append } = stage;

/** Fails every request until the next one would be seconds away. */
async function backOff() {
  stage.server.faults.add({ kind: "status", status: 503, times: "always" });
  await read();
  await reaches(({ retryCount }) => retryCount >= 6, "a", 20_000);
  stage.server.faults.clear();
}

test.each([
  ["the network comes back", () => void dispatchEvent(new Event("online"))],
  ["the page becomes visible", () => window.page.setVisibility("visible")],
  ["it comes back from the cache", () => void dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))],
])("row 13: a wait ends at once when %s", async (_, wake) => {
  append([1]);
  await backOff();
  const before = Date.now();
  await stage.page.evaluate(wake);
  await shows([1]);
  expect(Date.now() - before).toBeLessThan(1_000);
});

test("row 13: a hidden page goes on reading", async () => {
  await read();
  await reaches(({ status }) => status === "live");
  await stage.page.evaluate(() => window.page.setVisibility("hidden"));
  append(numbers(3));
  await reaches(({ data }) => data.length === 3);
  expect(stage.openSockets()).toHaveLength(1);
});

test("row 14: hiding and showing quickly never makes two requests at once", async () => {
  stage.server.faults.add({ kind: "status", status: 503, times: 3 }, { kind: "delay", ms: 200 }, { kind: "end" });
  await read();
  append(numbers(5));
  for (let i = 0; i < 60; i++) {
    await stage.page.evaluate((i) => window.page.setVisibility(i % 2 ? "visible" : "hidden"), i);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(stage.openSockets().length).toBeLessThanOrEqual(1);
  }
  await shows(numbers(5));
  const spans = stage.server.connections.map(({ openedAt, closedAt }) => [
    openedAt,
    closedAt ?? Number.POSITIVE_INFINITY,
  ]);
  for (const [i, [opened]] of spans.entries()) {
    expect(Number(opened)).toBeGreaterThanOrEqual(Number(spans[i - 1]?.[1] ?? 0));
  }
});

test("row 18: the status says where the reader stands", async () => {
  expect(await read({ enabled: false }).then(() => reaches(({ renders }) => renders > 0))).toMatchObject({
    status: "idle",
    isLive: false,
    retryCount: 0,
    gaps: 0,
    duplicates: 0,
  });
  append(numbers(3));
  await read();
  const live = await reaches(({ status, lag }) => status === "live" && lag === 0);
  expect(live).toMatchObject({ isLive: true, retryCount: 0 });
});

test("between two frames there is one update at most: at the first parts, in a stream and at its end", async () => {
  stage.server.appendAll(stage.runId, "chat", numbers(20_000));
  await stage.page.evaluate(([run, client]) => window.page.commit(run, "chat", { ...client, timeoutInSeconds: 1 }), [
    stage.runId,
    stage.client,
  ] as const);
  const commits = () => stage.page.evaluate(() => window.page.commits);
  await until(commits, (all) => all.at(-1)?.parts === 20_000);
  for (let i = 0; i < 200; i++) {
    append(["token"]);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const all = await until(commits, (all) => all.at(-1)?.status === "ended");
  expect(all.at(-1)?.parts).toBe(20_200);
  expect(new Set(all.map(({ status }) => status))).toEqual(new Set(["connecting", "live", "ended"]));
  // Of many.
  expect(all.length).toBeGreaterThan(20);
  expect(all.filter(({ frame }, i) => frame === all[i - 1]?.frame)).toEqual([]);
});

test("an update waits for the frame after the last one and for no other, and a second where there is none", async () => {
  await read();
  await reaches(({ status, lag }) => status === "live" && lag !== undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await stage.page.evaluate(() => window.page.holdFrames());
  append([0]);
  await shows([0]);
  append([1]);
  await reaches(({ data }) => data.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await state()).parts).toEqual([0]);
  await stage.page.evaluate(() => window.page.draw());
  await shows([0, 1], "a", 500);
  const before = Date.now();
  append([2]);
  await shows([0, 1, 2]);
  expect(Date.now() - before).toBeGreaterThan(500);
});

test("row 36: the parts are the same array until there are others", async () => {
  append(numbers(3));
  await read();
  await shows(numbers(3));
  const again = await stage.page.evaluateHandle(() => window.page.watchIdentity("a"));
  await read();
  expect(await again.evaluate((ask) => ask())).toEqual({ isNewRender: true, isSameArray: true });
  append([3]);
  await shows(numbers(4));
  expect(await again.evaluate((ask) => ask())).toEqual({ isNewRender: true, isSameArray: false });
});

test("row 37: a callback that was replaced is the one that is called", async () => {
  await read({ tag: "one " });
  append([0]);
  await shows([0]);
  await read({ tag: "two " });
  // Rendered.
  await stage.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  append([1]);
  const { data } = await shows([0, 1]);
  expect(data).toEqual(["one 0", "two 1"]);
  expect(stage.server.connections).toHaveLength(1);
});

test("row 41: a navigation that suspends completes while text streams in", async () => {
  await stage.page.evaluate(([run, client]) => window.page.navigator(run, "chat", client), [
    stage.runId,
    stage.client,
  ] as const);
  const navigation = () =>
    stage.page.evaluate(() => {
      const { go: _, ...rest } = window.page.navigation;
      return rest;
    });
  const writing = setInterval(() => append(["token"]), 5);
  try {
    await until(navigation, ({ parts }) => parts > 20);
    await stage.page.evaluate(() => window.page.navigate(600));
    const before = await until(navigation, ({ isPending }) => isPending, 500);
    const after = await until(navigation, ({ arrivals }) => arrivals > 0, 2_000);
    expect(after).toMatchObject({ isPending: false, fallbacks: 0 });
    // The text went on while the navigation waited.
    expect(after.parts).toBeGreaterThan(before.parts + 20);
  } finally {
    clearInterval(writing);
  }
});

test("row 43: a hidden page is updated rarely, and at once on return", async () => {
  await read();
  await reaches(({ status }) => status === "live");
  await stage.page.evaluate(() => window.page.setVisibility("hidden"));
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const { renders } = await state();
  for (let i = 0; i < 50; i++) {
    append(numbers(10, i * 10));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await reaches(({ data }) => data.length === 500);
  const hidden = await state();
  // Each update is two renders under StrictMode.
  expect(hidden.renders - renders).toBeLessThanOrEqual(4);
  await stage.page.evaluate(() => window.page.setVisibility("visible"));
  const shown = await reaches(({ parts }) => parts.length === 500, "a", 900);
  expect(shown.parts).toEqual(numbers(500));
});
