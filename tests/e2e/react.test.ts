import type { Response } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import wasm from "../../js/generated/wasm-inline.js";
import { openBrowser, type TestBrowser, until } from "./browser.ts";
import { numbers, setStage } from "./support.ts";

const stage = setStage();
const { read, state, reaches, shows, append, openSockets } = stage;

describe.each(["v2", "v1"] as const)("a stream read as %s", (version) => {
  beforeEach(async () => {
    await stage.take({ version });
  });

  test("parts arrive while they are written, and lastEventId goes on behind them", async () => {
    append(numbers(3));
    await read({ detailed: true });
    await shows(numbers(3));
    append(numbers(3, 3));
    const { lastEventId, detailed, data, status } = await shows(numbers(6));
    expect(status).toBe("live");
    expect(data).toEqual(numbers(6));
    expect(detailed.map((part) => (part as { chunk: number }).chunk)).toEqual(numbers(6));
    append([6]);
    await read({ lastEventId }, { name: "b" });
    await shows([6], "b");
  });

  test("row 1: a body that ends early is resumed, nothing lost, nothing doubled", async () => {
    append(numbers(10));
    stage.server.faults.add({ kind: "end", afterRecords: 4 });
    await read();
    const { lastError, error, statuses } = await shows(numbers(10));
    expect([lastError, error]).toEqual([undefined, undefined]);
    expect(statuses).toContain("live");
    expect(stage.server.connections).toHaveLength(2);
  });

  test("row 2: half an event before the end is discarded and read again", async () => {
    append(numbers(10));
    stage.server.faults.add({ kind: "cut", afterBytes: 150 });
    await read();
    await shows(numbers(10));
    expect(stage.server.connections.length).toBeGreaterThan(1);
  });

  test("row 21: a server that ignores the cursor and replays doubles nothing", async () => {
    append(numbers(10));
    stage.server.faults.add({ kind: "end", afterRecords: 6 }, { kind: "replay" });
    await read();
    await shows(numbers(10));
    append([10]);
    const { duplicates } = await shows(numbers(11));
    expect(duplicates).toBeGreaterThan(0);
  });

  test("row 28: values arrive exactly", async () => {
    const values = [
      null,
      "",
      0,
      false,
      "a\u0000b",
      "\u2028\u2029",
      "\ud800 alone",
      "👩‍👩‍👧 ünï",
      { "": [] },
      [[]],
      -0.5e-7,
      '"\\/\b\f\n\r\t',
    ];
    append(values);
    stage.server.faults.add({ kind: "drip", bytes: 1, ms: 0 });
    await read();
    await shows(values);
  });
});

test("row 3: [DONE] after the silence ends the stream; with follow it goes on", async () => {
  append([1]);
  await read({ timeoutInSeconds: 1 });
  const { endReason, parts } = await reaches(({ status }) => status === "ended");
  expect([endReason, parts]).toEqual(["idle-timeout", [1]]);
  await read({ timeoutInSeconds: 1, follow: true }, { name: "b" });
  await until(
    () => stage.server.connections.length,
    (n) => n >= 3,
  );
  append([2]);
  await shows([1, 2], "b");
  await stage.page.evaluate(() => window.page.resume("a"));
  await shows([1, 2]);
});

test("row 3: [DONE] much too early is a cut", async () => {
  append(numbers(5));
  stage.server.faults.add({ kind: "done-early", afterRecords: 2 });
  await read();
  await shows(numbers(5));
});

test("row 5: an error event is a failure, not an end", async () => {
  append(numbers(5));
  stage.server.faults.add({ kind: "error-event", afterRecords: 2 });
  await read();
  const { statuses } = await shows(numbers(5));
  expect(statuses).not.toContain("ended");
});

