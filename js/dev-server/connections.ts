import type { Connection, ConnectionFilter } from "./connection.ts";
import type { Fault, FaultList } from "./faults.ts";
import type { Res } from "./http.ts";
import { Outlet } from "./outlet.ts";
import { INPUT_PREFIX } from "./runs.ts";

const KEPT = 1000;

/** The readers, open and gone. Of those that are gone, about the last thousand are kept. */
export class Connections {
  #connections: Connection[] = [];
  #outlets = new Map<number, Outlet>();
  #lastId = 0;

  /** Oldest first. */
  get list(): readonly Connection[] {
    return this.#connections;
  }

  /** How many read this stream now. */
  count(run: string, stream: string): number {
    const open = [...this.#outlets.values()].map(({ connection }) => connection);
    return open.filter(({ runId, streamKey }) => runId === run && streamKey === stream).length;
  }

  /** `asked` is what the reader asked for; the rest is kept up to date while it is connected. */
  open(
    res: Res,
    asked: Pick<
      Connection,
      "runId" | "streamKey" | "version" | "origin" | "userAgent" | "lastEventId" | "startLatest" | "timeoutSeconds"
    >,
    taken: readonly Fault[],
    faults: FaultList,
  ): Outlet {
    const connection: Connection = {
      id: ++this.#lastId,
      ...asked,
      openedAt: new Date(),
      closedAt: undefined,
      closedBy: undefined,
      status: undefined,
      bytesWritten: 0,
      recordsWritten: 0,
      faultsFired: [],
    };
    const outlet = new Outlet(res, connection, taken, ({ kind }) => {
      faults.fired.push({ kind, run: asked.runId, stream: asked.streamKey, on: "read", at: new Date() });
    });
    this.#connections.push(connection);
    this.#outlets.set(connection.id, outlet);
    outlet.closed.addEventListener("abort", () => this.#outlets.delete(connection.id));
    if (this.#connections.length > KEPT * 2) this.#forgetOld();
    return outlet;
  }

  /** Resets the sockets of open readers. Returns how many. */
  cut(filter: ConnectionFilter = {}, by: "fault" | "shutdown" = "fault"): number {
    let count = 0;
    for (const outlet of [...this.#outlets.values()]) {
      const { runId, streamKey } = outlet.connection;
      if (filter.run !== undefined && filter.run !== runId) continue;
      if (filter.stream !== undefined && filter.stream !== streamKey && INPUT_PREFIX + filter.stream !== streamKey)
        continue;
      outlet.cut(by);
      count++;
    }
    return count;
  }

  #forgetOld(): void {
    const isOld = (i: number) => i < this.#connections.length - KEPT;
    this.#connections = this.#connections.filter(({ id }, i) => this.#outlets.has(id) || !isOld(i));
  }
}
