import { count, spanOf } from "./format.ts";
import type { RunOutline } from "./server.ts";

type Props = { runs: RunOutline[]; chosen: string | undefined; choose: (run: string) => void; isLoading: boolean };

/** The newest first, each above the runs it started. */
export function Runs({ runs, chosen, choose, isLoading }: Props) {
  return (
    <nav className="card runs" aria-label="Runs">
      <h2>
        Runs <span className="muted">{runs.length > 0 && runs.length}</span>
      </h2>
      {runs.length === 0 && <p className="muted">{isLoading ? "Asking …" : "None yet."}</p>}
      <ul>
        {inFamilies(runs).map(({ run, depth }) => (
          <li key={run.id} style={{ paddingLeft: `${Math.min(depth, 4) * 14}px` }}>
            <button type="button" aria-current={run.id === chosen} onClick={() => choose(run.id)}>
              <code>{run.id}</code>
              <small>
                <State run={run} /> {count(run.streamCount, "stream")} ·{" "}
                {spanOf(Date.now() - new Date(run.createdAt).getTime())}
              </small>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

export function State({ run }: { run: RunOutline }) {
  const state = run.waitsFor ? "waiting" : run.state;
  return (
    <span className="pill" data-state={state}>
      {state}
    </span>
  );
}

type Placed = { run: RunOutline; depth: number };

function inFamilies(runs: readonly RunOutline[]): Placed[] {
  const ids = new Set(runs.map(({ id }) => id));
  const placed: Placed[] = [];
  const place = (run: RunOutline, depth: number) => {
    placed.push({ run, depth });
    for (const child of runs) if (child.parentId === run.id && child !== run) place(child, depth + 1);
  };
  for (const run of runs)
    if (run.parentId === undefined || !ids.has(run.parentId) || run.parentId === run.id) place(run, 0);
  return placed;
}
