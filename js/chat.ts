import { attempt } from "./callbacks.ts";
import { RunstreamError, reportException } from "./errors.ts";
import { createStreamStore } from "./store.ts";
import type { ClientOptions, DefinedStream } from "./types.ts";

/** What `useChat` asks a transport to send. */
export type ChatRequest<TMessage> = {
  trigger: "submit-message" | "regenerate-message";
  chatId: string;
  /** Of the message that is to be made again. */
  messageId: string | undefined;
  /** The whole conversation, the new message last. */
  messages: TMessage[];
  abortSignal: AbortSignal | undefined;
  headers?: Record<string, string> | Headers;
  body?: object;
  metadata?: unknown;
};

/** The run that answers, and how to read it where that is not what the transport was given. */
export type ChatRun = ClientOptions & { runId: string };

/** How far a chat has come. Plain JSON: keep it beside the messages. */
export type SavedChat = {
  runId: string;
  /** Behind the last answer. Undefined before the first. */
  lastEventId: string | undefined;
  /** An answer is awaited: after a reload it is read again from its beginning. */
  isAnswering: boolean;
  /** How many answers behind `lastEventId` nobody wants: they were stopped before they began. */
  unwanted: number;
};

/** Options of {@link createChatTransport}. */
export type ChatTransportOptions<TChunk, TMessage> = ClientOptions & {
  /** The stream that the run writes its answers to, one after the other. */
  stream: DefinedStream<TChunk>;
  /** Gives what is new to the run: by an input stream, or by a route that triggers a run. Resolves to the run that will answer. */
  send(request: ChatRequest<TMessage>): Promise<ChatRun>;
  /** Called when an answer is stopped before its end: tell the run. What it throws, or rejects with, is reported. */
  onStop?: ((chatId: string, runId: string) => unknown) | undefined;
  /** What `save` was given last, asked for once for each chat. With what reading its run takes, where that differs. */
  load?:
    | ((chatId: string) => Promise<(SavedChat & ClientOptions) | undefined> | (SavedChat & ClientOptions) | undefined)
    | undefined;
  /** Called when an answer is asked for, has ended or was stopped. */
  save?: ((chatId: string, saved: SavedChat) => void) | undefined;
};

/** The `ChatTransport` of the AI SDK. */
export type RunChatTransport<TChunk, TMessage> = {
  /** What is read again is read from the beginning of the answer. */
  readonly resumeStreamIsReplay: true;
  sendMessages(request: ChatRequest<TMessage>): Promise<ReadableStream<TChunk>>;
  reconnectToStream(request: {
    chatId: string;
    abortSignal?: AbortSignal | undefined;
  }): Promise<ReadableStream<TChunk> | null>;
};

/** The chunks after which there is nothing more of an answer. */
const LAST: ReadonlySet<string> = new Set(["finish", "abort", "error"]);

const NEW = { lastEventId: undefined, unwanted: 0, isAnswering: false };

type Chat = { saved: SavedChat; client: ClientOptions };

/**
 * A transport for `useChat` over the streams of a run. Each answer begins with a `start` chunk, as the AI SDK makes them; what is
 * between the end of one and the start of the next is passed over. Lost connections are the core's affair; what cannot be read on is an
 * error of the chat.
 */
export function createChatTransport<TChunk extends { type: string }, TMessage>(
  options: ChatTransportOptions<TChunk, TMessage>,
): RunChatTransport<TChunk, TMessage> {
  const { stream, send, onStop, load, save, ...common } = options;
  const chats = new Map<string, Chat>();

  const find = async (chatId: string): Promise<Chat | undefined> => {
    const known = chats.get(chatId);
    if (known || !load) return known;
    const loaded = await load(chatId);
    if (!loaded) return undefined;
    const { runId, lastEventId, isAnswering, unwanted, ...client } = loaded;
    const chat = { saved: { runId, lastEventId, isAnswering, unwanted }, client };
    chats.set(chatId, chat);
    return chat;
  };
  const keep = (chatId: string, chat: Chat) => {
    chats.set(chatId, chat);
    attempt(() => save?.(chatId, chat.saved));
  };

  /** The chunks of the answer that is awaited, up to its last. */
  function read(chatId: string, chat: Chat, signal: AbortSignal | undefined): ReadableStream<TChunk> {
    const { saved, client } = chat;
    let { lastEventId, unwanted } = saved;
    let isBegun = false;
    let isOver = false;
    let leave = () => {};
    const close = () => {
      isOver = true;
      leave();
      signal?.removeEventListener("abort", stop);
    };
    const settle = () => {
      close();
      // Another answer may be awaited by now, and has counted this one.
      if (chats.get(chatId) !== chat) return;
      keep(chatId, { saved: { ...saved, lastEventId, unwanted, isAnswering: false }, client });
    };
    let stop = () => {};
    return new ReadableStream<TChunk>({
      start(controller) {
        stop = () => {
          // What is left of an answer that has begun is passed over; one that has not must be counted.
          if (!isBegun) unwanted++;
          settle();
          controller.close();
          (async () => onStop?.(chatId, saved.runId))().catch(reportException);
        };
        if (signal?.aborted) return stop();
        signal?.addEventListener("abort", stop);
        const store = createStreamStore<DefinedStream<TChunk>>(stream, saved.runId, {
          ...common,
          ...client,
          lastEventId,
          follow: true,
          // Keeps no part.
          reduce: () => undefined,
          onParts: (parts) => {
            for (const { id, chunk } of parts as Array<{ id: string; chunk: TChunk }>) {
              if (isOver) return;
              if (chunk.type === "start" && !isBegun) {
                if (unwanted > 0) unwanted--;
                else isBegun = true;
              }
              lastEventId = id;
              if (!isBegun) continue;
              controller.enqueue(chunk);
              if (!LAST.has(chunk.type)) continue;
              settle();
              controller.close();
            }
          },
        });
        leave = store.subscribe(({ status, error }) => {
          if (isOver || (status !== "failed" && !(status === "idle" && error) && status !== "ended")) return;
          // Asked again, it is read from its beginning.
          close();
          controller.error(error ?? new RunstreamError("rejected", `there is nothing to read of ${saved.runId}`));
        });
        if (isOver) leave();
      },
      cancel: close,
    });
  }

  return {
    resumeStreamIsReplay: true,
    async sendMessages(request) {
      const { chatId, abortSignal } = request;
      const before = await find(chatId);
      const { runId, ...client } = await send(request);
      const isSame = before?.saved.runId === runId;
      const { lastEventId, unwanted, isAnswering } = isSame ? before.saved : NEW;
      // An answer that was awaited and is asked for no more comes before this one.
      const chat = {
        saved: { runId, lastEventId, unwanted: unwanted + Number(isAnswering), isAnswering: true },
        client,
      };
      keep(chatId, chat);
      return read(chatId, chat, abortSignal);
    },
    async reconnectToStream({ chatId, abortSignal }) {
      const chat = await find(chatId);
      return chat?.saved.isAnswering ? read(chatId, chat, abortSignal) : null;
    },
  };
}
