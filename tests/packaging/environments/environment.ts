import type { Page } from "playwright-core";

/** A place where the package must run unchanged, and what shows that it does. Each is a row of `npm run test:packaging`. */
export type Environment = {
  /** Its row. */
  name: string;
  /** Takes a few seconds and is a part of `npm test`. False if not given. */
  isQuick?: boolean;
  /** Rejects if the package does not run there. */
  run(app: App): Promise<void>;
};

/**
 * An app in a folder of its own: the files beside its environment.ts, those of shared/, the packages of its lock file, if it has
 * one, and the package as it is packed. What it starts, opens and serves ends with it.
 */
export type App = {
  folder: string;
  /** Runs a program to its end and resolves to its standard output. Rejects with all it said if it fails. */
  execute(command: string, args: string[], env?: Record<string, string>): Promise<string>;
  /** Starts a program and resolves when what it says matches. */
  start(command: string, args: string[], says: RegExp, env?: Record<string, string>): Promise<RegExpExecArray>;
  /** A port that nothing listens on. */
  freePort(): Promise<number>;
  /** Serves a folder of the app, and what is only above it, on an origin of its own, which it resolves to. */
  serve(folder?: string, headers?: Record<string, string>): Promise<string>;
  /**
   * Opens a page with shared/parts.js in it, and resolves when it shows every part of a run, in order, although its connection
   * was cut on the way. `isWasm: false` if it must manage without.
   */
  shows(url: string, options?: { isWasm?: boolean; before?(page: Page): Promise<void> }): Promise<Shown>;
  /**
   * Has shared/round-trip.cjs do its work: `ask` gives it the argument, and resolves to what came of it. Rejects unless every part
   * was written once, and read in order, although the reader's connection was cut. `knowsRun: false` if `withRun` must be refused.
   */
  roundTrip(ask: Ask, options?: { isWasm?: boolean; knowsRun?: boolean }): Promise<void>;
  /** The same for shared/component.cjs: the parts are there, and it reads them with a hook. */
  renders(ask: Ask, options?: { isWasm?: boolean }): Promise<void>;
};

/** A page that shows every part. `write` adds one, and resolves when all are shown, once, and nobody has connected again for it. */
export type Shown = { page: Page; write(part: unknown): Promise<void> };

type Ask = (argument: RunArgument) => Promise<RunResult>;
export type RunArgument = { runId: string; accessToken: string; baseURL: string; parts: unknown[] };
/** `instances`: how often something was instantiated as WebAssembly. `refusal`: the code of what `withRun` threw. */
export type RunResult = { read: unknown[]; error?: string; instances: number; refusal?: string };
