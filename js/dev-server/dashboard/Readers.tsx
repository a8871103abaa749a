import { count, sizeOf, spanOf, timeOf } from "./format.ts";
import type { Connection } from "./server.ts";

/** Who is and was connected, from where they resumed, and how it ended. */
export function Readers({ connections }: { connections: readonly Connection[] }) {
  const open = connections.filter(({ closedAt }) => closedAt === undefined).length;
  return (
    <div className="card">
      <h2>
        Readers <span className="muted">{open} connected</span>
      </h2>
      {connections.length === 0 && <p className="muted">Nobody has read this run.</p>}
      <ul className="readers" aria-label="Readers">
        {connections.map((connection) => (
          <li key={connection.id} data-open={connection.closedAt === undefined}>
            <span>
              <span className="dot" data-status={connection.closedAt === undefined ? "live" : "ended"} />
              {whoOf(connection)} <code>{connection.streamKey}</code>
            </span>
            <span data-part="start">{startOf(connection)}</span>
            <span>
              {count(connection.recordsWritten, "record")}, {sizeOf(connection.bytesWritten)}
            </span>
            <span className="muted" title={timeOf(connection.openedAt)}>
              {howOf(connection)}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function whoOf({ id, origin, userAgent = "" }: Connection): string {
  if (origin === location.origin) return `#${id} a dashboard`;
  return `#${id} ${origin ?? (userAgent.split(/[ /]/)[0] || "somebody")}`;
}

function startOf({ lastEventId, startLatest }: Connection): string {
  if (lastEventId !== undefined) return `resumed after ${lastEventId}`;
  return startLatest ? "from the tail" : "from the beginning";
}

function howOf({ openedAt, closedAt, closedBy, status, faultsFired }: Connection): string {
  const faults = faultsFired.length > 0 ? ` (${faultsFired.join(", ")})` : "";
  const answer = status === undefined || status === 200 ? "" : `${status}, `;
  const began = new Date(openedAt).getTime();
  if (closedAt === undefined) return `${answer}for ${spanOf(Date.now() - began)}${faults}`;
  const ended = new Date(closedAt).getTime();
  return `${answer}closed by ${closedBy ?? "client"}${faults} after ${spanOf(ended - began)}, ${spanOf(Date.now() - ended)} ago`;
}
