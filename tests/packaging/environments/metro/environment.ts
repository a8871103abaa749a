// React Native's own bundler, and its engine: the compiler of today's versions, and a virtual machine that runs outside of phones,
// which is older. What React Native gives to an app besides is in host.js.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect } from "vitest";
import type { Environment, RunArgument, RunResult } from "../environment.ts";

const platform = process.platform === "darwin" ? "osx-bin" : "linux64-bin";

export default [
  {
    name: "React Native (Metro, Hermes)",
    async run({ folder, execute, renders }) {
      await execute("metro", ["build", "index.js", "--platform=ios", "--minify=true", "--out=bundle.js"]);
      const program = (name: string) => join(folder, "node_modules", name);
      const compiler = program(`hermes-compiler/hermesc/${platform}/hermesc`);
      await execute(compiler, ["-O", "-w", "-emit-binary", "-out=bundle.hbc", "bundle.js"]);
      const bundle = readFileSync(join(folder, "bundle.js"), "utf8");
      expect(bundle).not.toContain("WebAssembly.compile");
      const engine = program(`hermes-engine-cli/${platform}/hermes`);
      await renders((argument) => runIn(engine, bundle, argument), { isWasm: false });
    },
  },
] satisfies Environment[];

/** Runs the bundle in the engine, line by line, and does what it asks for until it tells what it has shown. */
async function runIn(engine: string, bundle: string, { parts, runId, ...client }: RunArgument): Promise<RunResult> {
  const child = spawn(engine, ["-prompt=", "-prompt2="]);
  const aborts = new Map<number, AbortController>();
  const call = (name: string, ...args: unknown[]) =>
    child.stdin.write(`${name}(${args.map((arg) => JSON.stringify(arg)).join()});\n`);
  const answer = async (id: number, url: string, method: string, headers: [string, string][]) => {
    const abort = new AbortController();
    aborts.set(id, abort);
    try {
      const { status, headers: given, body } = await fetch(url, { method, headers, signal: abort.signal });
      call("host.head", id, status, [...given]);
      for await (const bytes of body ?? []) call("host.bytes", id, [...bytes]);
      call("host.end", id);
    } catch (error) {
      call("host.failed", id, String(error));
    }
  };
  const said: string[] = [];
  // It may be gone when something it asked for comes.
  child.stdin.on("error", () => {});
  child.stderr.on("data", (data) => said.push(String(data)));
  try {
    call("eval", bundle);
    call("start", runId, client, parts.length);
    for await (const line of createInterface(child.stdout)) {
      const [what, ...args] = JSON.parse(line.split("@@")[1] ?? "[]");
      if (what === "timer") setTimeout(() => call("host.fire", args[0]), args[1]);
      else if (what === "fetch") void answer(...(args as Parameters<typeof answer>));
      else if (what === "abort") aborts.get(args[0])?.abort();
      else if (what === "shown") return args[0];
      else said.push(line);
    }
    throw new Error(`it ended:\n${said.join("\n")}`);
  } finally {
    child.kill();
    for (const abort of aborts.values()) abort.abort();
  }
}
