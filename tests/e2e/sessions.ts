// The simulator's idea through the real stack: seeded sessions over real sockets, through the wasm and React in Chromium,
// against the dev server's faults. The oracle is the serial number that the writer put into each part.
import type { Page } from "playwright-core";
import { type DevServer, type Fault, startDevServer } from "../../js/dev-server/server.ts";
import { openBrowser } from "./browser.ts";

/** A browser opens at most six sockets to one server. */
const SERVERS = 5;
const READERS_PER_SERVER = 5;
const FAULTS = 20;
/** How far the writer may be ahead of the reader, in parts: of a v1 stream the server keeps the last thousand entries only. */
const MAX_AHEAD = 500;

/** A session that has not caught up so long after its last fault is stuck. */
const CATCH_UP_MS = 45_000;

export type Outcome = {
  sessions: number;
  recoverable: number;
  faults: number;
  lost: number;
  doubled: number;
  reordered: number;
  stuck: number;
  wrong_error: number;
  leaked: number;
  kinds: number;
  seconds: number;
};

type Random = { below(n: number): number; pick<T>(from: readonly T[]): T };

function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (n: number) => next() % n;
  return { below, pick: (from) => from[below(from.length)] as (typeof from)[number] };
}

type Version = "v1" | "v2";

/** What a connection can suffer and still lead to the whole log. `at` is somewhere in it. */
const recoverable: Array<(at: number, random: Random) => Fault> = [
  (at) => ({ kind: "cut", afterRecords: at % 5 }),
  (at) => ({ kind: "cut", afterRecords: at % 5, reset: true }),
  (_, random) => ({ kind: "cut", afterBytes: random.below(2_000) }),
  () => ({ kind: "cut", headers: false }),
  (at) => ({ kind: "end", afterRecords: at % 5 }),
  (_, random) => ({ kind: "end", afterBytes: random.below(2_000) }),
  (at) => ({ kind: "done-early", afterRecords: at % 5 }),
  (at) => ({ kind: "error-event", afterRecords: at % 5 }),
  (_, random) => ({ kind: "delay", ms: random.below(300) }),
  () => ({ kind: "html" }),
  () => ({ kind: "redirect" }),
  (_, random) => ({ kind: "status", status: random.pick([408, 425, 429, 500, 502, 503, 504]) }),
  () => ({ kind: "status", status: 503, headers: { "retry-after": "1" } }),
  () => ({ kind: "status", status: 200, contentType: "application/json", body: "{}" }),
  () => ({ kind: "inject", text: ": a comment\n\nretry: 50\n\nevent: unheard-of\ndata: x\n\n", afterRecords: 1 }),
  () => ({ kind: "replay" }),
];
/** The same for what v1 cannot notice. */
const recoverableOnV2: Array<(at: number, random: Random) => Fault> = [
  () => ({ kind: "duplicate" }),
  (at) => ({ kind: "malformed", atRecord: at }),
  (at) => ({ kind: "swallow", fromRecord: at, toRecord: at + 2 }),
  (at) => ({ kind: "reorder", atRecord: at }),
];
const fatal: Array<{ fault: Fault; error: string }> = [
  { fault: { kind: "status", status: 410, times: "always" }, error: "rejected" },
  { fault: { kind: "status", status: 422, times: "always" }, error: "rejected" },
  { fault: { kind: "status", status: 404, times: "always" }, error: "not-found" },
  { fault: { kind: "status", status: 403, times: "always" }, error: "unauthorized" },
];

type Session = {
  name: string;
  server: DevServer;
  runId: string;
  /** How many parts there are, once all faults are used up. */
  total: number | undefined;
  expected: string | undefined;
  lastFault: number;
  faults: number;
  /** How many parts the page has. */
  shown: number;
};

