// docs -> .cache/site/html, the documentation as a site: `npm run docs`. With --serve it is served while it is written.
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { root, Stop, script } from "./lib.mjs";
import { setup } from "./setup.mjs";

const site = join(root, "docs", "site");
export const html = join(root, ".cache", "site", "html");

script(import.meta.url, async () => {
  const { serve } = parseArgs({ options: { serve: { type: "boolean" } } }).values;
  await setup();
  const { build, createServer } = await import("vitepress");
  if (serve) {
    const server = await createServer(site, { host: "127.0.0.1" });
    await server.listen();
    return server.printUrls();
  }
  await build(site).catch((error) => {
    throw new Stop(`the site cannot be built: ${error.message}`);
  });
  console.log(relative(root, html));
});
