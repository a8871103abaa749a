// Which run code works for.
import { configure, streams, withRun } from "runstream";
import { afterEach, describe, expect, test, vi } from "vitest";
import { startDevServer } from "../../js/dev-server/server.ts";
import { currentRun, holdRun, onRunEnd } from "../../js/run-context.ts";
import { targetOf } from "../../js/write/target.ts";

afterEach(() => {
  configure({});
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const pause = () => new Promise((resolve) => setImmediate(resolve));

describe("withRun", () => {
  test("is the current run inside, also after an await, and nowhere else", async () => {
    const seen = async (id: string) => {
      await pause();
      const inner = await withRun({ id: `${id}-child`, parentId: id }, async () => {
        await pause();
        return currentRun()?.id;
      });
      return [currentRun()?.id, inner];
    };
    const both = await Promise.all(["run_a", "run_b"].map((id) => withRun({ id }, () => seen(id))));
    expect(both).toEqual([
      ["run_a", "run_a-child"],
      ["run_b", "run_b-child"],
    ]);
    expect(currentRun()).toBeUndefined();
  });

  test("gives back what the function returns or throws, at once or later", async () => {
    const run = { id: "run_a" };
    expect(withRun(run, () => 1)).toBe(1);
    expect(await withRun(run, async () => 2)).toBe(2);
    expect(() =>
      withRun(run, () => {
        throw new Error("now");
      }),
    ).toThrow("now");
    await expect(withRun(run, () => Promise.reject(new Error("later")))).rejects.toThrow("later");
  });

  test("refuses a run without an id", () => {
    for (const id of ["", undefined, 5]) {
      expect(() => withRun({ id: id as string }, () => {})).toThrow(/the run's id is/);
    }
  });

  test("lends its token and its address to the calls inside", async () => {
    const server = await startDevServer({ port: 0 });
    const { id } = server.createRun();
    server.append(id, "chat", "hello");
    configure({ accessToken: "other", baseURL: "http://127.0.0.1:1" });
    const first = await withRun({ id, accessToken: server.secretKey, baseURL: server.url }, async () => {
      for await (const part of await streams.read(id, "chat")) return part;
    });
    expect(first).toBe("hello");
    await server.close();
  });

  test("needs AsyncLocalStorage, and says so where there is none", () => {
    const key = Symbol.for("runstream.run");
    const global = globalThis as { [key: symbol]: unknown };
    const kept = global[key];
    delete global[key];
    vi.stubGlobal("process", { env: {} });
    expect(() => withRun({ id: "run_a" }, () => {})).toThrow(/AsyncLocalStorage.*target/);
    vi.unstubAllGlobals();
    global[key] = kept;
  });
});

describe("the end of a run", () => {
  test("is when its function has settled, however it did", async () => {
    const ended: string[] = [];
    const run = (id: string, fn: () => unknown) =>
      withRun({ id }, () => {
        onRunEnd(() => ended.push(id));
        return fn();
      });
    run("returned", () => {});
    expect(ended).toEqual(["returned"]);
    expect(() =>
      run("threw", () => {
        throw new Error();
      }),
    ).toThrow();
    const resolved = run("resolved", pause);
    await Promise.resolve();
    expect(ended).toEqual(["returned", "threw"]);
    await resolved;
    await expect(run("rejected", () => Promise.reject(new Error()))).rejects.toThrow();
    expect(ended).toEqual(["returned", "threw", "resolved", "rejected"]);
  });

  test("forgets a callback that was unregistered", async () => {
    const callback = vi.fn();
    await withRun({ id: "run_a" }, async () => {
      onRunEnd(callback)();
    });
    expect(callback).not.toHaveBeenCalled();
  });

  test("waits for what is being written, failed or not", async () => {
    let finish = () => {};
    const writing = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const order: string[] = [];
    const run = withRun({ id: "run_a" }, async () => {
      holdRun(writing);
      holdRun(Promise.reject(new Error("lost")));
      onRunEnd(() => order.push("ended"));
    }).then(() => order.push("settled"));
    await pause();
    order.push("written");
    finish();
    await run;
    expect(order).toEqual(["written", "ended", "settled"]);
  });

  test("does not wait for ever", async () => {
    vi.useFakeTimers();
    const run = withRun({ id: "run_a" }, async () => holdRun(new Promise(() => {})));
    await vi.advanceTimersByTimeAsync(60_000);
    await run;
  });
});

describe("a target", () => {
  const options = { accessToken: "key" };
  const idOf = (target?: string) => targetOf("pipe", "chat", { ...options, target }).runId;

  test("is the run itself, its parent, its root, or the one named", () => {
    withRun({ id: "run_a", parentId: "run_p", rootId: "run_r" }, () => {
      expect([undefined, "self", "parent", "root", "run_x"].map(idOf)).toEqual([
        "run_a",
        "run_a",
        "run_p",
        "run_r",
        "run_x",
      ]);
    });
    withRun({ id: "run_a" }, () => expect(["parent", "root"].map(idOf)).toEqual(["run_a", "run_a"]));
  });

  test("is required outside a run, and the error says how to give it", () => {
    for (const target of [undefined, "self", "parent", "root"]) {
      expect(() => idOf(target)).toThrow(/no current run; give a run id as the target option/);
    }
    expect(idOf("run_x")).toBe("run_x");
  });

  test("is refused when it is no name", () => {
    for (const target of ["", 5, null]) expect(() => idOf(target as string)).toThrow(/target is/);
  });
});
