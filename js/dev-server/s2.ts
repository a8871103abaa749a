import { streamName } from "./app.ts";
import { MAX_RECORD_BYTES, meteredBytes, RecordTooLarge } from "./log.ts";
import type { S2Options } from "./options.ts";
import { retrying, S2Error } from "./s2-error.ts";
import { S2Parts } from "./s2-parts.ts";

/** As S2 writes it: what is empty is left out. */
export interface S2Record {
  seq_num: number;
  headers?: [name: string, value: string][];
  body?: string;
}

/**
 * A real S2 behind the gateway. Every stream of a v2 run is one stream of the basin, under the name that the service
 * gives it; S2 makes it when it is first written or read.
 */
export class S2 {
  /** Stores what comes with a part id, once. */
  readonly parts = new S2Parts(this);
  readonly #url: string;
  readonly #basin: string;
  readonly #token: string | undefined;

  constructor({ endpoint, basin, token }: S2Options) {
    this.#url = `${endpoint.replace(/(\/v1)?\/*$/, "")}/v1`;
    this.#basin = basin;
    this.#token = token;
  }

  /** What sends a writer of this stream straight to S2. */
  writerHeaders(runId: string, key: string): Record<string, string> {
    return {
      "X-S2-Access-Token": this.#token ?? "s2-skip-access-tokens",
      "X-S2-Stream-Name": streamName(runId, key),
      "X-S2-Basin": this.#basin,
      "X-S2-Endpoint": this.#url,
      "X-S2-Flush-Interval-Ms": "100",
      "X-S2-Max-Retries": "10",
    };
  }

  /**
   * Stores one record. S2 does not know a record that it has seen: an attempt whose answer was lost may have stored it,
   * and the next one stores a copy, with the same part id.
   */
  append(runId: string, key: string, body: string): Promise<void> {
    return retrying(() => this.#store(runId, key, { records: [checked(body)] }));
  }

  /** Stores one record at this position, in one attempt. False if the stream does not end there. */
  async appendAt(runId: string, key: string, body: string, seqNum: number): Promise<boolean> {
    try {
      await this.#store(runId, key, { records: [checked(body)], match_seq_num: seqNum });
      return true;
    } catch (error) {
      if ((error as S2Error).status === 412) return false;
      throw error;
    }
  }

  /** An event stream. `query` says where it begins and how long it waits. */
  async read(runId: string, key: string, query: string, signal: AbortSignal): Promise<Response> {
    const init = { headers: { accept: "text/event-stream" }, signal };
    return this.#ask("read", `${pathOf(runId, key)}/records?${query}`, init);
  }

  /** The body of the first record from a position on that is no command; undefined when there is none yet. */
  async first(runId: string, key: string, seqNum: number): Promise<string | undefined> {
    const { records } = await this.page(runId, key, { from: seqNum, count: 100 });
    const found = records.find(({ headers }) => headers?.[0]?.[0] !== "");
    return found && (found.body ?? "");
  }

  /** The records from a position on, or the last ones, as many as S2 gives at once; none at the end, and where that is. */
  async page(
    runId: string,
    key: string,
    { from, last, count = 1_000 }: { from?: number | undefined; last?: number; count?: number },
  ): Promise<{ records: S2Record[]; tail?: number }> {
    const start = from === undefined ? `tail_offset=${last}` : `seq_num=${from}`;
    try {
      const answer = await this.#ask("read", `${pathOf(runId, key)}/records?${start}&count=${count}`);
      return (await answer.json()) as { records: S2Record[] };
    } catch (error) {
      const { status, said } = error as S2Error;
      if (status !== 416) throw error;
      return { records: [], tail: (JSON.parse(said) as { tail: { seq_num: number } }).tail.seq_num };
    }
  }

  /** False when there was no such stream. */
  async delete(runId: string, key: string): Promise<boolean> {
    try {
      await this.#ask("delete", pathOf(runId, key), { method: "DELETE" });
      return true;
    } catch (error) {
      if ((error as S2Error).status === 404) return false;
      throw error;
    }
  }

  /** The streams of a run, or of all runs; no more than 1,000. */
  async streams(runId?: string): Promise<{ runId: string; key: string }[]> {
    const all = streamName("", "").slice(0, -1);
    const prefix = runId === undefined ? all : streamName(runId, "");
    const answer = await this.#ask("list", `/streams?prefix=${encodeURIComponent(prefix)}`);
    const { streams } = (await answer.json()) as { streams: { name: string; deleted_at?: string | null }[] };
    return streams.flatMap(({ name, deleted_at }) => {
      const [, id, key] = /^([^/]+)\/(.+)$/s.exec(name.slice(all.length)) ?? [];
      return id && key && !deleted_at ? [{ runId: id, key }] : [];
    });
  }

  /** Why nothing can be stored, as far as can be told without storing anything. */
  async trouble(): Promise<string | undefined> {
    try {
      await this.#ask("list", "/streams?limit=1");
    } catch (error) {
      const { status, message } = error as S2Error;
      if (status === 404) return `S2 at ${this.#url} has no basin "${this.#basin}"; create it, or give another --basin`;
      if (status === undefined) return `no S2 at ${this.#url} (${message}); start it, or give another --s2`;
    }
    return undefined;
  }

  async #store(runId: string, key: string, input: object): Promise<void> {
    const init = { method: "POST", body: JSON.stringify(input) };
    await (await this.#ask("append", `${pathOf(runId, key)}/records`, init)).body?.cancel();
  }

  async #ask(what: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = {
      "content-type": "application/json",
      "S2-Basin": this.#basin,
      "S2-Format": "raw",
      ...(this.#token !== undefined && { Authorization: `Bearer ${this.#token}` }),
      ...init.headers,
    };
    const answer = await fetch(this.#url + path, { ...init, headers }).catch((error: Error) => {
      throw new S2Error(`S2 ${what} failed: ${(error.cause as Error | undefined)?.message ?? error.message}`);
    });
    if (answer.ok) return answer;
    const said = await answer.text();
    throw new S2Error(`S2 ${what} failed: ${answer.status} ${answer.statusText}`, answer.status, said);
  }
}

function checked(body: string): { body: string } {
  const bytes = meteredBytes({ body });
  if (bytes > MAX_RECORD_BYTES) throw new RecordTooLarge(bytes);
  return { body };
}

function pathOf(runId: string, key: string): string {
  return `/streams/${encodeURIComponent(streamName(runId, key))}`;
}
