// Servers in processes of their own, which can be killed as a machine kills them.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { cache } from "../../scripts/lib.mjs";
import { s2 as program } from "../../scripts/s2.mjs";

export const BASIN = "runstream-test";

export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
}

/** A real S2: on a directory, else in memory. Resolves when it listens. */
export function startS2({ dir, port = 0 }: { dir?: string; port?: number } = {}): Promise<ServerProcess> {
  const where = dir === undefined ? [] : ["--dir", dir];
  return start(program, ["--basin", BASIN, "--port", String(port), ...where]);
}

let command: Promise<string> | undefined;

/** `runstream dev --s2`. Resolves when it listens. */
export async function startDevProcess(s2: ServerProcess, port = 0): Promise<ServerProcess> {
  command ??= bundle();
  const args = [await command, "dev", "--s2", s2.url, "--basin", BASIN, "--port", String(port)];
  return start(process.execPath, args);
}

async function bundle(): Promise<string> {
  const outfile = join(cache, "s2", "dev-server.mjs");
  const entry = fileURLToPath(new URL("../../js/dev-server/cli.ts", import.meta.url));
  const options = { bundle: true, platform: "node", format: "esm", target: "node20" } as const;
  await build({ ...options, entryPoints: [entry], outfile, logLevel: "warning" });
  return outfile;
}

/** What it says first on its standard output holds its address. */
async function start(file: string, args: string[]): Promise<ServerProcess> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  // Nothing outlives the tests.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  void gone.then(() => process.off("exit", kill));
  const url = await address(child);
  return {
    url,
    port: Number(new URL(url).port),
    kill() {
      kill();
      return gone;
    },
  };
}

function address(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    let complaints = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
      if (url) resolve(url);
    });
    // That the other one is away is no news, unless this one never comes to listening.
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complaints += text;
    });
    child.once("error", reject);
    child.once("close", (code, signal) =>
      reject(new Error(`gone (${signal ?? code}) after saying: ${said}${complaints}`)),
    );
  });
}
