export const QUESTION = "What does runstream do, and what happens when my connection breaks?";

const ANSWER = `This answer reaches you as several hundred small parts ⚡ Each is a UIMessageChunk that the AI SDK made and a run wrote into its stream. A Rust core, compiled to WebAssembly, turns the bytes of the connection back into parts, and React renders them as fast as it can and no faster.

Connections break: laptops sleep, trains enter tunnels, proxies lose patience ☕ The core knows the last part it delivered. It waits a moment, a tenth of a second at first and never more than five, and asks for what comes next. Nothing is lost and nothing is shown twice. Press “Cut the connection” and watch the counters: the server resets the socket for real, and this sentence goes on as if nothing had happened 😀

Letters are safe as well. A network chunk may end anywhere, in the middle of a character too: naïve, Žluťoučký kůň, Ελληνικά, Кириллица, π ≈ 3.14159, ∞ ≠ 0, 😃😄😁. The decoder keeps the half it has until the other half arrives.

The bar above is a second stream of the same run, with a type of its own. “Cancel” goes the other way: the page sends to an input stream, the task hears it and stops the model, and a last part says so. Reload in the middle, or open this page in a second tab: whoever comes late reads from the first part and catches up.

All of it is one hook, useRealtimeStream(answer, runId). The rest of this page is ordinary React ♥`;

/** The answer in pieces about as large as a language model's tokens. */
export const tokens = (): string[] => ANSWER.match(/\s?\S{1,6}|\s/gu) ?? [];
