// "In front of a real S2": every command of that section, each in its terminal.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { streams } from "runstream";
import { afterAll, expect, it } from "vitest";
import { blocksOf, root } from "../site/pages.ts";
import { portLike, run, start } from "../site/shell.ts";

const data = mkdtempSync(join(tmpdir(), "runstream-s2-"));
afterAll(() => rmSync(data, { recursive: true, force: true }));

it("what is appended is there after both were stopped and started anew", async () => {
  const blocks = blocksOf("docs/site/dev-server.md").filter(({ section }) => section === "in-front-of-a-real-s2");
  expect(blocks.map(({ language, label }) => [language, label])).toEqual([
    ["sh", "S2"],
    ["sh", "the dev server"],
  ]);
  const [s2Port, port] = [await portLike(4984), await portLike(4983)];
  const [s2 = "", ...lines] = blocks.flatMap(({ code }) => code.trim().split("\n"));
  const dev = lines.pop();
  for (const line of lines) await run(line, { cwd: root });

  const client = { baseURL: `http://127.0.0.1:${port}`, accessToken: "tr_dev_runstream" };
  for (const part of ["before", "after"]) {
    const storage = start(`${s2.replace(" data", ` '${data}'`)} --port ${s2Port}`, { cwd: root });
    await storage.says(`http://127.0.0.1:${s2Port}`);
    const server = start(`${dev?.replace("4984", `${s2Port}`)} --port ${port}`, { cwd: root });
    await server.says("Ctrl-C stops it");
    await streams.append("answer", part, { target: "run_demo", ...client });
    const parts: string[] = [];
    const read = await streams.read<string>("run_demo", "answer", { ...client, timeoutInSeconds: 1 });
    for await (const part of read) parts.push(part);
    expect(parts).toEqual(part === "before" ? ["before"] : ["before", "after"]);
    await server.stop();
    await storage.stop();
  }
});
