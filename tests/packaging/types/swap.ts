// What the official packages 4.8.3 have for streams, ours can stand for: `typeof` each of ours is assignable to `typeof` theirs.
// Where it is not, this states what exactly differs. Compiled, and never run.
import type * as core from "@trigger.dev/core/v3";
import type * as hooks from "@trigger.dev/react-hooks";
import type * as sdk from "@trigger.dev/sdk";
import type * as ours from "runstream";
import type * as react from "runstream/react";
import { same } from "./same.js";

/** Compiles if `Ours` will do where `Theirs` is asked for. */
declare function stands<_Ours extends Theirs, Theirs>(): void;

/** What of theirs ours has not. Of options: what an object literal may not hold. */
type Missing<Theirs, Ours> = Exclude<keyof Theirs, keyof Ours>;

/** What in ours may be something that theirs may not. */
type Wider<Ours, Theirs> = {
  [K in keyof Ours & keyof Theirs]-?: Ours[K] extends Theirs[K] ? never : K;
}[keyof Ours & keyof Theirs];

type Part = { text: string };
type Hooks = typeof hooks;
type Streams = typeof sdk.streams;

// Hooks.
stands<typeof react.useRealtimeStream, Hooks["useRealtimeStream"]>();
stands<typeof react.useInputStreamSend, Hooks["useInputStreamSend"]>();
stands<Parameters<Hooks["useRealtimeStream"]>, Parameters<typeof react.useRealtimeStream>>();
stands<Parameters<Hooks["useInputStreamSend"]>, Parameters<typeof react.useInputStreamSend>>();
stands<react.UseRealtimeStreamInstance<Part>, hooks.UseRealtimeStreamInstance<Part>>();
stands<react.InputStreamSendInstance<Part>, hooks.InputStreamSendInstance<Part>>();
stands<hooks.UseRealtimeStreamOptions<Part>, react.UseRealtimeStreamOptions<Part>>();
stands<hooks.UseApiClientOptions, react.UseInputStreamSendOptions>();
same<Missing<hooks.UseRealtimeStreamOptions<Part>, react.UseRealtimeStreamOptions<Part>>, never>();
same<Missing<hooks.UseApiClientOptions, react.UseInputStreamSendOptions>, never>();

// Differs: whoever takes from the context himself may find a function that makes tokens, or a `retry` that is anything.
stands<typeof react.TriggerAuthContext.Provider, Hooks["TriggerAuthContext"]["Provider"]>();
same<Missing<sdk.ApiClientConfiguration, ours.ApiClientConfiguration>, never>();
same<Wider<ours.ApiClientConfiguration, sdk.ApiClientConfiguration>, "accessToken" | "requestOptions">();
same<
  Exclude<ours.ApiClientConfiguration["accessToken"], sdk.ApiClientConfiguration["accessToken"]>,
  () => string | Promise<string>
>();
same<Wider<ours.RequestOptions, core.ApiRequestOptions>, "retry">();

// Differs: these are not there.
type Subscriptions =
  | "useRealtimeRun"
  | "useRealtimeRunsWithTag"
  | "useRealtimeBatch"
  | "useRealtimeRunWithStreams"
  | "useRun";
type Tasks = "useTaskTrigger" | "useRealtimeTaskTrigger" | "useRealtimeTaskTriggerWithStreams" | "useWaitToken";
type Sessions = "useSessionStream" | "useSessionStreamChannel";
type Clients = "useApiClient" | "useTriggerAuthContext" | "useTriggerAuthContextOptional";
same<Missing<Hooks, typeof react>, Subscriptions | Tasks | Sessions | Clients>();
type OtherTokens = "getOIDCToken" | "createTriggerPublicToken" | "createBatchTriggerPublicToken";
type Scoped = "withAuth" | "withPublicToken" | "withTriggerPublicToken" | "withBatchTriggerPublicToken";
same<Missing<typeof sdk.auth, typeof ours.auth>, OtherTokens | Scoped>();

