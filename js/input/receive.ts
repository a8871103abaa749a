import { baseOf } from "../api.ts";
import { clientOf, requireReady, requireServer } from "../config.ts";
import { RunstreamError, WaitpointTimeoutError } from "../errors.ts";
import { currentRun, currentScope, onRunEnd, type RunContext } from "../run-context.ts";
import type { Validate } from "../schema.ts";
import { shared } from "../shared.ts";
import type { DefinedInputStream, IdleWaitOptions, InputDefinition, WaitOptions } from "../types.ts";
import { Channel } from "./channel.ts";
import { InputPromise, type InputResult } from "./result.ts";
import { waitFor } from "./wait.ts";

/** The part of a defined input stream that receives. */
export function receiver(
  definition: InputDefinition,
  validate: Validate | undefined,
): Omit<DefinedInputStream<unknown>, "id" | "send"> {
  const receive = (what: string) => receiving(what, definition, validate);

  const once: DefinedInputStream<unknown>["once"] = (options = {}) => {
    const result = async () => {
      checkTime("timeoutMs", options.timeoutMs);
      return receive("once").channel.once(options);
    };
    return InputPromise.of(result());
  };
  const wait: DefinedInputStream<unknown>["wait"] = (options = {}) => {
    const result = async () => {
      const { channel, run } = receive("wait");
      return waitFor(channel, run, options);
    };
    return InputPromise.of(result());
  };
  return {
    on: (handler) => receive("on").channel.on(handler),
    once,
    peek: ({ latest = false } = {}) => receive("peek").channel.peek(latest),
    wait,
    waitWithIdleTimeout: (options) => InputPromise.of(waitIdly(options, once, wait)),
  };
}

async function waitIdly(
  { idleTimeoutInSeconds, onSuspend, onResume, skipSuspend, ...options }: IdleWaitOptions,
  once: DefinedInputStream<unknown>["once"],
  wait: (options: WaitOptions) => Promise<InputResult<unknown>>,
): Promise<InputResult<unknown>> {
  checkTime("idleTimeoutInSeconds", idleTimeoutInSeconds);
  if (idleTimeoutInSeconds > 0) {
    const result = await once({ timeoutMs: idleTimeoutInSeconds * 1000 });
    if (result.ok || result.error.code !== "timeout") return result;
  }
  if (skipSuspend) {
    const error = new WaitpointTimeoutError(`nothing came within ${idleTimeoutInSeconds} s, and skipSuspend is set`);
    return { ok: false, error };
  }
  await onSuspend?.();
  const result = await wait(options);
  if (result.ok) await onResume?.();
  return result;
}

/** Of each run, by base URL and input stream. One that is over stays, so that nothing is opened for it any more. */
const channels = shared("channels", new WeakMap<object, Map<string, Channel>>());

/** What the current run receives with. Throws a typed error where there is none. */
function receiving(
  method: string,
  definition: InputDefinition,
  validate: Validate | undefined,
): { channel: Channel; run: RunContext } {
  const { id } = definition;
  const what = `${method} of input stream "${id}"`;
  requireServer(what);
  const [run, scope] = [currentRun(), currentScope()];
  if (!run || !scope) {
    const message = `${what}: there is no current run; call it inside withRun({ id, accessToken }, fn) or inside a task`;
    throw new RunstreamError("not-ready", message);
  }
  const client = clientOf();
  requireReady(what, run.id, client);
  const ofRun = channels.get(scope) ?? new Map<string, Channel>();
  channels.set(scope, ofRun);
  const name = JSON.stringify([baseOf(client), id]);
  const known = ofRun.get(name);
  if (known) return { channel: known, run };
  const channel = new Channel({ runId: run.id, key: id, input: true, client, read: {} }, definition, validate);
  ofRun.set(name, channel);
  onRunEnd(() => {
    const message = `${run.id} ended before anything came on input stream "${id}"`;
    channel.end(new RunstreamError("not-ready", message));
  });
  return { channel, run };
}

function checkTime(name: string, value: number | undefined): void {
  if (value === undefined || value >= 0) return;
  throw new RunstreamError("invalid-argument", `${name} is ${value}; give a number from 0`);
}
