import type { UIMessageChunk } from "ai";
import { useMemo } from "react";
import { streams } from "runstream";
import { useInputStreamSend, useRealtimeStream } from "runstream/react";
import { Banner } from "./Banner.tsx";
import { Connection } from "./Connection.tsx";
import { Conversation } from "./Conversation.tsx";
import { addPart, EMPTY } from "./message.ts";
import { cancel, progress } from "./streams.ts";
import type { Target } from "./target.ts";
import { useHistory } from "./useHistory.ts";

export function Run({ target }: { target: Target }) {
  const { runId, streamKey, isDemo } = target;
  const answer = useMemo(() => streams.define<UIMessageChunk | string>({ id: streamKey }), [streamKey]);

  const reading = useRealtimeStream(answer, runId, {
    // Folded as they come: what stays in memory is the message, not its parts.
    reduce: addPart,
    initialValue: EMPTY,
    timeoutInSeconds: isDemo ? 20 : 60,
  });
  const steps = useRealtimeStream(progress, runId, { maxParts: 1, timeoutInSeconds: 20, enabled: isDemo });
  const cancelling = useInputStreamSend(cancel, runId, { enabled: isDemo });

  const { value: message, status, error } = reading;
  const history = useHistory(reading, message.parts);
  const failure = error ?? cancelling.error;

  const stop = () => {
    reading.stop();
    steps.stop();
  };
  const resume = () => {
    reading.resume();
    steps.resume();
  };
  return (
    <>
      {failure && <Banner code={failure.code} message={failure.message} />}
      <main className="columns">
        <Conversation
          message={message}
          step={steps.parts.at(-1)}
          isReading={status === "live" || status === "connecting" || status === "reconnecting"}
          isCancelling={cancelling.isLoading}
          isDemo={isDemo}
          cancel={
            isDemo && cancelling.isReady ? () => cancelling.send({ reason: "the user pressed Cancel" }) : undefined
          }
        />
        <Connection
          reading={reading}
          history={history}
          parts={message.parts}
          target={target}
          stop={stop}
          resume={resume}
        />
      </main>
    </>
  );
}
