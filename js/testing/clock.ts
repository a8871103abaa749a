import { clock } from "../clock.ts";
import { loadCore } from "../subscription.ts";
import { isDrawn } from "../view.ts";

/** Waits up to this long pass by themselves, in milliseconds: the pace of deliveries and renders, and what outlasts a remount. */
const FRAME_MS = 20;
/** How many turns of the event loop in a row nothing may happen before it counts as quiet: a render, its effects, one more. */
const QUIET_TURNS = 3;
/** How many microtasks in a row one turn has room for where the runner fakes those, too, as Jest does. */
const MICROTASKS = 10;
/** When to stop waiting for quiet: a component that is suspended is never rendered. */
const MAX_TURNS = 100;

type Timer = { due: number; run: () => void; isShort: boolean };

let now = Date.now();
let ids = 0;
const timers = new Map<unknown, Timer>();

/** From now on time stands still here, but for frames, until `advance`. */
export function takeClock(): void {
  Object.assign(clock, {
    now: () => now,
    setTimeout: (run: () => void, ms: number) => {
      const id = ++ids;
      const isShort = ms <= FRAME_MS;
      // Whole milliseconds, as the server's timestamps are.
      timers.set(id, { due: now + Math.max(Math.ceil(ms), 0), run, isShort });
      if (isShort) setTimeout(() => fireUntil(timers.get(id)?.due ?? 0), 0);
      return id;
    },
    clearTimeout: (id: unknown) => void timers.delete(id),
    frame: (run: () => void) => clock.setTimeout(run, 0),
  });
}

/** Lets so many milliseconds pass, timer by timer, or fewer once `isEnough`. */
export async function advance(ms: number, isEnough = () => false): Promise<void> {
  const end = now + ms;
  await settle();
  while (!isEnough()) {
    const next = nextDue();
    if (next > end) {
      now = Math.max(now, end);
      break;
    }
    fireUntil(next);
    await settle();
  }
}

function nextDue(counts = (_: Timer) => true): number {
  return Math.min(...[...timers.values()].filter(counts).map(({ due }) => due));
}

/** Runs what is due by then, in order; what that makes due as well. */
function fireUntil(time: number): void {
  for (;;) {
    const [first] = [...timers].filter(([, { due }]) => due <= time).sort(([, a], [, b]) => a.due - b.due);
    if (!first) return;
    const [id, { due, run }] = first;
    timers.delete(id);
    now = Math.max(now, due);
    run();
  }
}

/** Resolves when everything that is under way was delivered and rendered. */
async function settle(): Promise<void> {
  await loadCore();
  for (let turns = 0, quiet = 0; quiet < QUIET_TURNS && turns < MAX_TURNS; turns++) {
    await turn();
    const frame = nextDue(({ isShort }) => isShort);
    if (frame < Number.POSITIVE_INFINITY) fireUntil(frame);
    quiet = isDrawn() && frame === Number.POSITIVE_INFINITY ? quiet + 1 : 0;
  }
}

/** One turn of the event loop. Where the runner's fake timers are on, what they hold for now happens in it. */
async function turn(): Promise<void> {
  const { clock: fake } = setTimeout as Faked;
  if (!fake) return new Promise((resolve) => setTimeout(resolve, 0));
  const ticks = (queueMicrotask as Faked).clock ? MICROTASKS : 1;
  for (let i = 0; i < ticks; i++) await fake.tickAsync(0);
}

/** What the fake timers of vitest, Jest and Sinon put in the place of a function. */
type Faked = { clock?: { tickAsync(ms: number): Promise<unknown> } };
