import { timeOf } from "./format.ts";
import { ask, pathOf, type Run, type StreamInfo } from "./server.ts";

type Act = (work: Promise<unknown>) => void;
type Props = { run: Run; stream: StreamInfo | undefined; act: Act };

/** What a reader meets when it comes back. `cut` alone is what sends it away. */
const READERS: [label: string, title: string, fault?: object][] = [
  ["Cut", "Every reader of the stream loses its socket"],
  ["Reset", "The next connection is reset after 3 records", { kind: "cut", afterRecords: 3, reset: true }],
  ["503 × 3", "The next three connections are refused for now", { kind: "status", status: 503, times: 3 }],
  ["401", "The next connection is refused", { kind: "status", status: 401 }],
  ["Stall", "An open socket, and not a byte", { kind: "stall" }],
  ["Slow", "The answer begins 3 seconds late", { kind: "delay", ms: 3000 }],
  ["Drip", "16 bytes at a time", { kind: "drip" }],
  ["Web page", "A captive portal answers", { kind: "html" }],
  ["Error event", "S2 says that the read failed", { kind: "error-event" }],
  ["Early end", "[DONE], long before the time is up", { kind: "done-early" }],
  ["Replay", "The cursor is overlooked: everything from 0", { kind: "replay" }],
  ["Twice", "Every batch is written twice", { kind: "duplicate" }],
];
const WRITERS: [label: string, title: string, fault: object][] = [
  ["Lose answer", "It is stored, but the writer is not told", { kind: "drop-answer", on: "send" }],
  ["Lose request", "It is not stored, and the writer is not told", { kind: "cut", on: "send" }],
  ["503", "It is refused for now", { kind: "status", status: 503, on: "send" }],
  ["Slow", "It is taken 3 seconds late", { kind: "delay", ms: 3000, on: "send" }],
  ["Deleting", "The stream is just being deleted", { kind: "deletion-pending" }],
];

/** Buttons for what can go wrong with the stream that is looked at. */
export function Faults({ run, stream, act }: Props) {
  const scope = { run: run.id, stream: stream?.key };
  const cut = () => ask("POST", "/connections/cut", scope);
  const add = (fault: object) => ask("POST", "/faults", { ...fault, ...scope });
  const { pending, fired } = run.faults;
  return (
    <div className="card">
      <h2>
        Faults <span className="muted">{stream ? `of ${stream.name}` : "of every stream"}</span>
      </h2>
      <div className="faults">
        <span>Readers, at once</span>
        <div className="buttons">
          {READERS.map(([label, title, fault]) => (
            <button key={label} type="button" title={title} onClick={() => act(fault ? add(fault).then(cut) : cut())}>
              {label}
            </button>
          ))}
        </div>
        <span>Writers, next time</span>
        <div className="buttons">
          {WRITERS.map(([label, title, fault]) => (
            <button key={label} type="button" title={title} onClick={() => act(add(fault))}>
              {label}
            </button>
          ))}
        </div>
        {stream && (
          <>
            <span>The stream</span>
            <div className="buttons">
              <button
                type="button"
                title="Its records go; whoever reads or writes it next begins a new one"
                onClick={() => act(ask("DELETE", pathOf(run.id, "streams", stream.key)))}
              >
                Delete
              </button>
            </div>
          </>
        )}
      </div>
      {(pending > 0 || fired.length > 0) && (
        <p className="fired">
          <span>{pending} waiting</span>
          {fired.slice(0, 6).map((fault) => (
            <span key={`${fault.at} ${fault.kind} ${fault.on}`} className="muted">
              {fault.kind} on {fault.on} {timeOf(fault.at)}
            </span>
          ))}
          <button type="button" className="link" onClick={() => act(ask("DELETE", "/faults", { run: run.id }))}>
            Forget them
          </button>
        </p>
      )}
    </div>
  );
}
