import { useEffect, useState } from "react";
import { TriggerAuthContext } from "runstream/react";
import { Banner } from "./Banner.tsx";
import { Run } from "./Run.tsx";
import { readTarget, startRun, type Target, writeTarget } from "./target.ts";

export function App() {
  const { target, failure, isStarting, start } = useTarget();
  return (
    <>
      <header className="top">
        <div className="brand">
          <img src={markUrl} alt="" width="32" height="32" />
          <div>
            <h1>runstream</h1>
            <p>Trigger.dev Realtime Streams in React</p>
          </div>
        </div>
        {target && (
          <div className="run">
            <code data-run={target.runId} title={`${target.runId} at ${target.baseURL}`}>
              {target.runId}
            </code>
            {target.isDemo && (
              <button type="button" onClick={start} disabled={isStarting}>
                Start a new run
              </button>
            )}
          </div>
        )}
      </header>
      {failure && (
        <Banner code="no run" message={failure}>
          <button type="button" onClick={start} disabled={isStarting}>
            Try again
          </button>
        </Banner>
      )}
      {target && (
        <TriggerAuthContext value={{ accessToken: target.accessToken, baseURL: target.baseURL }}>
          <Run key={target.runId} target={target} />
        </TriggerAuthContext>
      )}
    </>
  );
}

const markUrl = new URL("./mark.svg", import.meta.url).href;

/** The first run is started once, however often StrictMode mounts the page. */
let first: Promise<Target> | undefined;

/** The run in the address, or a new one. */
function useTarget() {
  const [target, setTarget] = useState(readTarget);
  const [failure, setFailure] = useState<string>();
  const [isStarting, setStarting] = useState(false);

  const show = (starting: Promise<Target>) => {
    setStarting(true);
    setFailure(undefined);
    starting
      .then((started) => {
        writeTarget(started);
        setTarget(started);
      })
      .catch((thrown: Error) => setFailure(thrown.message))
      .finally(() => setStarting(false));
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once
  useEffect(() => {
    if (target) return;
    first ??= startRun();
    show(first);
  }, []);
  useEffect(() => {
    const onHashChange = () => setTarget(readTarget);
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, []);
  return { target, failure, isStarting, start: () => show(startRun()) };
}
