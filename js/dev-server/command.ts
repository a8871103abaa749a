import { parseArgs } from "node:util";
import { parseDuration } from "./durations.ts";
import { S2 } from "./s2.ts";
import {
  DEFAULT_PORT,
  DEFAULT_SECRET_KEY,
  type DevServer,
  type DevServerOptions,
  type S2Options,
  startDevServer,
} from "./server.ts";

const HELP = `runstream dev: a Trigger.dev Realtime Streams server in memory, on 127.0.0.1

Usage: runstream dev [options]

  --port <n>             port to listen on, 0 for any free one (default ${DEFAULT_PORT})
  --secret-key <key>     the key that writers send and that signs tokens (default ${DEFAULT_SECRET_KEY})
  --retention <time>     how long a v2 stream keeps a record: 30s, 15m, 12h, 28d (default 28d)
  --ignore-start-latest  overlook "from: latest", as older servers do
  --s2 <url>             keep the streams in a real S2 that listens there, instead of in memory
  --basin <name>         the basin in that S2
  --s2-token <token>     its access token (default the environment's S2_ACCESS_TOKEN; s2-lite needs none)
  --help                 print this
`;

/** The world around the command, so that a test can stand in for it. */
export interface Surroundings {
  out(text: string): void;
  error(text: string): void;
  /** Resolves when the server is to stop. */
  untilStopped(server: DevServer): Promise<void>;
}

/** Runs `runstream <args>`. Returns the exit code: 0, 1 when it could not start, 2 when the arguments make no sense. */
export async function main(args: readonly string[], { out, error, untilStopped }: Surroundings): Promise<number> {
  const parsed = parse(args);
  if (typeof parsed === "string") {
    error(`runstream: ${parsed}\nRun "runstream dev --help" for the options.\n`);
    return 2;
  }
  if (parsed.help) {
    out(HELP);
    return 0;
  }
  let server: DevServer;
  try {
    server = await startDevServer(parsed.options);
  } catch (cause) {
    error(`runstream: ${whyNotStarted(cause, parsed.options.port ?? DEFAULT_PORT)}\n`);
    return 1;
  }
  server.createRun({ id: "run_demo" });
  out(welcome(server, await server.token("run_demo", { expiresIn: "24h" }), parsed.options.s2));
  const trouble = parsed.options.s2 && (await new S2(parsed.options.s2).trouble());
  if (trouble) error(`runstream: ${trouble}.\n`);
  await untilStopped(server);
  await server.close();
  return 0;
}

function parse(args: readonly string[]): { help: boolean; options: DevServerOptions } | string {
  let found: ReturnType<typeof parseDevArgs>;
  try {
    found = parseDevArgs(args);
  } catch (cause) {
    return (cause as Error).message.replace(/\. To specify a positional argument.*/s, ".");
  }
  const { values, positionals } = found;
  const [command, extra] = positionals;
  if (values.help || (command === "help" && extra === undefined)) return { help: true, options: {} };
  if (command === undefined) return 'no command given; did you mean "runstream dev"?';
  if (command !== "dev") return `unknown command "${command}"; the only one is "dev".`;
  if (extra !== undefined) return `unexpected argument "${extra}"; "dev" takes options only.`;
  const { port, "secret-key": secretKey, "ignore-start-latest": ignoreStartLatest, s2: endpoint, basin } = values;
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    return `--port "${port}" is not a port; give a whole number from 0 to 65535.`;
  }
  if (secretKey === "") return '--secret-key "" is empty; give any other text, or leave the option out.';
  const retentionMs = values.retention === undefined ? undefined : parseDuration(values.retention);
  if (values.retention !== undefined && !retentionMs)
    return `--retention "${values.retention}" is not a time; give one such as 12h or 28d.`;
  if (endpoint !== undefined && !/^https?:\/\/./.test(endpoint))
    return `--s2 "${endpoint}" is not a URL; give one such as http://127.0.0.1:4984.`;
  if (endpoint !== undefined && !basin) return "--s2 needs the name of a basin too: --basin <name>.";
  if (endpoint === undefined && (basin !== undefined || values["s2-token"] !== undefined))
    return "--basin and --s2-token are for --s2; give that too.";
  const token = values["s2-token"] ?? process.env.S2_ACCESS_TOKEN;
  const s2 = endpoint !== undefined && basin ? { endpoint, basin, token: token || undefined } : undefined;
  return {
    help: false,
    options: {
      port: port === undefined ? undefined : Number(port),
      secretKey,
      retentionMs,
      honorStartLatest: !ignoreStartLatest,
      s2,
    },
  };
}

function parseDevArgs(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      port: { type: "string" },
      "secret-key": { type: "string" },
      retention: { type: "string" },
      "ignore-start-latest": { type: "boolean" },
      s2: { type: "string" },
      basin: { type: "string" },
      "s2-token": { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function whyNotStarted(cause: unknown, port: number): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return `port ${port} is already in use; stop what listens there, or choose another with --port.`;
  if (code === "EACCES") return `port ${port} may not be used by this user; choose one above 1023 with --port.`;
  return `could not listen on 127.0.0.1:${port}: ${message}`;
}

function welcome(server: DevServer, token: string, s2: S2Options | undefined): string {
  const where = s2
    ? `The streams are in the basin "${s2.basin}" of ${s2.endpoint}; runs and waitpoints are in memory.`
    : "Everything is in memory and gone when this stops.";
  return `runstream dev server on ${server.url}
  Open that in a browser: a page shows runs, their streams and who reads them.

  A run to read from and send to, ready made (POST ${server.url}/dev/runs makes more):
    run id               run_demo
    public access token  ${token}

  For the writer, the official SDK included:
    TRIGGER_API_URL=${server.url}
    TRIGGER_SECRET_KEY=${server.secretKey}

  ${where} Ctrl-C stops it.
`;
}