test("row 6: 20 s without a byte is a dead socket", async () => {
  await stage.page.clock.install();
  append(numbers(2));
  stage.server.faults.add({ kind: "stall", afterRecords: 2 });
  await read();
  await stage.page.clock.runFor(2_000);
  await until(
    async () => {
      await stage.page.clock.runFor(100);
      return state();
    },
    (now) => now.parts.length === 2,
  );
  append([2]);
  await stage.page.clock.runFor(17_000);
  expect(stage.server.connections).toHaveLength(1);
  await stage.page.clock.runFor(4_000);
  await until(
    async () => {
      await stage.page.clock.runFor(100);
      return state();
    },
    (now) => now.parts.length === 3,
  );
  expect(stage.server.connections).toHaveLength(2);
});

test("row 7: a web page instead of a stream is shown as such, and retried", async () => {
  append(numbers(2));
  stage.server.faults.add({ kind: "html", times: 2 });
  await read();
  const { error } = await reaches((now) => now.error !== undefined);
  expect(error).toMatchObject({ code: "not-a-stream", status: 200 });
  expect(error?.message).toMatch(/text\/html.*|base URL/);
  const { error: after } = await shows(numbers(2));
  expect(after).toBeUndefined();
});

test("row 8: failures are counted and shown after the third, and cleared by recovery", async () => {
  append(numbers(2));
  stage.server.faults.add({ kind: "status", status: 500, times: 4 });
  await read();
  const first = await reaches(({ retryCount }) => retryCount >= 1);
  expect(first.lastError?.code).toBe("http");
  const third = await reaches(({ retryCount }) => retryCount >= 3);
  expect(third.error).toMatchObject({ code: "http", status: 500 });
  expect(third.status).toBe("reconnecting");
  const { error, lastError, retryCount } = await shows(numbers(2));
  expect([error, lastError, retryCount]).toEqual([undefined, undefined, 0]);
});

test("row 15: stop during backoff connects no more", async () => {
  stage.server.faults.add({ kind: "status", status: 503, times: "always" });
  await read();
  await reaches(({ retryCount }) => retryCount >= 2);
  await stage.page.evaluate(() => window.page.stop("a"));
  await reaches(({ status }) => status === "stopped");
  const before = stage.server.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(stage.server.requests.length).toBe(before);
});

test("row 19: resume goes on from the cursor", async () => {
  append(numbers(3));
  await read();
  await shows(numbers(3));
  await stage.page.evaluate(() => window.page.stop("a"));
  await until(
    () => openSockets().length,
    (n) => n === 0,
  );
  append(numbers(2, 3));
  await stage.page.evaluate(() => window.page.resume("a"));
  const { statuses } = await shows(numbers(5));
  // Nothing was lost, so nothing is said to be.
  expect(statuses).not.toContain("reconnecting");
  expect(stage.server.connections.at(-1)?.lastEventId).toBe("2");
});

test("row 27: what is no part never becomes one, and is reported", async () => {
  append([1]);
  stage.server.appendRaw(stage.runId, "chat", { headers: [["", "trim"]], body: "\u0000" });
  stage.server.appendRaw(stage.runId, "chat", { headers: [["trigger-control", "turn-complete"]] });
  stage.server.appendRaw(stage.runId, "chat", {});
  stage.server.appendRaw(stage.runId, "chat", { body: "not json" });
  stage.server.appendRaw(stage.runId, "chat", { body: '{"id":"x"}' });
  append([2]);
  await read({ detailed: true });
  const { parts, notices, detailed, lastEventId } = await shows([1, 2]);
  expect(parts).toEqual([1, 2]);
  expect(notices).toMatchObject([
    { control: { id: "2", headers: [["trigger-control", "turn-complete"]] } },
    { bad: { id: "3", reason: "empty body", body: "" } },
    { bad: { id: "4", reason: "body is not JSON", body: "not json" } },
    { bad: { id: "5", body: '{"id":"x"}' } },
  ]);
  expect(detailed).toMatchObject([
    { id: "0", chunk: 1, headers: [] },
    { id: "6", chunk: 2 },
  ]);
  expect(lastEventId).toBe("6");
});

