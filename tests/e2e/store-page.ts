// A page without React: what docs/store.md shows, once for each element.
import { createStreamStore, type StreamSnapshot } from "runstream";
import { showAnswer } from "../js/recipes/dom.ts";

const leaves: Array<() => void> = [];

const plain = {
  show(runId: string, client: { baseURL: string; accessToken: string }) {
    leaves.push(showAnswer(document.body.appendChild(document.createElement("section")), runId, client));
  },
  leave() {
    for (const leave of leaves.splice(0)) leave();
  },
  texts: () => [...document.querySelectorAll("section")].map((section) => section.querySelector("p")?.textContent),
  problem: () => document.querySelector("em")?.textContent ?? "",
  isLive: () => document.querySelector("p")?.ariaBusy === "true",
  press: () => document.querySelector("button")?.click(),
  /** How many snapshots there were in how many milliseconds until all parts had come, and whether each came once, in order. */
  count(runId: string, client: object, total: number) {
    return new Promise<{ snapshots: number; ms: number; isWhole: boolean }>((resolve) => {
      const start = Date.now();
      let snapshots = 0;
      const store = createStreamStore<number>(runId, "numbers", client);
      const leave = store.subscribe(({ parts }: StreamSnapshot<number>) => {
        snapshots += 1;
        if (parts.length < total) return;
        const isWhole = parts.every((part, i) => part === i) && parts.length === total;
        resolve({ snapshots, ms: Date.now() - start, isWhole });
        queueMicrotask(() => leave());
      });
    });
  },
  setVisibility(state: "hidden" | "visible") {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange"));
  },
};

declare global {
  interface Window {
    plain: typeof plain;
  }
}

window.plain = plain;
