export {
  type ChatRequest,
  type ChatRun,
  type ChatTransportOptions,
  createChatTransport,
  type RunChatTransport,
  type SavedChat,
} from "./chat.ts";
