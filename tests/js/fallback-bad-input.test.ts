// The answers and arguments of bad-input.test.ts where no WebAssembly may run. Only the core's is refused: Node's fetch has its own.
import { vi } from "vitest";

vi.mock("../../js/inflate.ts", () => ({ compileInlined: () => Promise.reject(new Error("refused")) }));

await import("./bad-input.test.ts");
