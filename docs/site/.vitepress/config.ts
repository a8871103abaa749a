import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type DefaultTheme, defineConfig } from "vitepress";

const docs = fileURLToPath(new URL("../..", import.meta.url));
const root = dirname(docs);
const repository = /^repository = "(.*)"$/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))?.[1];

/** Of these only what is there: the other documents are written elsewhere, and are pages as they are. */
const pages = (...items: Array<[text: string, page: string]>): DefaultTheme.SidebarItem[] =>
  items
    .filter(([, page]) => [`site/${page}.md`, `${page}.md`].some((path) => existsSync(join(docs, path))))
    .map(([text, page]) => ({ text, link: `/${page}` }));

export default defineConfig({
  title: "runstream",
  description: "Trigger.dev Realtime Streams in React: every part once, in order, or an error you can see",
  lang: "en",
  // The documents beside this folder are pages of the site, too; the pages of this folder stand at its top.
  srcDir: docs,
  rewrites: { "site/:page": ":page" },
  outDir: join(root, ".cache", "site", "html"),
  cacheDir: join(root, ".cache", "site", "vite"),
  ignoreDeadLinks: "localhostLinks",
  head: [["meta", { name: "color-scheme", content: "light dark" }]],
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    docFooter: { prev: "Before", next: "Next" },
    nav: [
      { text: "Start", link: "/start" },
      { text: "Concepts", link: "/concepts" },
      { text: "Reference", link: "/hooks" },
      { text: "Recipes", link: "/recipes" },
      { text: "Errors", link: "/errors" },
    ],
    sidebar: [
      {
        text: "Begin",
        items: pages(
          ["Start in five minutes", "start"],
          ["Concepts", "concepts"],
          ["From the official packages", "migration"],
        ),
      },
      {
        text: "Reference",
        items: pages(
          ["Hooks", "hooks"],
          ["Streams", "streams"],
          ["Input streams", "input"],
          ["Runs, tokens, settings", "server"],
          ["The dev server", "dev-server"],
          ["Test streams", "testing"],
          ["Without React", "store"],
          ["The AI SDK", "ai-sdk"],
          ["Environments", "environments"],
          ["Errors", "errors"],
          ["Limits", "limits"],
        ),
      },
      {
        text: "Recipes",
        items: pages(["Recipes", "recipes"], ["Next.js", "next"], ["Proxies that buffer", "proxies"]),
      },
      { text: "Figures", items: pages(["Reliability", "reliability"], ["Performance", "performance"]) },
    ],
  },
  markdown: {
    config(md) {
      // What lies outside of the documents is in the repository.
      md.core.ruler.push("repository", ({ tokens, env }) => {
        for (const { children } of tokens) {
          for (const token of children ?? []) {
            const href = token.attrGet("href");
            if (!href?.startsWith("../")) continue;
            const path = relative(root, join(docs, relative(docs, dirname(env.path)).replace(/^site\/?/, ""), href));
            if (!path.startsWith("docs/")) token.attrSet("href", `${repository}/blob/main/${path}`);
          }
        }
      });
    },
  },
});
