import { readFile } from "node:fs/promises";
import { finish, type Req, type Res, text } from "./http.ts";

/** Where the build puts the page: beside the bundled server, or for the sources among what is generated. */
const PLACES = ["./dashboard.html", "../dashboard.html", "../generated/dashboard.html"].map(
  (path) => new URL(path, import.meta.url),
);

/** The dashboard: one page, everything in it. */
export async function dashboard(req: Req, res: Res): Promise<void> {
  if (req.method !== "GET" && req.method !== "HEAD") return text(res, 405, "Method Not Allowed");
  for (const place of PLACES) {
    const page = await readFile(place, "utf8").catch(() => undefined);
    if (page !== undefined) return finish(res, 200, "text/html; charset=utf-8", page);
  }
  text(res, 404, "The dashboard is not built. In a checkout of runstream: npm run build");
}
