import { QUESTION } from "../server/answer.ts";
import type { Message } from "./message.ts";

interface Props {
  message: Message;
  /** The last part of the progress stream. */
  step: { step: string; percent: number } | undefined;
  isReading: boolean;
  isCancelling: boolean;
  /** Stops the task; undefined when this page cannot. */
  cancel: (() => void) | undefined;
  isDemo: boolean;
}

const NOTES: Record<Message["state"], string> = {
  waiting: "Waiting for the first part",
  writing: "Writing",
  complete: "Complete",
  cancelled: "Cancelled: the task heard it and stopped the model",
  failed: "The model failed",
};

export function Conversation({ message, step, isReading, isCancelling, cancel, isDemo }: Props) {
  const { text, state } = message;
  const isOver = state === "complete" || state === "cancelled" || state === "failed";
  return (
    <section className="card conversation" aria-label="Conversation">
      {isDemo && (
        <div className="progress" data-state={state}>
          <span id="step">{step?.step ?? "Starting"}</span>
          <span>{step?.percent ?? 0} %</span>
          <progress aria-labelledby="step" max={100} value={step?.percent ?? 0} />
        </div>
      )}
      {isDemo && <p className="question">{QUESTION}</p>}
      <div className="answer" data-state={state} data-caret={isReading && !isOver ? "" : undefined} aria-busy={!isOver}>
        {text}
      </div>
      <footer>
        <p data-note={state} role="status">
          {NOTES[state]}
        </p>
        {isDemo && (
          <button type="button" className="danger" onClick={cancel} disabled={!cancel || isOver || isCancelling}>
            {isCancelling ? "Cancelling…" : "Cancel"}
          </button>
        )}
      </footer>
    </section>
  );
}
