import { type ClientOptions, createStreamStore, streams } from "runstream";

const answer = streams.define<string>({ id: "answer" });

/** Shows the answer of a run in `element`, until what it returns is called. */
export function showAnswer(element: HTMLElement, runId: string, client: ClientOptions) {
  const [text, problem, button] = [
    document.createElement("p"),
    document.createElement("em"),
    document.createElement("button"),
  ];
  element.replaceChildren(text, problem, button);
  const store = createStreamStore(answer, runId, client);
  button.onclick = () => (store.getSnapshot().status === "stopped" ? store.resume() : store.stop());
  return store.subscribe(({ parts, status, error }) => {
    text.textContent = parts.join("");
    text.ariaBusy = String(status === "live");
    problem.textContent = error?.message ?? "";
    button.textContent = status === "stopped" ? "Go on" : "Stop";
  });
}