async function begin(page: Page, server: DevServer, seed: number): Promise<Session> {
  const random = randomOf(seed);
  const version: Version = random.below(4) === 0 ? "v1" : "v2";
  const { id: runId } = server.createRun({ version });
  const name = `session ${seed}`;
  const ending = random.below(6) === 0 ? random.pick(fatal) : undefined;
  const kinds = version === "v2" ? [...recoverable, ...recoverableOnV2] : recoverable;
  const refused = random.below(FAULTS);
  let last = "";
  for (let i = 0; i < FAULTS; i++) {
    let fault = random.pick(kinds)(1 + random.below(200), random);
    // A second one in a row may rightly be final.
    while (fault.kind === "malformed" && last === "malformed")
      fault = random.pick(kinds)(1 + random.below(200), random);
    if (i === refused) fault = { kind: "status", status: 401 };
    last = fault.kind;
    // Now and then two at once.
    const second = random.below(6) === 0 ? [{ kind: "drip", bytes: 64, ms: 1 } as const] : [];
    server.faults.add([{ ...fault, run: runId }, ...second]);
  }
  if (ending) server.faults.add({ ...ending.fault, run: runId });

  const session: Session = {
    name,
    server,
    runId,
    total: undefined,
    expected: ending?.error,
    lastFault: Date.now(),
    faults: 0,
    shown: 0,
  };
  let serial = 0;
  const waiting = ending ? 1 : 0;
  const write = () => {
    for (let i = random.below(6); i >= 0 && serial < session.shown + MAX_AHEAD; i--) {
      const padding = "é🎉x".repeat(random.below(40));
      server.append(runId, "chat", { serial: serial++, padding });
    }
    // What does not break a connection by itself would leave the next fault without one.
    if (random.below(4) === 0) server.cut({ run: runId });
    if (server.faults.pendingFor(runId) > waiting) setTimeout(write, random.below(120));
    else {
      session.total = serial;
      server.cut({ run: runId });
    }
  };
  write();

  const token = await server.token(runId);
  const options = {
    baseURL: server.url,
    accessToken: token,
    refreshTo: token,
    throttleInMs: random.pick([0, 16, 100]),
  };
  await page.evaluate(([...args]) => window.page.read(...args), [name, runId, "chat", options] as const);
  return session;
}

/** Runs sessions `seed` … `seed + sessions - 1`. `report` hears of each that went wrong. */
export async function runSessions(sessions: number, seed: number, report: (line: string) => void): Promise<Outcome> {
  const start = Date.now();
  const browser = await openBrowser("production");
  const page = await browser.open();
  const servers = await Promise.all(Array.from({ length: SERVERS }, () => startDevServer({ port: 0 })));
  const none = { lost: 0, doubled: 0, reordered: 0, stuck: 0, wrong_error: 0, leaked: 0, kinds: 0, seconds: 0 };
  const outcome: Outcome = { sessions, recoverable: 0, faults: 0, ...none };
  const kinds = new Set<string>();
  const active = new Set<Session>();
  const left: Session[] = [];

  let next = 0;
  while (next < sessions || active.size > 0) {
    while (next < sessions && active.size < SERVERS * READERS_PER_SERVER) {
      const server = servers[next % SERVERS] as DevServer;
      active.add(await begin(page, server, seed + next++));
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    const states = await page.evaluate(
      (names) => names.map((name) => window.page.progress(name)),
      [...active].map(({ name }) => name),
    );
    for (const [i, session] of [...active].entries()) {
      const state = states[i];
      const fired = session.server.faults.fired.filter(({ run }) => run === session.runId);
      if (fired.length > session.faults) session.lastFault = Date.now();
      session.faults = fired.length;
      session.shown = state?.serials.length ?? 0;
      const isDone =
        state &&
        (session.expected
          ? state.status === "failed"
          : state.serials.length >= (session.total ?? Number.POSITIVE_INFINITY));
      const isStuck = Date.now() - session.lastFault > CATCH_UP_MS;
      if (!state || !(isDone || isStuck || state.status === "failed")) continue;
      const wrong = judge(session, state, isStuck && !isDone);
      for (const kind of wrong) outcome[kind]++;
      if (wrong.length > 0)
        report(
          `${session.name} (${session.runId}): ${wrong}; ${JSON.stringify(state)}; ${fired.map(({ kind }) => kind)}`,
        );
      outcome.recoverable += session.expected ? 0 : 1;
      outcome.faults += fired.length;
      for (const { kind } of fired) kinds.add(kind);
      active.delete(session);
      left.push(session);
      session.server.faults.clear(session.runId);
      await page.evaluate((name) => window.page.leave(name), session.name);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  const runs = new Set(left.map(({ runId }) => runId));
  outcome.leaked = servers
    .flatMap(({ connections }) => connections)
    .filter(({ closedAt, runId }) => closedAt === undefined && runs.has(runId)).length;
  outcome.kinds = kinds.size;
  await browser.close();
  await Promise.all(servers.map((server) => server.close()));
  outcome.seconds = Math.round((Date.now() - start) / 1000);
  return outcome;
}

type Progress = { status: string; error: string | undefined; serials: number[] };

function judge({ total, expected }: Session, { status, error, serials }: Progress, isStuck: boolean) {
  const wrong: Array<"lost" | "doubled" | "reordered" | "stuck" | "wrong_error"> = [];
  if (isStuck) wrong.push("stuck");
  if (status === "failed" ? error !== expected : expected !== undefined && !isStuck) wrong.push("wrong_error");
  if (new Set(serials).size < serials.length) wrong.push("doubled");
  else if (serials.some((serial, i) => i > 0 && serial < (serials[i - 1] ?? 0))) wrong.push("reordered");
  // What a failed session showed must be a beginning of the log.
  const due = expected || isStuck ? serials.length : (total ?? 0);
  if (wrong.length === 0 && !(serials.length === due && serials.every((serial, i) => serial === i))) wrong.push("lost");
  return wrong;
}
