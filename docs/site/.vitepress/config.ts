import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type DefaultTheme, defineConfig } from "vitepress";
import { anchorOf } from "./anchors.ts";

const docs = fileURLToPath(new URL("../..", import.meta.url));
const root = dirname(docs);

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
  // What documents are made of.
  srcExclude: ["performance/**", "reliability/**"],
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
    anchor: { slugify: anchorOf },
    config(md) {
      // Links are those of the repository. A document has its address on the site instead; a file that is none has no address here: its name
      // stays, the link does not.
      md.core.ruler.push("files", ({ tokens, env }) => {
        const folder = dirname(env.realPath ?? env.path);
        for (const token of tokens) {
          let isDropped = false;
          token.children = (token.children ?? []).filter((child) => {
            const href = child.type === "link_open" ? child.attrGet("href") : null;
            const path = href?.startsWith(".") ? relative(docs, join(folder, href)) : "";
            if (child.type === "link_open") isDropped = path.startsWith("..");
            if (path) child.attrSet("href", `/${path.replace(/^site\//, "")}`);
            return !(isDropped && child.type.startsWith("link_"));
          });
        }
      });
    },
  },
});
