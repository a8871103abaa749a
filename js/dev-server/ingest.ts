import type { App } from "./app.ts";
import { breakOff, empty, header, json, type Req, type Res, text } from "./http.ts";
import { partId } from "./ids.ts";
import { RecordLog, RecordTooLarge } from "./log.ts";
import type { Run, Stream } from "./runs.ts";
import type { Fate } from "./send-faults.ts";

/**
 * Takes newline-delimited JSON for as long as the writer sends. Every whole line is stored at once, and counted as the
 * writer counts its chunks, so that one that lost its connection can resume exactly; a half line is left to be sent again.
 */
export async function ingest(app: App, req: Req, res: Res, run: Run, key: string, fate: Fate): Promise<void> {
  const resume = header(req, "x-resume-from-chunk");
  const first = resume === undefined ? 0 : Number.parseInt(resume, 10);
  if (Number.isNaN(first) || first < 0) return text(res, 400, `Invalid X-Resume-From-Chunk header value: ${resume}`);
  if (header(req, "x-stream-version") === "v2") return json(res, 500, { error: "Internal Server Error" });

  const stream = app.runs.stream(run, key);
  const clientId = header(req, "x-client-id") ?? "default";
  let left = fate.cutAfter ?? Number.POSITIVE_INFINITY;
  let next = first;
  const store = (lines: readonly string[]) => {
    const taken = lines.filter((line) => line.trim() !== "").slice(0, left);
    if (taken.length === 0) return;
    storeLines(stream, taken);
    left -= taken.length;
    next += taken.length;
    stream.lastChunk.set(clientId, next - 1);
  };
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of req) {
      const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      store(lines);
      if (left <= 0) return breakOff(res);
    }
    store([rest + decoder.decode()]);
  } catch (error) {
    // The writer is gone, or sent more in one line than a record holds.
    if (error instanceof RecordTooLarge) return empty(res, 500);
    if (!req.complete) return;
    throw error;
  }
  fate.answer ? fate.answer() : empty(res, 200);
}

/** The lines of one network chunk: a record each on v2, one entry for all of them on v1. */
function storeLines({ log }: Stream, lines: readonly string[]): void {
  if (log instanceof RecordLog)
    log.append(...lines.map((line) => ({ body: `{"data":${asJson(line)},"id":"${partId()}"}` })));
  else log.append(lines);
}

/** The line as it was written when it is JSON, which keeps numbers exact; a JSON string of it when it is not. */
function asJson(line: string): string {
  try {
    JSON.parse(line);
    return line.trim();
  } catch {
    return JSON.stringify(line);
  }
}
