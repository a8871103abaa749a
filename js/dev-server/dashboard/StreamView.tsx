import { useLayoutEffect, useRef } from "react";
import { useRealtimeStream } from "runstream/react";
import { count, timeOf } from "./format.ts";
import type { StreamInfo } from "./server.ts";
import { type Row, useRows } from "./useRows.ts";

type Props = { runId: string; stream: StreamInfo; token: () => Promise<string> };

/** What is in a stream, with positions and times, and what comes. Read by the package's own hook. */
export function StreamView({ runId, stream, token }: Props) {
  const { rows, dropped, callbacks } = useRows(stream.isInput);
  const reading = useRealtimeStream<unknown>(runId, stream.key, {
    accessToken: token,
    baseURL: location.origin,
    follow: true,
    timeoutInSeconds: 600,
    maxParts: 1,
    throttleInMs: 100,
    ...callbacks,
  });
  const { status, error, lastError, retryCount, gaps, duplicates, resets, lag, stop, resume } = reading;
  const isReading = ["connecting", "live", "reconnecting"].includes(status);

  const list = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows are what it follows
  useLayoutEffect(() => {
    if (list.current && isAtEnd.current) list.current.scrollTop = list.current.scrollHeight;
  }, [rows]);
  const noteScroll = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = list.current ?? {};
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40;
  };

  const figures = { retries: retryCount, gaps, duplicates, resets, behind: lag ?? 0 };
  return (
    <>
      <p className="status" role="status">
        <span className="dot" data-status={status} />
        {status}
        <span className="muted">{count(dropped + rows.length, "record")}</span>
        {Object.entries(figures).map(
          ([name, n]) => n > 0 && <span key={name} className="muted">{`${n} ${name}`}</span>,
        )}
        <button type="button" className="link" onClick={isReading ? stop : resume}>
          {isReading ? "Stop reading" : "Resume reading"}
        </button>
        {(error ?? lastError) && <span className="bad">{(error ?? lastError)?.message}</span>}
      </p>
      <div className="parts" ref={list} onScroll={noteScroll}>
        {dropped > 0 && <p className="muted">{count(dropped, "earlier record")} not shown.</p>}
        <table>
          <tbody>
            {rows.map((row) => (
              <Line key={row.key} row={row} />
            ))}
          </tbody>
        </table>
        {rows.length === 0 && <p className="muted">Nothing in it{isReading ? " yet." : "."}</p>}
      </div>
    </>
  );
}

function Line({ row }: { row: Row }) {
  return (
    <tr data-kind={row.kind}>
      <td className="position">{row.id}</td>
      <td className="time">{row.at !== undefined && timeOf(row.at)}</td>
      <td className="value" title={row.partId && `part id ${row.partId}`}>
        {row.kind !== "part" && <b>{row.kind} </b>}
        {row.text}
      </td>
    </tr>
  );
}
