import { decodeJwt } from "jose";
import { expect } from "vitest";
import { inComponent, inFunction, type Load, leaveOut, type Page, run, type Test } from "./entries.ts";
import { collect, type Stage } from "./stage.ts";

const MADE = { around: inFunction("", "return publicToken;") };

const make = async (load: Load): Promise<string> => (await load()).fragment();

/** Reads a stream of a run with the token. */
async function read(stage: Stage, publicToken: string, options: Parameters<Stage["server"]["createRun"]>[0]) {
  const { streams } = await import("runstream");
  stage.runId = stage.server.createRun(options).id;
  stage.append("chat", "a");
  stage.endReading("chat");
  return collect(await streams.read(stage.runId, "chat", { accessToken: publicToken }));
}

/** A token with these scopes, which lets this run be read and no other. */
const reads =
  (scopes: string[], options: Parameters<Stage["server"]["createRun"]>[0]): Test =>
  async (stage, load) => {
    const publicToken = await make(load);
    expect(decodeJwt(publicToken)).toMatchObject({ scopes });
    expect(await read(stage, publicToken, options)).toEqual(["a"]);
    if (scopes.includes("read:runs")) return;
    await expect(read(stage, publicToken, {})).rejects.toMatchObject({ code: "unauthorized" });
  };

export const auth: Page = {
  page: "realtime/auth.mdx",
  entries: {
    "Creating Public Access Tokens #1": run("c83eb57d", MADE, async (stage, load) => {
      const publicToken = await make(load);
      expect(decodeJwt(publicToken)).not.toHaveProperty("scopes");
      await expect(read(stage, publicToken, {})).rejects.toMatchObject({ code: "unauthorized" });
    }),
    "Scopes #1": run("1736b6ad", MADE, reads(["read:runs"], {})),
    "Scopes #2": run("a766840f", MADE, reads(["read:runs:run_1234", "read:runs:run_5678"], { id: "run_1234" })),
    "Scopes #3": run(
      "a2fe1aad",
      MADE,
      reads(["read:tasks:my-task-1", "read:tasks:my-task-2"], { taskIdentifier: "my-task-2" }),
    ),
    "Scopes #4": run("8d9f0d2c", MADE, reads(["read:tags:my-tag-1", "read:tags:my-tag-2"], { tags: ["my-tag-1"] })),
    "Scopes #5": run("dec6e628", MADE, reads(["read:batch:batch_1234"], { batchId: "batch_1234" })),
    "Scopes #6": run(
      "57011504",
      MADE,
      reads(["read:tasks:my-task-1", "read:tasks:my-task-2", "read:tags:my-tag-1", "read:tags:my-tag-2"], {
        tags: ["my-tag-2"],
      }),
    ),
    "Expiration #1": run("319d3241", MADE, async (_, load) => {
      const { iat = 0, exp = 0 } = decodeJwt(await make(load));
      expect(exp - iat).toBe(60 * 60);
    }),
    "Refreshing an expired token #1": run(
      "c2bda7e8",
      { around: inComponent({ runId: "string", accessToken: "string" }) },
      async (stage, load) => {
        stage.append("frames", { url: "a" });
        const asked = stage.serveToken("/api/realtime-token");
        const { Fragment } = await load();
        const page = await stage.render(Fragment, { runId: stage.runId, accessToken: await stage.expiredToken() });
        await page.shows('{"url":"a"}');
        expect(asked).toHaveBeenCalledTimes(1);
      },
    ),
    ...leaveOut("trigger tokens trigger tasks", {
      "Creating Trigger Tokens #1": "ed1da3dc",
      "Multiple tasks #1": "a53d1ca1",
      "Multiple use #1": "b13d3740",
      "Expiration #2": "86e93c92",
    }),
  },
};
