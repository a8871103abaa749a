export { TriggerAuthContext } from "./react/context.ts";
export {
  type InputStreamSendInstance,
  type UseInputStreamSendOptions,
  useInputStreamSend,
} from "./react/useInputStreamSend.ts";
export {
  type UseRealtimeStreamInstance,
  type UseRealtimeStreamOptions,
  useRealtimeStream,
} from "./react/useRealtimeStream.ts";
