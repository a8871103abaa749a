import { clock } from "../clock.ts";
import { DEFAULT_KEY } from "../key.ts";
import type { ClientOptions, DefinedStream } from "../types.ts";
import { advance, takeClock } from "./clock.ts";
import { type SentInput, type TestFailure, TestServer } from "./server.ts";

export type { SentInput, TestFailure };

/**
 * A stream of a run that no server knows, for tests. What returns a promise resolves when everything it set off has been delivered
 * and rendered; no `act` is needed around it.
 */
export type TestStream<TPart> = {
  /** The run's id. Another one each time. */
  readonly runId: string;
  /** What reaches the run: give it to `TriggerAuthContext`, or as options to a hook or a call. */
  readonly auth: ClientOptions & { accessToken: string; baseURL: string };
  /** What was sent to the run's input streams, in order. */
  readonly sent: readonly SentInput[];
  /** How many connections read the stream now. */
  readonly readers: number;
  /** Writes parts to the stream, in one batch. Those who do not read now get them when they do. */
  push(...parts: TPart[]): Promise<void>;
  /** Cuts the connections. Readers come back by themselves when time passes: 100 ms do for the first try. */
  cut(): Promise<void>;
  /**
   * Cuts the connections and answers every one that is made by a failure, until `recover`: an HTTP status, or what makes an error of
   * that code. Resolves when a reader that was connected has met it once; those that are retried take more, as `advance` gives them.
   */
  fail(failure: TestFailure): Promise<void>;
  /** Ends the read window as the server does when no record came for `timeoutInSeconds`: lets that time pass. */
  end(): Promise<void>;
  /** Answers sends by a failure, until `recover`. */
  failSends(failure: TestFailure): void;
  /** Answers sends so many milliseconds later, until `recover`. */
  delaySends(ms: number): void;
  /** Ends what `fail`, `failSends` and `delaySends` began. Readers come back at their next try. */
  recover(): void;
  /**
   * Lets so many milliseconds pass for runstream, and for nobody else. Without an argument none, and what is under way happens.
   * @default 0
   */
  advance(ms?: number): Promise<void>;
  /** Another stream of the same run, with the same `auth`. */
  sibling<TOther>(stream: DefinedStream<unknown, TOther>): TestStream<TOther>;
  sibling<TOther>(streamKey: string): TestStream<TOther>;
};

/**
 * Makes a fake stream of a new run. The package's own core reads it, through `auth.fetch`, so that a test sees what a user would.
 * From the first call on, time stands still for the whole package, but for what waits no longer than a frame (20 ms).
 */
export function createTestStream<TInput>(stream: DefinedStream<unknown, TInput>): TestStream<TInput>;
/** The same for a stream without a definition. */
export function createTestStream<TPart>(streamKey?: string): TestStream<TPart>;
export function createTestStream(stream: DefinedStream<unknown> | string = DEFAULT_KEY): TestStream<unknown> {
  takeClock();
  const runId = `run_test${Math.random().toString(36).slice(2)}`;
  return streamOf(new TestServer(runId), runId, stream);
}

function streamOf(server: TestServer, runId: string, stream: DefinedStream<unknown> | string): TestStream<unknown> {
  const log = server.log(typeof stream === "string" ? stream : stream.id);
  return {
    runId,
    auth: { accessToken: "test", baseURL: "https://runstream.test", fetch: server.fetch },
    sent: server.sent,
    get readers() {
      return log.readers.size;
    },
    push: (...parts) =>
      outsideAct(async () => {
        await advance(0);
        log.append(parts);
        await advance(0);
      }),
    cut: () =>
      outsideAct(async () => {
        await advance(0);
        log.cut();
        await advance(0);
      }),
    fail: (failure) =>
      outsideAct(async () => {
        await advance(0);
        server.failure = failure;
        const [{ failures }, { size }] = [server, log.readers];
        log.cut();
        await advance(size > 0 ? RETRY_MS : 0, () => server.failures > failures);
        if (failure === "timeout") await advance(CONNECT_MS);
      }),
    end: () =>
      outsideAct(async () => {
        await advance(0);
        const ends = Array.from(log.readers, ({ endsAt }) => endsAt);
        await advance(Math.max(clock.now(), ...ends) - clock.now());
      }),
    failSends: (failure) => {
      server.sendFailure = failure;
    },
    delaySends: (ms) => {
      server.sendDelayMs = ms;
    },
    recover: () => {
      server.failure = undefined;
      server.sendFailure = undefined;
      server.sendDelayMs = 0;
    },
    advance: (ms = 0) => outsideAct(() => advance(ms)),
    sibling: (other: DefinedStream<unknown> | string) => streamOf(server, runId, other) as TestStream<never>,
  };
}

/** The longest wait of the core before it tries again, in milliseconds. */
const RETRY_MS = 5_000;
/** How long the core waits for an answer, in milliseconds. */
const CONNECT_MS = 15_000;

const page = globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean | undefined };
let outside = 0;
let wasInside: boolean | undefined;

/** Lets React render by itself meanwhile, as it does for users, and as testing-library does while it waits. */
async function outsideAct(work: () => Promise<void>): Promise<void> {
  if (outside++ === 0) wasInside = page.IS_REACT_ACT_ENVIRONMENT;
  page.IS_REACT_ACT_ENVIRONMENT = false;
  try {
    await work();
  } finally {
    if (--outside === 0) page.IS_REACT_ACT_ENVIRONMENT = wasInside;
  }
}
