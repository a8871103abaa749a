import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin, PreviewServer, ViteDevServer } from "vite";
import { answer } from "../src/streams.ts";
import { post, runTask, type Service } from "./task.ts";

/**
 * The application's own server, as a plugin of Vite's: `POST /api/runs` starts the task and answers what a page needs to
 * read its run. The secret key stays here.
 */
export function api(service: Service): Plugin {
  const stopping = new AbortController();
  const startRun = async () => {
    const { id, publicAccessToken } = (await (await post(`${service.url}/dev/runs`, {})).json()) as NewRun;
    runTask(service, id, stopping.signal).catch((error) => {
      if (!stopping.signal.aborted) console.error(`the task of ${id} failed:`, error);
    });
    return { runId: id, accessToken: publicAccessToken, baseURL: service.url, streamKey: answer.id };
  };
  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    try {
      if (req.method !== "POST") return reply(res, 405, { error: "POST starts a run" });
      reply(res, 201, await startRun());
    } catch (error) {
      reply(res, 502, { error: `the run could not be started: ${error instanceof Error ? error.message : error}` });
    }
  };
  const mount = ({ middlewares, httpServer }: ViteDevServer | PreviewServer) => {
    middlewares.use("/api/runs", (req, res) => void handle(req, res));
    httpServer?.once("close", () => stopping.abort());
  };
  return { name: "demo-api", configureServer: mount, configurePreviewServer: mount };
}

interface NewRun {
  id: string;
  publicAccessToken: string;
}

function reply(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { "Content-Type": "application/json" });
  res.end(JSON.stringify(body));
}
