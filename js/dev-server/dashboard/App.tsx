import { useEffect, useState } from "react";
import { Runs } from "./Runs.tsx";
import { RunView } from "./RunView.tsx";
import { ask, type RunOutline } from "./server.ts";
import { usePlace } from "./usePlace.ts";
import { usePoll } from "./usePoll.ts";

export function App() {
  const { value, error, refresh } = usePoll<{ runs: RunOutline[] }>("/runs");
  const [place, go] = usePlace();
  const [failure, setFailure] = useState<string>();
  const runs = value?.runs ?? [];
  const chosen = place.run ?? runs[0]?.id;

  /** Does something, shows what is wrong with it, and looks at once what it changed. */
  const act = (work: Promise<unknown>) => {
    setFailure(undefined);
    work.catch((thrown: Error) => setFailure(thrown.message)).finally(refresh);
  };
  const create = (options: object) =>
    act(ask<{ id: string }>("POST", "/runs", options).then(({ id }) => go({ run: id, stream: undefined })));

  return (
    <>
      <header className="top">
        <h1>
          <span className="mark" aria-hidden="true" />
          runstream <span className="muted">dev server</span>
        </h1>
        <Place />
        <button type="button" className="primary" onClick={() => create({})}>
          New run
        </button>
      </header>
      {(error ?? failure) && (
        <p className="notice" role="alert">
          {error?.message ?? failure}
        </p>
      )}
      <main>
        <Runs runs={runs} chosen={chosen} choose={(run) => go({ run, stream: undefined })} isLoading={!value} />
        {chosen && (
          <RunView
            key={chosen}
            runId={chosen}
            streamKey={place.run === undefined || place.run === chosen ? place.stream : undefined}
            choose={(stream, run = chosen) => go({ run, stream })}
            createChild={(rootId) => create({ parentId: chosen, rootId })}
            act={act}
          />
        )}
      </main>
    </>
  );
}

/** Where this is, and where the streams are if they are elsewhere. */
function Place() {
  const [s2, setS2] = useState<{ endpoint: string; basin: string }>();
  useEffect(() => {
    ask<{ s2?: { endpoint: string; basin: string } }>("GET", "/health").then(
      (health) => setS2(health.s2),
      () => {},
    );
  }, []);
  return (
    <span className="place muted">
      <code>{location.origin}</code>
      {s2 && (
        <>
          {" "}
          · streams in <code>{s2.basin}</code> of <code>{s2.endpoint}</code>
        </>
      )}
    </span>
  );
}
