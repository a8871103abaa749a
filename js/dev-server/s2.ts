import { streamName } from "./app.ts";
import { MAX_RECORD_BYTES, meteredBytes, RecordTooLarge } from "./log.ts";
import type { S2Options } from "./options.ts";

/** Milliseconds before the second and before the third attempt of an append. */
const RETRY_MS = [100, 250];

/**
 * A real S2 behind the gateway. Every stream of a v2 run is one stream of the basin, under the name that the service
 * gives it; S2 makes it when it is first written or read.
 */
export class S2 {
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
  async append(runId: string, key: string, body: string): Promise<void> {
    const bytes = meteredBytes({ body });
    if (bytes > MAX_RECORD_BYTES) throw new RecordTooLarge(bytes);
    const request = { method: "POST", body: JSON.stringify({ records: [{ body }] }) };
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#ask("append", `${pathOf(runId, key)}/records`, request);
        return;
      } catch (error) {
        const waitMs = RETRY_MS[attempt];
        if (waitMs === undefined || !(error as S2Error).isTransient) throw error;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }

  /** An event stream. `query` says where it begins and how long it waits. */
  async read(runId: string, key: string, query: string, signal: AbortSignal): Promise<Response> {
    const init = { headers: { accept: "text/event-stream" }, signal };
    return this.#ask("read", `${pathOf(runId, key)}/records?${query}`, init);
  }

  /** The body of the first record from a position on that is no command; undefined when there is none yet. */
  async first(runId: string, key: string, seqNum: number): Promise<string | undefined> {
    try {
      const answer = await this.#ask("read", `${pathOf(runId, key)}/records?seq_num=${seqNum}&count=100`);
      const { records } = (await answer.json()) as { records: { headers?: [string, string][]; body?: string }[] };
      const found = records.find(({ headers }) => headers?.[0]?.[0] !== "");
      return found && (found.body ?? "");
    } catch (error) {
      // The position has not been written yet.
      if ((error as S2Error).status === 416) return undefined;
      throw error;
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
    await answer.body?.cancel();
    throw new S2Error(`S2 ${what} failed: ${answer.status} ${answer.statusText}`, answer.status);
  }
}

export class S2Error extends Error {
  constructor(
    message: string,
    /** Undefined when there was no answer. */
    readonly status?: number,
  ) {
    super(message);
    this.name = "S2Error";
  }

  /** Another attempt may do better: also while a stream of that name is being deleted (409). */
  get isTransient(): boolean {
    return this.status === undefined || this.status >= 500 || [408, 409, 429].includes(this.status);
  }
}

function pathOf(runId: string, key: string): string {
  return `/streams/${encodeURIComponent(streamName(runId, key))}`;
}
