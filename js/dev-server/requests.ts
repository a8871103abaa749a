import type { IncomingHttpHeaders } from "node:http";
import type { Req, Res } from "./http.ts";

const KEPT = 1000;

export interface RequestEntry {
  readonly at: Date;
  readonly method: string;
  /** As sent: still encoded, with the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Undefined while there is no answer. */
  readonly status: number | undefined;
}

/** Every request, oldest first; about the last thousand. */
export class RequestLog {
  #entries: RequestEntry[] = [];

  get list(): readonly RequestEntry[] {
    return this.#entries;
  }

  note(req: Req, res: Res): void {
    const { method = "GET", url = "/", headers } = req;
    let answer: Res | undefined = res;
    let status: number | undefined;
    this.#entries.push({
      at: new Date(),
      method,
      path: url,
      headers,
      get status() {
        return answer?.headersSent ? answer.statusCode : status;
      },
    });
    if (this.#entries.length > KEPT * 2) this.#entries = this.#entries.slice(-KEPT);
    res.on("close", () => {
      if (res.headersSent) status = res.statusCode;
      answer = undefined;
    });
  }
}