describe.each(["development", "production"] as const)("row 31, %s build", (mode) => {
  let other: TestBrowser;
  beforeAll(async () => {
    other = await openBrowser(mode);
  });
  afterAll(() => other.close());

  test("no socket is left after StrictMode, unmount and stop", async () => {
    await stage.page.close();
    stage.page = await other.open();
    append(numbers(3));
    await read();
    await shows(numbers(3));
    expect(openSockets()).toHaveLength(1);
    expect(stage.server.connections).toHaveLength(1);
    await stage.page.evaluate(() => window.page.leave("a"));
    await until(
      () => openSockets().length,
      (n) => n === 0,
      2_000,
    );
    await read({}, { name: "b" });
    await shows(numbers(3), "b");
    await stage.page.evaluate(() => window.page.stop("b"));
    await until(
      () => openSockets().length,
      (n) => n === 0,
      2_000,
    );
    expect(stage.server.connections).toHaveLength(2);
  });
});

test("row 32: no part of the old run appears in the new one", async () => {
  const other = stage.server.createRun();
  stage.client.accessToken = await stage.server.token(["read:runs"]);
  const writing = setInterval(() => stage.server.append(stage.runId, "chat", "old"), 1);
  stage.server.append(other.id, "chat", "new");
  try {
    for (let i = 0; i < 10; i++) {
      await read({ throttleInMs: 50 }, { run: stage.runId });
      await reaches(({ parts }) => parts.includes("old"));
      await read({ throttleInMs: 50 }, { run: other.id });
      await reaches(({ parts }) => parts.includes("new"));
    }
  } finally {
    clearInterval(writing);
  }
  const seen = (await stage.page.evaluate(() => window.page.seen("a"))) ?? [];
  const wrong = seen.filter(({ runId: shown, parts }) => parts.includes(shown === stage.runId ? "new" : "old"));
  expect(wrong).toEqual([]);
});

