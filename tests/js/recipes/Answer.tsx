import { streams } from "runstream";
import { useInputStreamSend, useRealtimeStream } from "runstream/react";

export const answer = streams.define<string>({ id: "answer" });
export const cancel = streams.input<{ reason: string }>({ id: "cancel" });

export function Answer({ runId }: { runId: string }) {
  const { parts, status, error } = useRealtimeStream(answer, runId);
  const { send, isLoading, error: sendError } = useInputStreamSend(cancel, runId);
  const problem = error ?? sendError;
  return (
    <>
      <p>{parts.join("")}</p>
      <output>{status}</output>
      <button type="button" disabled={isLoading} onClick={() => send({ reason: "enough" })}>
        Cancel
      </button>
      {problem && <em role="alert">{problem.code}</em>}
    </>
  );
}
