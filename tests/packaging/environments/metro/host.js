// What React Native gives to an app: by the packages it takes it from, or by the process that runs the engine. Each message to that
// process is a line; it answers by calling `host`.
import { AbortController } from "abort-controller/dist/abort-controller";

globalThis.self = globalThis;
globalThis.AbortController = AbortController;
require("whatwg-fetch");

export const tell = (...message) => print(`@@${JSON.stringify(message)}`);

let last = 0;
const timers = new Map();
globalThis.setTimeout = (run, ms = 0) => {
  timers.set(++last, run);
  tell("timer", last, ms);
  return last;
};
globalThis.clearTimeout = (id) => timers.delete(id);
globalThis.setImmediate = (run) => setTimeout(run);
globalThis.queueMicrotask = (run) => Promise.resolve().then(run);
globalThis.console = { log: print, warn: print, error: (...said) => tell("problem", said.join(" ")) };

globalThis.URL = class {
  constructor(href) {
    this.href = href;
  }
};
globalThis.TextEncoder = class {
  encode(text) {
    return Uint8Array.from(unescape(encodeURIComponent(text)), (unit) => unit.charCodeAt(0));
  }
};

/** Answers that have not come to their end. */
const answers = new Map();

/** A fetch that streams, as an app lends one. */
export function streamingFetch({ url, method, headers, signal }) {
  const id = ++last;
  return new Promise((resolve, reject) => {
    const answer = { events: [], asked: undefined, resolve, reject };
    answers.set(id, answer);
    signal?.addEventListener("abort", () => tell("abort", id));
    tell("fetch", id, url, method, [...headers.entries()]);
  });
}

function readerOf(id, { events }, answer = answers.get(id)) {
  return {
    read: () =>
      events.shift()?.() ?? new Promise((resolve, reject) => Object.assign(answer, { asked: { resolve, reject } })),
    cancel: async () => tell("abort", id),
  };
}

/** Gives an event to the `read` that waits for one, or keeps it. */
function give(id, settle) {
  const { asked, events } = answers.get(id);
  answers.get(id).asked = undefined;
  if (asked) settle().then(asked.resolve, asked.reject);
  else events.push(settle);
}

globalThis.host = {
  fire(id) {
    const run = timers.get(id);
    timers.delete(id);
    run?.();
  },
  head(id, status, headers) {
    const answer = answers.get(id);
    const body = { getReader: () => readerOf(id, answer) };
    answer.resolve({ status, ok: status < 300, headers: new Headers(headers), body });
  },
  bytes: (id, bytes) => give(id, async () => ({ done: false, value: Uint8Array.from(bytes) })),
  end: (id) => give(id, async () => ({ done: true })),
  failed(id, message) {
    const error = new TypeError(message);
    answers.get(id).reject(error);
    give(id, async () => Promise.reject(error));
  },
};