test("row 33: renders that cost 40 ms do not pile up", async () => {
  await read({ cost: 40 });
  await reaches(({ status }) => status === "live");
  const { renders: before } = await state();
  const start = Date.now();
  for (let i = 0; i < 100; i++) {
    append(numbers(20, i * 20));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { renders } = await shows(numbers(2_000));
  // StrictMode renders twice in development.
  expect((renders - before) / 2).toBeLessThanOrEqual((Date.now() - start) / 40 + 2);
});

test("row 34: 500 parts at once are a handful of renders, unthrottled too", async () => {
  await read({ throttleInMs: 0 });
  await reaches(({ status }) => status === "live");
  const { renders: before } = await state();
  stage.server.appendAll(stage.runId, "chat", numbers(500));
  const { renders } = await shows(numbers(500));
  expect(renders - before).toBeLessThanOrEqual(10);
  expect(await stage.page.evaluate(() => window.uncaught)).toEqual([]);
});

test("row 35: two components share one socket and each gets each part once", async () => {
  append(numbers(3));
  await read({}, { also: ["b"] });
  await shows(numbers(3));
  await shows(numbers(3), "b");
  append([3]);
  const [a, b] = [await shows(numbers(4)), await shows(numbers(4), "b")];
  expect([a.data, b.data]).toEqual([numbers(4), numbers(4)]);
  expect(stage.server.connections).toHaveLength(1);
  // One that comes later gets all of it, on the same socket.
  await read({}, { name: "c" });
  const { data } = await shows(numbers(4), "c");
  expect(data).toEqual(numbers(4));
  expect(stage.server.connections).toHaveLength(1);
});

test("row 35: feeding lastEventId back, and a new token, restart nothing", async () => {
  append(numbers(3));
  await read();
  const { lastEventId } = await shows(numbers(3));
  await read({ lastEventId, accessToken: await stage.server.token(stage.runId, { expiresIn: "2h" }) });
  append([3]);
  const { data } = await shows(numbers(4));
  expect(data).toEqual(numbers(4));
  expect(stage.server.connections).toHaveLength(1);
});

test("row 35b: a remount with the same id keeps the parts and resumes", async () => {
  append(numbers(3));
  await read({ id: "chat-view" });
  await shows(numbers(3));
  await stage.page.evaluate(() => window.page.leave("a"));
  await until(
    () => openSockets().length,
    (n) => n === 0,
  );
  append([3]);
  await read({ id: "chat-view" }, { name: "b" });
  await shows(numbers(4), "b");
  expect(stage.server.connections.at(-1)?.lastEventId).toBe("2");
});

test("row 37: a callback that throws is reported and the stream goes on", async () => {
  append(numbers(3));
  await read({ throws: "mine" });
  await shows(numbers(3));
  expect(await stage.page.evaluate(() => window.uncaught)).toContainEqual(expect.stringContaining("mine"));
});

test("row 38: a new token revives a stream that failed for the lack of one", async () => {
  append(numbers(2));
  await read({ accessToken: "wrong" });
  const { error, status } = await reaches((now) => now.status === "failed");
  expect([error?.code, error?.status, status]).toEqual(["unauthorized", 401, "failed"]);
  expect(error?.message).toContain("Invalid API key");
  await read();
  await shows(numbers(2));
});

test("row 39: a refused token is refreshed once", async () => {
  append(numbers(2));
  await read({ accessToken: "wrong", refreshTo: stage.client.accessToken });
  const { refreshes } = await shows(numbers(2));
  expect(refreshes).toBe(1);
});

test("row 39: a token that cannot be made is shown, and tried again", async () => {
  append(numbers(2));
  await read({ accessToken: "wrong", refreshTo: "" });
  const { error } = await reaches((now) => now.error !== undefined);
  expect(error?.message).toMatch(/the access token is ""; a function must return a token/);
  await read({ accessToken: "wrong", refreshTo: stage.client.accessToken });
  await shows(numbers(2));
});

test("row 40: without run id or token nothing is thrown or requested, and the error says what to do", async () => {
  await read({}, { name: "no run", run: null });
  await read({ accessToken: undefined }, { name: "no token" });
  await read({ enabled: false }, { name: "off" });
  const noRun = await reaches(({ error }) => error !== undefined, "no run");
  expect([noRun.status, noRun.error?.code]).toEqual(["idle", "not-ready"]);
  expect(noRun.error?.message).toMatch(/run id is undefined/);
  const noToken = await reaches(({ error }) => error !== undefined, "no token");
  expect([noToken.status, noToken.error?.code]).toEqual(["idle", "not-ready"]);
  const off = await state("off");
  expect([off.status, off.error]).toEqual(["idle", undefined]);
  expect(stage.server.connections).toHaveLength(0);
  // Toggled on, off and on again: goes on where it was.
  append(numbers(2));
  await read({}, { name: "off" });
  await shows(numbers(2), "off");
  await read({ enabled: false }, { name: "off" });
  await reaches(({ status }) => status === "idle", "off");
  append([2]);
  await read({}, { name: "off" });
  await shows(numbers(3), "off");
  expect(await stage.page.evaluate(() => window.uncaught)).toEqual([]);
});

test("row 44: maxParts keeps the last, reduce keeps none", async () => {
  append(numbers(50));
  await read({ maxParts: 3 });
  await reaches(({ parts }) => parts.at(-1) === 49).then(({ parts }) => expect(parts).toEqual([47, 48, 49]));
  await read({ count: true }, { name: "b" });
  const { parts } = await reaches(({ value }) => value === 50, "b");
  expect(parts).toEqual([]);
});

test("a run that is not there, and a server that is not there", async () => {
  await read({}, { run: "run_missing" });
  const missing = await reaches(({ status }) => status === "failed");
  expect(missing.error).toMatchObject({ code: "not-found", status: 404 });
  await read({ baseURL: "http://127.0.0.1:9" }, { name: "b" });
  const { error } = await reaches((now) => now.error !== undefined, "b");
  expect(error?.code).toBe("network");
  await read({ baseURL: "nowhere" }, { name: "c" });
  const bad = await reaches((now) => now.status === "failed", "c");
  expect(bad.error?.code).toBe("invalid-argument");
  expect(bad.error?.message).toContain('"nowhere"');
  await read({ timeoutInSeconds: 601 }, { name: "d" });
  const long = await reaches((now) => now.status === "failed", "d");
  expect(long.error?.message).toContain("601");
});

describe("sending", () => {
  const sender = (options: object = stage.client, run: string | undefined = stage.runId) =>
    stage.page.evaluate(([run, options]) => window.page.sender("s", run, "cancel", options), [run, options] as const);
  const sending = () => stage.page.evaluate(() => window.page.sending("s"));
  const send = (values: unknown[]) => stage.page.evaluate((values) => window.page.send("s", values), values);
  const received = () =>
    stage.server
      .records(stage.runId, "$trigger.input:cancel")
      .map((record) => JSON.parse(JSON.parse((record as { body: string }).body).data));

  test("row 46: send returns a promise, and one that nobody looks at raises nothing", async () => {
    await sender();
    await until(sending, ({ isReady }) => isReady === true);
    expect(await send([{ a: 1 }])).toEqual(["sent"]);
    stage.server.completeRun(stage.runId);
    await stage.page.evaluate(() => window.page.sendAndForget("s", 2));
    const { error } = await until(sending, ({ error, isLoading }) => error !== undefined && !isLoading);
    expect(error).toBe("rejected");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await stage.page.evaluate(() => window.uncaught)).toEqual([]);
    expect(received()).toEqual([{ a: 1 }]);
  });

  test("row 47: sends of one tick arrive in order", async () => {
    await sender();
    await until(sending, ({ isReady }) => isReady === true);
    expect(await send(numbers(20))).toEqual(Array(20).fill("sent"));
    expect(received()).toEqual(numbers(20));
    expect((await sending()).isLoading).toBe(false);
  });

  test("row 47: isLoading until all are done, and the first error stays", async () => {
    await sender();
    await until(sending, ({ isReady }) => isReady === true);
    stage.server.faults.add({ kind: "status", status: 400, on: "input", skip: 1 });
    stage.server.faults.add({ kind: "status", status: 404, on: "input", skip: 1 });
    expect(await send(numbers(4))).toEqual(["sent", "rejected", "not-found", "sent"]);
    const { loading, error, isLoading, pending } = await until(sending, ({ isLoading }) => !isLoading);
    expect({ error, isLoading, pending }).toEqual({ error: "rejected", isLoading: false, pending: 0 });
    // One stretch of true: it never said done in between.
    expect(loading.join().match(/true(?=,false)/g)).toHaveLength(1);
  });

  test("row 49: without a network sends wait, are counted, can be cancelled, and leave in order when it is back", async () => {
    await sender();
    await until(sending, ({ isReady }) => isReady === true);
    const network = stage.page.context();
    await network.setOffline(true);
    const cancelled = send([0, 1]);
    await until(sending, ({ pending, isLoading }) => pending === 2 && isLoading === true);
    await stage.page.evaluate(() => window.page.cancelSends("s"));
    expect(await cancelled).toEqual(["AbortError", "AbortError"]);
    await until(sending, ({ pending, error }) => pending === 0 && error === undefined);
    const waiting = send([2, 3, 4]);
    await until(sending, ({ pending }) => pending === 3);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(received()).toEqual([]);
    await network.setOffline(false);
    expect(await waiting).toEqual(["sent", "sent", "sent"]);
    expect(received()).toEqual([2, 3, 4]);
    await until(sending, ({ pending, isLoading }) => pending === 0 && !isLoading);
  });

  test("row 48: what a browser sends is stored once by a server that says it honours the part id", async () => {
    await sender();
    await until(sending, ({ isReady }) => isReady === true);
    // Nothing is known of the server yet; and Chromium itself repeats a request whose reused socket broke.
    stage.server.faults.add({ kind: "drop-answer", times: 2 });
    expect(await send(numbers(3))).toEqual(["sent", "sent", "sent"]);
    expect(received()).toEqual(numbers(3));
  });

  test("row 50: too much is refused before any request; a 413 that the page may not read is not retried for ever", async () => {
    await sender();
    await until(sending, ({ isReady }) => isReady === true);
    const posts = () => stage.server.requests.filter(({ method }) => method === "POST").length;
    expect(await send(["x".repeat(1_048_576)])).toEqual(["too-large"]);
    expect(posts()).toBe(0);
    stage.server.faults.add({ kind: "status", status: 413, cors: false, on: "input", times: "always" });
    expect(await send([1])).toEqual(["unconfirmed"]);
    // The send itself, and the question whether it may be repeated.
    expect(posts()).toBe(2);
  });

  test("a defined stream sends what its schema takes, and nothing else", async () => {
    const args = [stage.runId, stage.client] as const;
    await stage.page.evaluate(([run, options]) => window.page.sender("s", run, "counter", options), args);
    await until(sending, ({ isReady }) => isReady === true);
    expect(await send([1, "two", 3])).toEqual(["sent", "invalid-part", "sent"]);
    expect((await until(sending, ({ isLoading }) => !isLoading)).error).toBe("invalid-part");
    expect(stage.server.records(stage.runId, "$trigger.input:counter")).toHaveLength(2);
  });

  test("a page cannot receive, and is told so", async () => {
    expect(await stage.page.evaluate(() => window.page.receive())).toEqual(Array(5).fill("unsupported"));
  });

  test("without a token: not-ready", async () => {
    await sender({ baseURL: stage.client.baseURL });
    await until(sending, ({ isReady }) => isReady === false);
    expect(await send([1])).toEqual(["not-ready"]);
  });
});

