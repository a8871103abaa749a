import { useCallback, useState } from "react";
import { Compose } from "./Compose.tsx";
import { Faults } from "./Faults.tsx";
import { spanOf } from "./format.ts";
import { Readers } from "./Readers.tsx";
import { State } from "./Runs.tsx";
import { StreamView } from "./StreamView.tsx";
import { ask, pathOf, type Run, tokenFor } from "./server.ts";
import { usePoll } from "./usePoll.ts";

type Props = {
  runId: string;
  streamKey: string | undefined;
  choose: (stream: string | undefined, run?: string) => void;
  createChild: (rootId: string) => void;
  act: (work: Promise<unknown>) => void;
};

/** One run: what it is, its streams, one of them, and who reads it. */
export function RunView({ runId, streamKey, choose, createChild, act }: Props) {
  const { value: run, error, refresh } = usePoll<Run>(pathOf(runId));
  const token = useCallback(() => tokenFor(runId), [runId]);
  if (!run) return <section className="card run">{error ? <p className="muted">{error.message}</p> : null}</section>;

  const key = streamKey ?? run.streams[0]?.key;
  const stream = run.streams.find((one) => one.key === key) ?? (key === undefined ? undefined : unwritten(key));
  const doThis = (work: Promise<unknown>) => act(work.finally(refresh));
  const end = (state: string) => doThis(ask("POST", pathOf(runId, "complete"), { state }));

  return (
    <section className="run">
      <div className="card head">
        <div className="title">
          <h2>
            <code>{run.id}</code>
          </h2>
          <State run={run} />
          <span className="muted">
            {run.taskIdentifier} · {run.version} · {whenOf(run)}
          </span>
        </div>
        <Relations run={run} choose={(id) => choose(undefined, id)} />
        <div className="buttons">
          <CopyToken token={token} />
          <button type="button" onClick={() => createChild(run.rootId ?? run.id)}>
            New child run
          </button>
          {run.state === "executing" && (
            <>
              <button type="button" onClick={() => end("completed")}>
                Complete
              </button>
              <button type="button" onClick={() => end("failed")}>
                Fail
              </button>
              <button type="button" onClick={() => end("canceled")}>
                Cancel
              </button>
            </>
          )}
        </div>
      </div>
      <div className="card">
        <div className="tabs" role="tablist" aria-label="Streams">
          {run.streams.map((one) => (
            <button
              key={one.key}
              type="button"
              role="tab"
              aria-selected={one.key === key}
              onClick={() => choose(one.key)}
            >
              {one.isInput && <span className="muted">input </span>}
              {one.name}{" "}
              {one.records !== undefined && <span className="muted">{one.records.toLocaleString("en")}</span>}
            </button>
          ))}
          {run.streams.length === 0 && (
            <span className="muted">No streams yet: write one below, or from your task.</span>
          )}
        </div>
        {stream && <StreamView key={stream.key} runId={runId} stream={stream} token={token} />}
        <Compose
          key={`compose ${stream?.key}`}
          runId={runId}
          stream={stream}
          token={token}
          act={doThis}
          choose={choose}
        />
      </div>
      <Faults run={run} stream={stream} act={doThis} />
      <Readers connections={run.connections} />
    </section>
  );
}

const INPUT_PREFIX = "$trigger.input:";

/** A stream that nobody wrote yet can be looked at, too. */
function unwritten(key: string) {
  const isInput = key.startsWith(INPUT_PREFIX);
  return { key, name: isInput ? key.slice(INPUT_PREFIX.length) : key, isInput, readers: 0 };
}

function Relations({ run, choose }: { run: Run; choose: (run: string) => void }) {
  const related = { parent: run.parentId, root: run.rootId === run.parentId ? undefined : run.rootId };
  return (
    <p className="relations">
      {Object.entries(related).map(
        ([name, id]) =>
          id && (
            <span key={name}>
              {name}{" "}
              <button type="button" className="link" onClick={() => choose(id)}>
                <code>{id}</code>
              </button>
            </span>
          ),
      )}
      {run.waitsFor && (
        <span>
          waits for <code>{run.waitsFor.id}</code>
          {run.waitsFor.timeoutAt && `, ${spanOf(new Date(run.waitsFor.timeoutAt).getTime() - Date.now())} more`}
        </span>
      )}
      {run.tags.length > 0 && <span>{run.tags.join(", ")}</span>}
    </p>
  );
}

function CopyToken({ token }: { token: () => Promise<string> }) {
  const [said, setSaid] = useState<string>();
  const copy = async () => {
    await navigator.clipboard.writeText(await token());
    setSaid("Token copied");
  };
  const click = () => copy().catch((error: Error) => setSaid(error.message));
  return (
    <button type="button" onClick={click} title="A public access token that reads this run and sends to it, for a day">
      {said ?? "Copy token"}
    </button>
  );
}

function whenOf(run: Run): string {
  const began = new Date(run.createdAt).getTime();
  if (run.completedAt) return `took ${spanOf(new Date(run.completedAt).getTime() - began)}`;
  return `began ${spanOf(Date.now() - began)} ago`;
}
