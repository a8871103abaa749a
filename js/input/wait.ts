import { RunstreamError, WaitpointTimeoutError } from "../errors.ts";
import { officialWait, type RunContext } from "../run-context.ts";
import type { WaitOptions } from "../types.ts";
import { after } from "./backlog.ts";
import type { Channel } from "./channel.ts";
import type { Message } from "./message.ts";
import { poll } from "./poll.ts";
import type { InputResult } from "./result.ts";
import { block, createWaitpoint, readOutput, retrieve, type Waitpoint, type WaitpointOutput } from "./waitpoint.ts";

const DEFAULT_POLL_SECONDS = 30;

/** How long the waitpoint of a message that was read may be asked for, until the message itself is taken, in milliseconds. */
const COMPLETION_MS = [50, 100, 200, 400, 800, 1_600];

/** What ended a wait: its waitpoint, or a message that was read and whose waitpoint nobody completed. */
type End = { isTimeout: boolean; output: WaitpointOutput; message?: Message | undefined };

/** The next message, by way of a waitpoint. */
export function waitFor(channel: Channel, run: RunContext, options: WaitOptions): Promise<InputResult<unknown>> {
  const { pollInSeconds = DEFAULT_POLL_SECONDS, idempotencyKey, tags } = options;
  if (!Number.isInteger(pollInSeconds) || pollInSeconds < 1 || pollInSeconds > 600) {
    const message = `pollInSeconds is ${pollInSeconds}; give a whole number from 1 to 600`;
    throw new RunstreamError("invalid-argument", message);
  }
  const timeout = durationOf("timeout", options.timeout);
  const idempotencyKeyTTL = durationOf("idempotencyKeyTTL", options.idempotencyKeyTTL);
  const { client, runId, key } = channel.source;
  return channel.hold(async () => {
    try {
      channel.over.throwIfAborted();
      const { position } = channel.backlog;
      const lastSeqNum = /^\d+$/.test(position ?? "") ? Number(position) : undefined;
      const wait = { streamId: key, timeout, idempotencyKey, idempotencyKeyTTL, tags, lastSeqNum };
      const waitpointId = await createWaitpoint(client, runId, wait);
      await block(client, runId, waitpointId);
      const waiting = { channel, run, waitpointId, idempotencyKey, pollInSeconds };
      const end = (await bySuspending(waitpointId)) ?? (await byAsking(waiting));
      const value = readOutput(end.output);
      if (end.isTimeout) return { ok: false, error: new WaitpointTimeoutError(timeoutMessage(value)) };
      await settle(channel, end, value);
      return { ok: true, output: channel.judge(value) };
    } catch (thrown) {
      if (channel.over.aborted && thrown === channel.over.reason) return { ok: false, error: thrown as RunstreamError };
      throw thrown;
    }
  });
}

/** Inside a task of the official SDK: its runtime takes the run down and resumes it. */
async function bySuspending(waitpointId: string): Promise<End | undefined> {
  const suspended = officialWait()?.(waitpointId);
  if (!suspended) return undefined;
  const { ok, ...output } = await suspended;
  return { isTimeout: !ok, output };
}

type Waiting = {
  channel: Channel;
  run: RunContext;
  waitpointId: string;
  idempotencyKey: string | undefined;
  pollInSeconds: number;
};

/** Asks the server, listens for a while, and lets the host take the run down; again and again. */
async function byAsking({ channel, run, waitpointId, idempotencyKey, pollInSeconds }: Waiting): Promise<End> {
  const { source, backlog, over } = channel;
  for (;;) {
    over.throwIfAborted();
    const waitpoint = await retrieve(source.client, waitpointId);
    if (waitpoint.status !== "WAITING") return endOf(waitpoint);
    const timeoutAt = waitpoint.timeoutAt ? new Date(waitpoint.timeoutAt) : undefined;
    const left = timeoutAt ? Math.ceil((timeoutAt.getTime() - Date.now()) / 1000) : Number.POSITIVE_INFINITY;
    const seconds = Math.max(1, Math.min(pollInSeconds, left));
    let message: Message | undefined;
    const take = (next: Message) => {
      message = next;
      return true;
    };
    if (await poll(source, backlog.position, seconds, over, take)) return completed(channel, waitpointId, message);
    const { runId, key: streamId } = source;
    // Between the two the time is up, and the next answer says so; unless the clocks differ, and it is long up here.
    if (left > seconds || left <= 0) await run.suspend?.({ waitpointId, runId, streamId, idempotencyKey, timeoutAt });
  }
}

/** A message is stored a moment before its waitpoint is completed, and what completed that is the result, now and after a restart. */
async function completed({ source }: Channel, waitpointId: string, message: Message | undefined): Promise<End> {
  for (const ms of COMPLETION_MS) {
    const waitpoint = await retrieve(source.client, waitpointId);
    if (waitpoint.status !== "WAITING") return { ...endOf(waitpoint), message };
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
  // Another wait of this stream took its place.
  return { isTimeout: false, output: { output: message?.text, outputType: "application/json" }, message };
}

function endOf(waitpoint: Waitpoint): End {
  return { isTimeout: waitpoint.status === "TIMED_OUT" || waitpoint.outputIsError === true, output: waitpoint };
}

/**
 * Finds the message that completed the waitpoint, which does not say where it is: usually the next one, but of two that came at
 * once it may be the second. Completed by hand, it was none.
 */
async function settle(channel: Channel, { output, message }: End, value: unknown): Promise<void> {
  const text = output.output ?? undefined;
  const { source, backlog, over } = channel;
  if (message && message.text === text) return channel.taken(message.id, value, true);
  let isNext = true;
  try {
    await poll(source, backlog.position, 1, over, (next) => {
      const isIt = next.text === text && !backlog.isAhead(next.id);
      if (isIt) channel.taken(next.id, value, isNext);
      isNext &&= backlog.isAhead(next.id);
      return isIt;
    });
  } catch {
    const next = after(backlog.position);
    if (next !== undefined) channel.taken(next, value, true);
  }
}

function timeoutMessage(output: unknown): string {
  const { message } = (output ?? {}) as { message?: unknown };
  return typeof message === "string" ? message : "the waitpoint timed out";
}

/** A duration as the server understands it; a date becomes one, because the server overlooks dates that are past for it. */
function durationOf(name: string, time: string | Date | undefined): string | undefined {
  if (time === undefined || (typeof time === "string" && /^(\d+(w|d|hr|h|m|s))+$/.test(time))) return time;
  const isDate = typeof time === "string" || time instanceof Date;
  const seconds = isDate ? Math.ceil((new Date(time).getTime() - Date.now()) / 1000) : Number.NaN;
  if (!Number.isNaN(seconds)) return `${Math.max(1, seconds)}s`;
  throw new RunstreamError("invalid-argument", `${name} is ${JSON.stringify(time)}; give "30s", "7d" or a date`);
}
