import { sleep } from "./bell.ts";
import type { Connection } from "./connection.ts";
import type { Fault } from "./faults.ts";
import { breakOff, type Res } from "./http.ts";

type Stop = Extract<Fault, { kind: "cut" | "end" | "stall" }>;

/** Where a reader's bytes leave: waits for slow readers, counts, and breaks off where a fault says so. */
export class Outlet {
  /** Aborts when the connection is gone, whoever closed it. */
  readonly closed: AbortSignal;
  readonly connection: Connection;
  readonly #res: Res;
  readonly #fired: (fault: Fault) => void;
  readonly #stops: Stop[];
  readonly #drip: { bytes: number; ms: number } | undefined;
  #over = false;

  constructor(res: Res, connection: Connection, faults: readonly Fault[], fired: (fault: Fault) => void) {
    this.#res = res;
    this.connection = connection;
    this.#fired = fired;
    const gone = new AbortController();
    this.closed = gone.signal;
    res.on("close", () => {
      connection.closedAt = new Date();
      connection.closedBy ??= res.writableFinished ? "server" : "client";
      gone.abort();
    });
    this.#stops = faults.filter(isByteStop).sort((a, b) => (a.afterBytes ?? 0) - (b.afterBytes ?? 0));
    const drip = faults.find((fault) => fault.kind === "drip");
    if (drip) {
      this.fire(drip);
      this.#drip = { bytes: Math.max(drip.bytes ?? 16, 1), ms: drip.ms ?? 5 };
    }
  }

  /** Notes that a fault acted on this connection. */
  fire(fault: Fault): void {
    this.connection.faultsFired.push(fault.kind);
    this.#fired(fault);
  }

  /** Sends the headers. False, here and below, when nothing more can be written. */
  async open(): Promise<boolean> {
    this.connection.status = this.#res.statusCode;
    this.#res.flushHeaders();
    return this.#stopHere();
  }

  /** Resolves once there is room for more. */
  async write(text: string | Buffer): Promise<boolean> {
    let rest = typeof text === "string" ? Buffer.from(text) : text;
    while (rest.length > 0) {
      if (!this.#alive) return false;
      const room = (this.#stops[0]?.afterBytes ?? Number.POSITIVE_INFINITY) - this.connection.bytesWritten;
      const piece = rest.subarray(0, Math.min(room, this.#drip?.bytes ?? rest.length));
      rest = rest.subarray(piece.length);
      await this.#push(piece);
      if (!(await this.#stopHere())) return false;
      if (this.#drip) await pause(this.#drip.ms, this.closed);
    }
    return this.#alive;
  }

  /** Ends the body properly. */
  end(by: "server" | "fault" = "server"): void {
    if (!this.#alive) return;
    this.#over = true;
    this.connection.closedBy = by;
    this.#res.end();
  }

  /** Acts out a fault that ends the connection, or its flow of bytes. */
  async stop(fault: Stop): Promise<void> {
    if (!this.#alive) return;
    this.fire(fault);
    if (fault.kind === "end") return this.end("fault");
    this.#over = true;
    if (fault.kind === "stall") return;
    this.connection.closedBy = "fault";
    await this.#flush();
    breakOff(this.#res, fault.reset ?? false);
  }

  /** Closes the socket from outside. */
  cut(by: "fault" | "shutdown"): void {
    if (this.closed.aborted) return;
    this.#over = true;
    this.connection.closedBy = by;
    breakOff(this.#res);
  }

  get #alive(): boolean {
    return !this.#over && !this.closed.aborted;
  }

  async #stopHere(): Promise<boolean> {
    const stop = this.#stops[0];
    if (stop && this.connection.bytesWritten >= (stop.afterBytes ?? 0)) await this.stop(stop);
    return this.#alive;
  }

  /** Resolves when the kernel has everything written so far, or nobody wants it any more. */
  #flush(): Promise<void> {
    return new Promise((resolve) => {
      this.closed.addEventListener("abort", () => resolve(), { once: true });
      this.#res.socket?.write("", () => resolve());
    });
  }

  #push(piece: Buffer): Promise<void> {
    this.connection.bytesWritten += piece.length;
    return new Promise((resolve) => {
      const done = () => {
        this.#res.off("drain", done);
        this.closed.removeEventListener("abort", done);
        resolve();
      };
      if (this.#res.write(piece)) return resolve();
      this.#res.on("drain", done);
      this.closed.addEventListener("abort", done);
    });
  }
}

function isByteStop(fault: Fault): fault is Stop {
  return (fault.kind === "cut" || fault.kind === "end" || fault.kind === "stall") && fault.afterRecords === undefined;
}

/** Without a wait the pieces still leave one by one. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return ms > 0 ? sleep(ms, signal) : new Promise((resolve) => setImmediate(resolve));
}
