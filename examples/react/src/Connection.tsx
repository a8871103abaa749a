import { useState } from "react";
import type { UseRealtimeStreamInstance } from "runstream/react";
import { cutConnections } from "./cut.ts";
import { Rate } from "./Rate.tsx";
import type { Target } from "./target.ts";
import type { Change } from "./useHistory.ts";

interface Props {
  reading: Omit<UseRealtimeStreamInstance<unknown>, "parts" | "value">;
  history: readonly Change[];
  parts: number;
  target: Target;
  stop: () => void;
  resume: () => void;
}

const LABELS = {
  idle: "Idle",
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  ended: "Ended",
  stopped: "Stopped",
  failed: "Failed",
};

/** How many parts the server repeats when asked to. */
const REPEATED = 20;

export function Connection({ reading, history, parts, target, stop, resume }: Props) {
  const { status, duplicates, gaps, lastEventId } = reading;
  const cuts = history.filter((change) => change.status === "reconnecting").map((change) => change.parts);
  const isReading = status === "live" || status === "connecting" || status === "reconnecting";
  return (
    <aside className="side">
      <section className="card" aria-labelledby="connection">
        <div className="heading">
          <h2 id="connection">Connection</h2>
          <p className="pill" data-status={status} role="status">
            {LABELS[status]}
          </p>
        </div>
        <Rate parts={parts} isReading={isReading} />
        <Segments cuts={cuts} parts={parts} position={lastEventId} />
        <dl className="figures">
          <Figure name="Parts" value={parts} />
          <Figure name="Reconnects" value={cuts.length} />
          <Figure name="Duplicates dropped" value={duplicates} />
          <Figure name="Gaps" value={gaps} />
        </dl>
        {target.isDemo ? (
          <Cut target={target} isEnabled={isReading} />
        ) : (
          <p className="hint">Cutting, cancelling and new runs need the dev server: start the demo without --run.</p>
        )}
        <button type="button" onClick={isReading ? stop : resume} disabled={status === "idle"}>
          {isReading ? "Stop reading" : "Resume reading"}
        </button>
      </section>
      <section className="card" aria-labelledby="log">
        <h2 id="log">Log</h2>
        <ol className="log" reversed>
          {history.toReversed().map(({ status, at, detail }) => (
            <li key={at} data-status={status}>
              {LABELS[status]} <time>{((at - (history[0]?.at ?? at)) / 1000).toFixed(1)} s</time>
              {detail && <small>{detail}</small>}
            </li>
          ))}
        </ol>
      </section>
    </aside>
  );
}

function Figure({ name, value }: { name: string; value: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-figure={name}>{value}</dd>
    </div>
  );
}

/** One block for each connection, as wide as its share of the parts. */
function Segments({ cuts, parts, position }: { cuts: readonly number[]; parts: number; position: string | undefined }) {
  const ends = [...cuts, parts];
  return (
    <div className="segments">
      <div aria-hidden="true">
        {ends.map((end, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: connections are numbered
          <span key={i} style={{ flexGrow: end - (ends[i - 1] ?? 0) }} />
        ))}
      </div>
      <p className="hint">
        {position === undefined
          ? "Nothing read yet"
          : `Read to position ${position} over ${ends.length === 1 ? "one connection" : `${ends.length} connections`}`}
      </p>
    </div>
  );
}

function Cut({ target, isEnabled }: { target: Target; isEnabled: boolean }) {
  const [repeats, setRepeats] = useState(false);
  const [failure, setFailure] = useState<string>();
  const cut = () => {
    setFailure(undefined);
    cutConnections(target, repeats ? REPEATED : 0).catch((thrown: Error) => setFailure(thrown.message));
  };
  return (
    <div className="cut">
      <button type="button" className="primary" onClick={cut} disabled={!isEnabled}>
        Cut the connection
      </button>
      <label>
        <input type="checkbox" checked={repeats} onChange={(event) => setRepeats(event.target.checked)} />
        and let the server send the last {REPEATED} parts again
      </label>
      {failure && <p role="alert">{failure}</p>}
    </div>
  );
}
