import { baseOf, codeOf, headersOf, messageOf } from "../api.ts";
import { RunstreamError } from "../errors.ts";
import { Credential } from "../token.ts";
import type { ClientOptions } from "../types.ts";

/** How often a request is made that fails on the way, and the first wait in between, in milliseconds; it doubles. */
const MAX_TRIES = 5;
const FIRST_WAIT_MS = 250;

/** What a waitpoint for an input stream is made of. */
export type NewWaitpoint = {
  streamId: string;
  timeout: string | undefined;
  idempotencyKey: string | undefined;
  idempotencyKeyTTL: string | undefined;
  tags: string | string[] | undefined;
  /** The position up to which everything was taken: a later message that is there already completes it at once. */
  lastSeqNum: number | undefined;
};

/** A waitpoint as the server tells it. */
export type Waitpoint = {
  status: "WAITING" | "COMPLETED" | "TIMED_OUT";
  timeoutAt?: string | null;
} & WaitpointOutput;

/** What completed it. */
export type WaitpointOutput = { output?: string | null; outputType?: string | null; outputIsError?: boolean | null };

/** Makes a waitpoint for the next message of an input stream; with a known idempotency key it is the one that was made before. */
export async function createWaitpoint(client: ClientOptions, runId: string, wait: NewWaitpoint): Promise<string> {
  const path = `api/v1/runs/${encodeURIComponent(runId)}/input-streams/wait`;
  const { waitpointId } = await ask<{ waitpointId: string }>(client, "POST", path, wait);
  return waitpointId;
}

/** Tells the server that the run does not go on before the waitpoint is completed. */
export async function block(client: ClientOptions, runId: string, waitpointId: string): Promise<void> {
  const path = `engine/v1/runs/${encodeURIComponent(runId)}/waitpoints/tokens/${waitpointId}/wait`;
  const { success } = await ask<{ success: boolean }>(client, "POST", path);
  if (!success) throw new RunstreamError("rejected", `the server does not let ${runId} wait for ${waitpointId}`);
}

export function retrieve(client: ClientOptions, waitpointId: string): Promise<Waitpoint> {
  return ask<Waitpoint>(client, "GET", `api/v1/waitpoints/tokens/${waitpointId}`);
}

/** The value that completed it. What superjson would make of more than JSON stays JSON. */
export function readOutput({ output, outputType }: WaitpointOutput): unknown {
  if (output === undefined || output === null) return undefined;
  if (outputType === "text/plain") return output;
  if (outputType === "application/super+json") return JSON.parse(output).json;
  if (!outputType || outputType === "application/json") return JSON.parse(output);
  const message = `the waitpoint was completed with ${outputType}, which cannot be read; complete it with JSON`;
  throw new RunstreamError("unsupported", message);
}

/** All of these may be asked again: a waitpoint made twice is one that nobody waits for. */
async function ask<T>(client: ClientOptions, method: string, path: string, body?: object): Promise<T> {
  const credential = new Credential(client);
  let renew = false;
  for (let tries = 1; ; tries++) {
    try {
      return await once<T>(client, method, path, body, await credential.get(renew));
    } catch (thrown) {
      const { code } = thrown as RunstreamError;
      const canRenew: boolean = code === "unauthorized" && !renew && credential.canRefresh;
      if (!canRenew && ((code !== "network" && code !== "http") || tries >= MAX_TRIES)) throw thrown;
      renew = canRenew;
    }
    if (!renew) await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** (tries - 1)));
  }
}

async function once<T>(client: ClientOptions, method: string, path: string, body: object | undefined, token: string) {
  const { fetch = globalThis.fetch } = client;
  const headers = { ...headersOf(client), "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  const request = { method, headers, body: body ? JSON.stringify(body) : null };
  let response: Response;
  let text: string;
  try {
    response = await fetch(new Request(`${baseOf(client)}/${path}`, request));
    text = await response.text();
  } catch (cause) {
    const message = `${method} ${path} failed on the way (${messageOf(cause)})`;
    throw new RunstreamError("network", message, undefined, { cause });
  }
  if (!response.ok) {
    const message = `${method} ${path} was refused (${response.status}: ${text.slice(0, 300)})`;
    throw new RunstreamError(codeOf(response.status), message, response.status);
  }
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    const message = `${method} ${path}: the answer is no JSON (${text.slice(0, 100)})`;
    throw new RunstreamError("rejected", message, response.status, { cause });
  }
}
