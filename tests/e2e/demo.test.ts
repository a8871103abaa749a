import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { type DevServer, startDevServer } from "runstream/dev-server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { launchOptions } from "../../scripts/browser.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Includes a build, when something changed since the last one. */
const PATIENCE_MS = 240_000;

/** The demo with its output so far. */
interface Demo {
  child: ChildProcess;
  output: string;
  errors: string;
  ended: Promise<number | null>;
}

const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

function start(...args: string[]): Demo {
  const child = spawn(process.execPath, ["scripts/demo.mjs", ...args], { cwd: root });
  running.add(child);
  const ended = new Promise<number | null>((resolve) => {
    child.on("close", (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  const demo: Demo = { child, output: "", errors: "", ended };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    demo.output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    demo.errors += text;
  });
  return demo;
}

const lastLine = ({ output }: Demo) => output.trimEnd().split("\n").at(-1);

describe("npm run demo -- --once", { timeout: PATIENCE_MS }, () => {
  it("shows a run to its end across a cut", async () => {
    const demo = start("--once");
    expect(await demo.ended, demo.errors).toBe(0);
    expect(lastLine(demo)).toMatch(/^demo ok: [1-9]\d{2,} parts, [1-9]\d* reconnects$/);
  });

  describe("with a real service", () => {
    let service: DevServer;

    beforeAll(async () => {
      service = await startDevServer({ port: 0 });
      service.createRun({ id: "run_real" });
      service.append("run_real", "ai", { type: "start" });
      service.append("run_real", "ai", { type: "text-delta", id: "0", delta: "Hello" });
      service.append("run_real", "ai", { type: "finish" });
    });

    afterAll(() => service.close());

    const pointedAt = (token: string) => [
      ...["--base-url", service.url, "--run", "run_real", "--stream", "ai"],
      ...["--token", token],
    ];

    it("waits for the end of its stream", async () => {
      const demo = start("--once", ...pointedAt(await service.token("run_real")));
      expect(await demo.ended, demo.errors).toBe(0);
      expect(lastLine(demo)).toBe("demo ok: 3 parts, 0 reconnects");
    });

    it("says what is wrong, and fails", async () => {
      const demo = start("--once", ...pointedAt(await service.token("run_another")));
      expect(await demo.ended).toBe(1);
      expect(demo.errors).toMatch(/demo failed while waiting for the end of the stream:\s+unauthorized/);
    });
  });
});

describe("npm run demo", { timeout: PATIENCE_MS }, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch(launchOptions());
  });

  afterAll(() => browser.close());

  it("serves a page that cancels, starts anew, stops and resumes, until Ctrl-C", async () => {
    const demo = start("--port", "0");
    await expect.poll(() => demo.output, { timeout: PATIENCE_MS, interval: 100 }).toContain("Ctrl-C");
    const address = /^ {2}page +(http:\S+)$/m.exec(demo.output)?.[1] as string;
    const server = /^ {2}dev server +(http:\S+) /m.exec(demo.output)?.[1] as string;
    expect((await fetch(`${server}/dev/health`)).status).toBe(200);

    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) problems.push(message.text());
    });
    const press = (name: string) => page.getByRole("button", { name }).click();
    const figure = async (name: string) => Number(await page.locator(`[data-figure="${name}"]`).textContent());
    const untilParts = (count: number) =>
      expect.poll(() => figure("Parts"), { timeout: 30_000 }).toBeGreaterThanOrEqual(count);

    await page.goto(address);
    await untilParts(20);
    await press("Cancel");
    await page.getByText("Cancelled: the task heard it").waitFor();
    expect(await page.locator("progress").getAttribute("value")).not.toBe("100");

    await press("Start a new run");
    await expect.poll(() => figure("Parts"), { timeout: 30_000 }).toBeLessThan(15);
    await untilParts(20);
    await press("Stop reading");
    await page.getByRole("status").getByText("Stopped").waitFor();
    const stoppedAt = await figure("Parts");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await figure("Parts")).toBe(stoppedAt);
    await press("Resume reading");
    await untilParts(stoppedAt + 20);

    // Whoever comes late reads from the start.
    await page.reload();
    await page.getByText("Complete", { exact: true }).waitFor();
    expect(await page.locator(".answer").textContent()).toMatch(/^This answer reaches you .* ordinary React ♥$/s);
    expect(problems).toEqual([]);
    await page.close();

    demo.child.kill("SIGINT");
    expect(await demo.ended).toBe(0);
    expect(demo.errors).toBe("");
    await expect(fetch(`${server}/dev/health`)).rejects.toThrow();
  });
});

describe("arguments that make no sense", () => {
  it.each([
    ["--onec", /Unknown option '--onec'/],
    ["once", /Unexpected argument 'once'/],
    ["--once=yes", /'--once' does not take an argument/],
    ["--port", /--port needs a value/],
    ["--port http", /--port "http" is not a port; give a whole number from 0 to 65535/],
    ["--port 65536", /--port "65536" is not a port/],
    ["--run run_1", /--run run_1 cannot be read without a token; .* with --token <token>/],
    ["--run --token t", /--run needs a value/],
    ["--token t", /--token is about a run of a real service; name the run with --run <id>/],
    ["--base-url https://api.example.com", /--base-url is about a run of a real service/],
    ["--stream ai", /--stream is about a run/],
    ["--run r --token t --base-url api.example.com", /--base-url "api.example.com" is not an address; .* http/],
    ["--run r --token=", /--token is empty/],
    ["--run r --token t --screenshot", /--screenshot shows the demo's own run; leave --run out/],
  ])("%s: exit code 2, and the way out", async (args, message) => {
    const demo = start(...args.split(" "));
    expect(await demo.ended).toBe(2);
    expect(demo.errors).toMatch(message);
    expect(demo.errors).toContain('Run "npm run demo -- --help" for the options.');
    expect(demo.output).toBe("");
  });

  it("--help is not one of them", async () => {
    const demo = start("--help");
    expect(await demo.ended).toBe(0);
    expect(demo.output).toContain("Usage: npm run demo");
    expect(demo.errors).toBe("");
  });
});
