// The terminals of a person who follows a page.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

/** `env` is what was exported there. */
type Terminal = { cwd: string; env?: Record<string, string> };

const environment = (env = {}) => ({ ...process.env, NODE_ENV: "", ...env });

/** Resolves to what the commands print when the last has ended, and rejects when one fails. */
export async function run(commands: string, { cwd, env }: Terminal): Promise<string> {
  const { stdout } = await promisify(execFile)("sh", ["-ec", commands], { cwd, env: environment(env) });
  return stdout;
}

export type Running = {
  /** What it has printed so far, grows. */
  readonly output: string;
  /** Resolves when it has printed that, and rejects if it ends before. */
  says(text: string): Promise<void>;
  /** Its exit code, or the signal that ended it. */
  readonly over: Promise<unknown>;
  /** Ctrl-C, which whatever it started hears, too. */
  stop(): Promise<unknown>;
};

/** Commands that go on. They are stopped with the test that starts them. */
export function start(commands: string, { cwd, env }: Terminal): Running {
  const child = spawn("sh", ["-ec", commands], { cwd, env: environment(env), detached: true });
  let output = "";
  const over = once(child, "close").then(([code, signal]) => code ?? signal);
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  const running: Running = {
    get output() {
      return output;
    },
    async says(text) {
      const isOver = over.then(() => true);
      while (!output.includes(text))
        if (await Promise.race([isOver, sleep(20)])) throw new Error(`${commands} ended:\n${output}`);
    },
    over,
    stop() {
      if (child.pid && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, "SIGINT");
      return over;
    },
  };
  onTestFinished(async () => void (await running.stop()));
  return running;
}

/** The port of the page, unless something else on this machine listens there. */
export async function portLike(port: number): Promise<number> {
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
      });
    });
  return listen(port).catch(() => listen(0));
}
