import type { FaultKind } from "./faults.ts";
import type { StreamVersion } from "./runs.ts";

/** One reader, open or gone. */
export interface Connection {
  readonly id: number;
  readonly runId: string;
  readonly streamKey: string;
  readonly version: StreamVersion;
  /** The page it came from: "http://localhost:5173". Undefined for what is no page. */
  readonly origin: string | undefined;
  readonly userAgent: string | undefined;
  readonly openedAt: Date;
  closedAt: Date | undefined;
  closedBy: "client" | "server" | "fault" | "shutdown" | undefined;
  readonly lastEventId: string | undefined;
  /** The reader asked for new records only. */
  readonly startLatest: boolean;
  readonly timeoutSeconds: number;
  /** Undefined until the headers were sent. */
  status: number | undefined;
  bytesWritten: number;
  recordsWritten: number;
  readonly faultsFired: FaultKind[];
}

export interface ConnectionFilter {
  run?: string | undefined;
  /** A stream key; an input stream also by its id. */
  stream?: string | undefined;
}