// Credentials.
stands<typeof ours.configure, typeof sdk.configure>();
stands<typeof ours.auth, Pick<typeof sdk.auth, keyof typeof ours.auth>>();
type TokenOptions = NonNullable<Parameters<typeof sdk.auth.createPublicToken>[0]>;
type Scopes = NonNullable<TokenOptions["scopes"]>;
same<Missing<TokenOptions, ours.CreatePublicTokenOptions>, never>();
same<Missing<Scopes, ours.TokenScopes>, never>();
same<Missing<NonNullable<Scopes["read"]>, ours.TokenPermissions>, never>();

// Streams.
same<Missing<Streams, typeof ours.streams>, never>();
stands<Omit<typeof ours.streams, "input">, Omit<Streams, "input">>();
stands<typeof ours.streams.define<Part>, typeof sdk.streams.define<Part>>();
stands<typeof ours.streams.read<Part>, typeof sdk.streams.read<Part>>();
stands<typeof ours.streams.pipe<Part>, typeof sdk.streams.pipe<Part>>();
stands<typeof ours.streams.append<string>, typeof sdk.streams.append<string>>();
stands<typeof ours.streams.writer<Part>, typeof sdk.streams.writer<Part>>();
stands<Parameters<Streams["read"]>, Parameters<typeof ours.streams.read>>();
stands<Parameters<Streams["pipe"]>, Parameters<typeof ours.streams.pipe>>();
stands<Parameters<Streams["append"]>, Parameters<typeof ours.streams.append>>();
stands<Parameters<Streams["writer"]>, Parameters<typeof ours.streams.writer>>();
stands<ours.DefinedStream<Part>, core.RealtimeDefinedStream<Part>>();
same<sdk.InferStreamType<ours.DefinedStream<Part>>, Part>();
stands<ours.PipeResult<Part>, core.PipeStreamResult<Part>>();
stands<ours.WriteResult, core.StreamWriteResult>();
stands<ours.StreamPart<Part>, core.SSEStreamPart<Part>>();
same<ours.AsyncIterableStream<Part> extends core.AsyncIterableStream<Part> ? true : false, true>();
same<Missing<core.ReadStreamOptions, ours.StreamReadOptions>, never>();
same<Missing<core.PipeStreamOptions, ours.WriteOptions>, never>();
same<Missing<core.AppendStreamOptions, ours.WriteOptions>, never>();
same<Missing<core.WriterStreamOptions<Part>, ours.WriterOptions<Part>>, never>();

// A stream that the SDK defined can be read by our hook, and one of ours by theirs.
stands<core.RealtimeDefinedStream<Part>, ours.DefinedStream<Part>>();
same<ours.InferStreamType<core.RealtimeDefinedStream<Part>>, Part>();

// Input streams. Differs, and with it `streams` as a whole: `once` resolves to whatever kept the message from coming, not to a
// timeout alone.
// @ts-expect-error
stands<typeof ours.streams, Streams>();
type Input = ours.DefinedInputStream<Part>;
type OfficialInput = core.RealtimeDefinedInputStream<Part>;
same<Missing<OfficialInput, Input>, never>();
stands<Parameters<Streams["input"]>, Parameters<typeof ours.streams.input>>();
stands<ReturnType<typeof ours.streams.input<Part>>, Input>();
stands<Omit<Input, "once">, Omit<OfficialInput, "once">>();
same<Wider<Input, OfficialInput>, "once">();
stands<Parameters<OfficialInput["once"]>, Parameters<Input["once"]>>();
stands<ours.InputStreamTimeoutError, core.InputStreamTimeoutError>();
stands<ours.WaitpointTimeoutError, core.WaitpointTimeoutError>();
type Failed<T> = Awaited<T> extends infer Result ? (Result extends { ok: false; error: infer E } ? E : never) : never;
same<Failed<ReturnType<OfficialInput["once"]>>, core.InputStreamTimeoutError>();
same<Failed<ReturnType<Input["once"]>>, ours.RunstreamError>();
same<sdk.InferInputStreamType<Input>, unknown>();
same<ours.InferInputStreamType<OfficialInput>, Part>();
same<Missing<core.InputStreamOnceOptions, ours.OnceOptions>, never>();
same<Missing<core.InputStreamWaitOptions, ours.WaitOptions>, never>();
same<Missing<core.InputStreamWaitWithIdleTimeoutOptions, ours.IdleWaitOptions>, never>();
same<Missing<core.SendInputStreamOptions, ours.SendOptions>, never>();
