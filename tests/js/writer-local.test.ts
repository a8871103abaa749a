// The copy of a source that stays with whoever pipes it: read here, or the body of a Response.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { pipeTo } from "../../js/write/pipe.ts";
import { collect, newBench, numbers, slowly } from "./writer-support.ts";

const bench = newBench();
const decoder = () => new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>;
const pipe = <T>(parts: Iterable<T>) => pipeTo(bench.target(), slowly(parts));

describe("read here", () => {
  test("it is an async iterable and a ReadableStream of the parts themselves", async () => {
    const part = { a: 1 };
    const { stream, waitUntilComplete } = pipe([part, "b"]);
    expect(stream).toBeInstanceOf(ReadableStream);
    const reader = stream.getReader();
    expect((await reader.read()).value).toBe(part);
    expect(stream.locked).toBe(true);
    reader.releaseLock();
    expect(await collect(stream)).toEqual(["b"]);
    await waitUntilComplete();
  });

  test("it can be read before, while and after it is written", async () => {
    const { stream, waitUntilComplete } = pipe(numbers(1_000));
    await waitUntilComplete();
    expect(await collect(stream)).toEqual(numbers(1_000));
  });

  test("it can be teed, piped through and piped on", async () => {
    const [one, two] = pipe(["a", "b"]).stream.tee();
    expect(await Promise.all([collect(one), collect(two)])).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    const upper = new TransformStream<string, string>({
      transform: (part, controller) => controller.enqueue(part.toUpperCase()),
    });
    expect(await collect(pipe(["a", "b"]).stream.pipeThrough(upper))).toEqual(["A", "B"]);
    const written: string[] = [];
    await pipe(["a"]).stream.pipeTo(new WritableStream({ write: (part) => void written.push(part) }));
    expect(written).toEqual(["a"]);
    expect(await collect(Readable.fromWeb(pipe([{ a: 1 }]).stream as never, { objectMode: true }))).toEqual([{ a: 1 }]);
  });

  test("who stops reading stops nothing else", async () => {
    const { stream, waitUntilComplete } = pipe(numbers(50));
    for await (const part of stream) if (part === 3) break;
    await waitUntilComplete();
    expect(bench.stored()).toEqual(numbers(50));
    await pipe(["x"]).stream.cancel();
    await vi.waitUntil(() => bench.stored().includes("x"));
  });

  test("who does not read loses the copy, once it is too large, and nothing else", { timeout: 30_000 }, async () => {
    const parts = numbers(17).map((n) => n + "x".repeat(1_000_000));
    const { stream, waitUntilComplete } = pipe(parts);
    await waitUntilComplete();
    expect(bench.stored()).toHaveLength(17);
    await expect(collect(stream)).rejects.toMatchObject({ code: "buffer-exceeded" });
  });
});

describe("the body of a Response", () => {
  test("strings are its text", async () => {
    const { stream, waitUntilComplete } = pipe(["Hello", ", ", "wörld 🎉"]);
    expect(await new Response(stream).text()).toBe("Hello, wörld 🎉");
    await waitUntilComplete();
    expect(bench.stored()).toEqual(["Hello", ", ", "wörld 🎉"]);
  });

  test("bytes are its bytes, and anything else is an event of an event stream", async () => {
    const bytes = new Uint8Array([0xf0, 0x9f, 0x8e, 0x89]);
    expect(await new Response(pipe([bytes]).stream).text()).toBe("🎉");
    const response = new Response(pipe([{ type: "text-delta", delta: "a" }, null]).stream, {
      headers: { "Content-Type": "text/event-stream" },
    });
    expect(await response.text()).toBe('data: {"type":"text-delta","delta":"a"}\n\ndata: null\n\n');
  });

  test("its own body is read as bytes, in every way there is", async () => {
    const body = () => new Response(pipe(["ab"]).stream).body as ReadableStream<Uint8Array>;
    const bytes = new TextEncoder().encode("ab");
    expect((await body().getReader().read()).value).toEqual(bytes);
    expect(await collect(body())).toEqual([bytes]);
    expect(await collect(body().tee()[0])).toEqual([bytes]);
    const text = body().pipeThrough(decoder());
    expect(await collect(text)).toEqual(["ab"]);
    expect(await new Response(pipe(["ab"]).stream).clone().text()).toBe("ab");
  });

  test("where the platform reads a body without the stream's methods it finds bytes, too", async () => {
    const { getReader } = ReadableStream.prototype as { getReader: () => ReadableStreamDefaultReader };
    const reader = Reflect.apply(getReader, pipe(["ab"]).stream, []);
    expect((await reader.read()).value).toEqual(new TextEncoder().encode("ab"));
    expect((await reader.read()).done).toBe(true);
  });

  test("it streams to a client while the source goes on", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* source() {
      yield "first ";
      await held;
      yield "second";
    }
    const http = createServer((_, answer) => {
      const { stream } = pipeTo(bench.target(), source());
      Readable.fromWeb(new Response(stream).body as never).pipe(answer);
    });
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const response = await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
    const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(decoder()).getReader();
    expect((await reader.read()).value).toBe("first ");
    release();
    expect((await reader.read()).value).toBe("second");
    expect((await reader.read()).done).toBe(true);
    http.close();
  });

  test("a source that throws breaks the body off", async () => {
    async function* source() {
      yield "a";
      throw new Error("boom");
    }
    const { stream } = pipeTo(bench.target(), source());
    await expect(new Response(stream).text()).rejects.toThrow("boom");
  });

  test("a stream that is being read is none", async () => {
    const { stream } = pipe(["a", "b"]);
    const reader = stream.getReader();
    await reader.read();
    expect(() => new Response(stream)).toThrow(TypeError);
    reader.releaseLock();
    expect(await collect(stream)).toEqual(["b"]);
  });
});
