// Where no WebAssembly may run: does what src/wasm/driver.rs does, for the same core as JavaScript. Nobody else can reach
// the core, and what the application wants waits until the core has been left: it is never entered twice.
import type { Clock } from "../clock.ts";
import type { CoreConfig, CoreError, CoreHandle, CoreHost } from "../wasm.ts";
import { Attempt, type Event, textOf } from "./attempt.ts";
import { type Command, Core } from "./core.ts";
import { Time } from "./time.ts";

/** Imports nothing that the page has already, as `start` of js/wasm.ts. `refused`: why the wasm cannot be used, if that was tried. */
export async function start(
  clock: Clock,
  warn: (message: string) => void,
  refused?: unknown,
): Promise<(config: CoreConfig, host: CoreHost) => CoreHandle> {
  if (refused !== undefined) {
    const instead = "the same core runs as JavaScript, which takes more CPU; see Limits in the documentation";
    warn(`WebAssembly cannot be used here (${textOf(refused)}); ${instead}`);
  }
  const time = new Time(clock);
  return (config, host) => {
    if (!config.fetch && !canStream()) throw NO_STREAMS;
    return new Driver(config, host, time);
  };
}

/** How much too early a timer may fire, in milliseconds: see src/wasm/driver.rs. */
const EARLY_MS = 4_000;

const NO_STREAMS: CoreError = [
  "unsupported",
  "the fetch of this runtime does not stream: its responses have no body to read while they arrive; pass a `fetch` whose " +
    "responses do, in React Native for example that of expo/fetch",
  0,
];

/** React Native's own fetch settles when the whole answer is there, which for a stream is when it has ended. */
function canStream(): boolean {
  return typeof Response === "function" && "body" in Response.prototype;
}

class Driver implements CoreHandle {
  readonly #core: Core;
  readonly #config: CoreConfig;
  readonly #host: CoreHost;
  readonly #time: Time;
  readonly #commands: Array<Command | "free"> = [];
  #attempt: Attempt | undefined;
  #timer: { due: number; cancel: () => void } | undefined;
  #isDue = false;
  #isPaused = false;
  #isScheduled = false;
  #isFreed = false;

  constructor(config: CoreConfig, host: CoreHost, time: Time) {
    this.#time = time;
    this.#core = new Core(config, time.now());
    this.#config = config;
    this.#host = host;
    this.#schedule();
  }

  stop = () => this.#send("stop");
  resume = () => this.#send("resume");
  wake = () => this.#send("wake");
  tokenChanged = () => this.#send("tokenChanged");
  setPaused = (paused: boolean) => this.#send(paused ? "pause" : "unpause");
  free = () => this.#send("free");

  #send(command: Command | "free"): void {
    this.#commands.push(command);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(this.#turn);
  }

  /** Called with nothing of ours on the stack. */
  #turn = (): void => {
    this.#isScheduled = true;
    do {
      if (this.#isFreed) return;
      this.#perform();
      this.#handOver();
    } while (this.#feed());
    this.#isScheduled = false;
    this.#setTimer();
    if (!this.#isPaused) this.#attempt?.ask(this.#turn);
  };

  /** Tells the core one thing that happened. False when nothing did. */
  #feed(): boolean {
    // Commands first: after a stop nothing else may happen.
    const command = this.#commands.shift();
    if (command === "free") this.#free();
    else if (command) {
      if (command === "pause" || command === "unpause") this.#isPaused = command === "pause";
      this.#core.command(this.#time.now(), command);
    } else if (this.#attempt?.event && !this.#isPaused) {
      const { number, event } = this.#attempt;
      this.#attempt.event = undefined;
      this.#tell(number, event);
    } else if (this.#isDue) {
      this.#isDue = false;
      this.#core.timeout(this.#time.now());
    } else return false;
    return true;
  }

  #tell(attempt: number, event: Event): void {
    if (event === "end") this.#core.end(this.#time.now(), attempt);
    else if ("bytes" in event) this.#core.bytes(this.#time.now(), attempt, event.bytes);
    else if ("head" in event) this.#core.head(this.#time.now(), attempt, event.head);
    else this.#core.disconnect(this.#time.now(), attempt, event.failed);
  }

  #perform(): void {
    for (let action = this.#core.takeAction(); action; action = this.#core.takeAction()) {
      this.#attempt?.close();
      this.#attempt = undefined;
      if (action.length === 1) continue;
      let token: Promise<string>;
      try {
        token = this.#host.token(action[3] === 1);
      } catch (thrown) {
        token = Promise.reject(thrown);
      }
      this.#attempt = new Attempt(action, this.#config, token, this.#time);
    }
  }

  /** Delivers what is due, then the status: an end must not overtake the parts before it. */
  #handOver(): void {
    const delivery = this.#core.takeDelivery(this.#time.now());
    if (delivery) {
      const { text, bytes, meta, notices, undefinedAt, cursor } = delivery;
      report(() => this.#host.deliver(text, bytes, meta, notices, undefinedAt, cursor));
    }
    const status = this.#core.takeStatus();
    if (status) report(() => this.#host.status(status));
  }

  #setTimer(): void {
    const due = this.#core.due();
    // A timer that fires early costs a turn, and wakes an idle page; setting one for every chunk costs more.
    if (due !== undefined && this.#timer && this.#timer.due <= due && due <= this.#timer.due + EARLY_MS) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (due === undefined) return;
    const fire = () => {
      this.#timer = undefined;
      this.#isDue = true;
      this.#turn();
    };
    this.#timer = { due, cancel: this.#time.at(due, fire) };
  }

  #free(): void {
    this.#isFreed = true;
    this.#timer?.cancel();
    this.#attempt?.close();
    this.#core.free();
  }
}

/** The shim catches what the application throws, so this is a bug of ours; the stream goes on all the same. */
function report(call: () => void): void {
  try {
    call();
  } catch (thrown) {
    console.error(`runstream: ${textOf(thrown)}`);
  }
}
