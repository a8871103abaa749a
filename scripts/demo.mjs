// Sets up, builds, and shows a run on a page: `npm run demo`. With --once a browser watches it to the end instead of you.
import { mkdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { screenshot, watch } from "./demo-watch.mjs";
import { cache, root, Stop, script, seconds } from "./lib.mjs";
import { setup } from "./setup.mjs";

const HELP = `A run on a page: text token by token, its progress, and a connection to cut.

Usage: npm run demo -- [options]

  --port <n>         port of the page, 0 for any free one (default 5173, or the next that is free)
  --once             no page for you: a browser opens it, cuts the connection on the way, checks the whole text, and ends
  --screenshot       makes docs/demo.png, and ends
  --help             print this

To show a run of a real service instead of the demo's own:

  --run <id>         the run
  --token <token>    a public access token that may read it
  --stream <key>     the stream: of UIMessageChunks or of text (default "default")
  --base-url <url>   the service (default https://api.trigger.dev)
`;

const DEV_SERVER_PORT = 4983;
const PAGE_PORT = 5173;
const example = join(root, "examples", "react");

async function main() {
  const options = parse(process.argv.slice(2));
  if (typeof options === "string") {
    console.error(`demo: ${options}\nRun "npm run demo -- --help" for the options.`);
    process.exitCode = 2;
    return;
  }
  if (options.help) return void process.stdout.write(HELP);

  const start = performance.now();
  const isForYou = !options.once && !options.screenshot;
  await setup({ browser: !isForYou });
  await build();
  linkPackage();
  const prepared = performance.now() - start;

  const closers = [];
  try {
    const devServer = options.run === undefined ? await startDevServer(isForYou ? DEV_SERVER_PORT : 0) : undefined;
    if (devServer) closers.push(devServer);
    const page = await (isForYou ? serveSources : serveBuilt)(options.port);
    closers.push(page);
    const address = page.url + hashOf(options);
    if (options.once) return await watch(address, devServer);
    if (options.screenshot) return await screenshot(address, join(root, "docs", "demo.png"));
    console.log(welcome(address, devServer, prepared, performance.now() - start));
    await untilStopped();
  } finally {
    for (const closer of closers.reverse()) await closer.close();
  }
}

function parse(args) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        port: { type: "string" },
        once: { type: "boolean" },
        screenshot: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        run: { type: "string" },
        token: { type: "string" },
        stream: { type: "string" },
        "base-url": { type: "string" },
      },
    }));
  } catch (error) {
    const name = /^Option '(--[\w-]+).* argument (missing|is ambiguous)/.exec(error.message)?.[1];
    return name ? `${name} needs a value.` : error.message.replace(/\. .*|$/s, ".");
  }
  const { port, run, token, stream, "base-url": baseUrl } = values;
  for (const [name, value] of Object.entries(values)) {
    if (value === "") return `--${name} is empty; give a value, or leave the option out.`;
  }
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535))
    return `--port "${port}" is not a port; give a whole number from 0 to 65535.`;
  if (baseUrl !== undefined && !/^https?:\/\/[^/]/.test(baseUrl))
    return `--base-url "${baseUrl}" is not an address; give one that begins with http:// or https://.`;
  if (run === undefined && (token ?? stream ?? baseUrl) !== undefined)
    return `--${token !== undefined ? "token" : stream !== undefined ? "stream" : "base-url"} is about a run of a real service; name the run with --run <id>.`;
  if (run !== undefined && token === undefined)
    return `--run ${run} cannot be read without a token; give its public access token with --token <token>.`;
  if (run !== undefined && values.screenshot) return "--screenshot shows the demo's own run; leave --run out.";
  return { ...values, port: port === undefined ? undefined : Number(port), baseUrl };
}

/** Puts pkg where the page, its plugin and Node look for the package "runstream": as an installation would. */
function linkPackage() {
  const modules = join(example, "node_modules");
  const link = join(modules, "runstream");
  const pkg = join(root, "pkg");
  try {
    if (realpathSync(link) === realpathSync(pkg)) return;
  } catch {
    // Not there, or a link to nowhere.
  }
  mkdirSync(modules, { recursive: true });
  rmSync(link, { recursive: true, force: true });
  symlinkSync(pkg, link, "junction");
}

/** The package's own dev server. Vite's configuration finds it, and the key, where a task would. */
async function startDevServer(port) {
  const { startDevServer } = await import("../pkg/dist/dev-server.js");
  const server = await startDevServer({ port }).catch((error) => {
    if (error.code === "EADDRINUSE") return startDevServer({ port: 0 });
    throw error;
  });
  process.env.TRIGGER_API_URL = server.url;
  process.env.TRIGGER_SECRET_KEY = server.secretKey;
  return server;
}

const viteConfig = { configFile: join(example, "vite.config.ts") };

/** The page from its sources, updating as they change. */
async function serveSources(port = undefined) {
  const { createServer } = await import("vite");
  const server = await createServer({
    ...viteConfig,
    clearScreen: false,
    logLevel: "warn",
    server: { host: "127.0.0.1", port: port ?? PAGE_PORT, strictPort: port !== undefined },
  });
  await listening(port, () => server.listen());
  return { url: urlOf(server.httpServer), close: () => server.close() };
}

/** The page as it would be deployed. */
async function serveBuilt(port = 0) {
  const { build, preview } = await import("vite");
  const outDir = join(cache, `demo-${process.pid}`);
  const config = { ...viteConfig, logLevel: "warn", build: { outDir, emptyOutDir: true } };
  const remove = () => rmSync(outDir, { recursive: true, force: true });
  try {
    await build(config);
    const preferred = { host: "127.0.0.1", port, strictPort: true };
    const server = await listening(port, () => preview({ ...config, preview: preferred }));
    return { url: urlOf(server.httpServer), close: () => server.close().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

function listening(port, listen) {
  return listen().catch((error) => {
    throw /already in use/.test(error.message)
      ? new Stop(`port ${port} is already in use; stop what listens there, or choose another with --port.`)
      : error;
  });
}

const urlOf = (server) => `http://127.0.0.1:${server.address().port}/`;

/** Where the page reads which run to show. */
function hashOf({ run, token, stream, baseUrl }) {
  if (run === undefined) return "";
  const named = { run, token, stream, "base-url": baseUrl };
  return `#${new URLSearchParams(Object.entries(named).filter(([, value]) => value !== undefined))}`;
}

function welcome(address, devServer, prepared, total) {
  const lines = [`  page         ${address}`];
  if (devServer) lines.push(`  dev server   ${devServer.url}   (in memory: no account needed)`);
  return `
demo: ready in ${seconds(total)}, of which set-up and build took ${seconds(prepared)}

${lines.join("\n")}

  Ctrl-C stops everything.`;
}

function untilStopped() {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}

script(import.meta.url, main);