describe("read, in the browser", () => {
  const readAll = (options: object = {}, take?: number, run = stage.runId) =>
    stage.page.evaluate(([run, options, take]) => window.page.readAll(run, "chat", options, take), [
      run,
      { ...stage.client, ...options },
      take,
    ] as const);

  test("gives every part and ends with the window; a break closes the socket", async () => {
    append(numbers(5));
    expect(await readAll({ timeoutInSeconds: 1 })).toEqual({ parts: numbers(5) });
    expect(await readAll({}, 2)).toEqual({ parts: [0, 1] });
    await until(
      () => openSockets().length,
      (n) => n === 0,
      2_000,
    );
  });

  test("fails with a typed error", async () => {
    expect(await readAll({}, 1, "")).toMatchObject({ error: { code: "not-ready" } });
    expect(await readAll({ accessToken: "wrong" })).toMatchObject({ error: { code: "unauthorized" } });
    expect(await readAll({}, 1, "run_missing")).toMatchObject({ error: { code: "not-found" } });
    expect(await readAll({ startIndex: -1 })).toMatchObject({ error: { code: "invalid-argument" } });
  });
});

test("idle hooks load and compile no WebAssembly; the first subscription does", async () => {
  const scripts: Response[] = [];
  stage.page.on("response", (response) => response.request().resourceType() === "script" && scripts.push(response));
  await stage.page.addInitScript(() => {
    const calls: string[] = [];
    Object.assign(window, { wasmCalls: calls });
    for (const name of ["compile", "compileStreaming", "instantiate", "instantiateStreaming", "Module"] as const) {
      const call = (is: "apply" | "construct") => (target: never, first: never, second: never) => {
        calls.push(name);
        return (Reflect[is] as (...args: unknown[]) => object)(target, first, second);
      };
      const proxy = new Proxy(WebAssembly[name], { apply: call("apply"), construct: call("construct") });
      Object.assign(WebAssembly, { [name]: proxy });
    }
  });
  const calls = () => stage.page.evaluate(() => (window as unknown as { wasmCalls: string[] }).wasmCalls);
  const holders = async () => {
    const texts = await Promise.all(scripts.map((response) => response.text()));
    return scripts.filter((_, i) => texts[i]?.includes(wasm.slice(0, 100))).map((response) => response.url());
  };
  await stage.page.reload();
  append([1]);
  await read({}, { name: "no run", run: null });
  await read({ enabled: false }, { name: "disabled" });
  await stage.page.evaluate(() => window.page.sender("no run", undefined, "counter", {}));
  for (const name of ["no run", "disabled"]) await reaches(({ status }) => status === "idle", name);
  await stage.page.waitForTimeout(200);
  expect([await calls(), await holders(), stage.server.requests.map(({ path }) => path)]).toEqual([[], [], []]);

  await read();
  await shows([1]);
  expect(await calls()).toContain("compile");
  expect(await holders()).toHaveLength(1);
});
