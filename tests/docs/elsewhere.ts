// The pages that are about something else than streams.
import { leaveOut, type Page } from "./entries.ts";

const page = (page: string, why: string, hashes: Record<string, string>): Page => ({
  page,
  entries: leaveOut(why, hashes),
});

export const elsewhere: Page[] = [
  page("realtime/backend/overview.mdx", "subscribes to the run", { "Quick example #1": "2f1a672b" }),
  page("realtime/backend/subscribe.mdx", "subscribes to runs and their metadata", {
    "runs.subscribeToRun #1": "3dfcd8db",
    "runs.subscribeToRunsWithTag #1": "dd636546",
    "runs.subscribeToBatch #1": "f5a02052",
    "Type safety #1": "05a41591",
    "Type safety #2": "7a3adb6c",
    "How to subscribe to metadata updates #1": "9b009b10",
    "How to subscribe to metadata updates #2": "feb1f4a7",
    "Type safety #3": "9e1ab0ff",
  }),
  page("realtime/how-it-works.mdx", "subscribes to runs", {
    "Basic usage #1": "e4b6694e",
    "Basic usage #2": "ecf17f13",
    "Basic usage #3": "724b59a7",
  }),
  page("realtime/overview.mdx", "has none", {}),
  page("realtime/react-hooks/overview.mdx", "installs their package; subscribes to the run", {
    "Installation #1": "73cd705c",
    "Installation #2": "b0d8fdd6",
    "Installation #3": "b3b82fd9",
    "Authentication #1": "23328537",
  }),
  page("realtime/react-hooks/session-stream.mdx", "streams of sessions", {
    "Basic usage #1": "9dd3b539",
    "Options #1": "58f54cb5",
    "Start from the latest record #1": "b0a26971",
    "Resume from a cursor #1": "08349d9f",
    "React to control records #1": "6ae7f4d4",
    "Named side channels #1": "38e5b229",
  }),
  page("realtime/react-hooks/subscribe.mdx", "subscribes to runs", {
    "useRealtimeRun #1": "b53deb02",
    "useRealtimeRun #2": "8cf6ca17",
    "useRealtimeRun #3": "f2116ab2",
    "useRealtimeRun #4": "c5a0b92a",
    "useRealtimeRun #5": "3caf560d",
    "useRealtimeRunsWithTag #1": "5ec14b02",
    "useRealtimeRunsWithTag #2": "4828716f",
    "useRealtimeRunsWithTag #3": "b638f69b",
    "useRealtimeRunsWithTag #4": "49d62ba3",
    "useRealtimeBatch #1": "30e4a192",
    "Progress monitoring #1": "da0dc096",
    "Reusable progress bar #1": "5e6e374d",
    "Status indicator with logs #1": "a4ef29e6",
    "Multi-stage deployment monitor #1": "61f45c25",
    "Type safety #1": "0cbcb213",
    "accessToken & baseURL #1": "b8137b50",
    "enabled #1": "82e10fc2",
    "id #1": "459596df",
  }),
  page("realtime/react-hooks/swr.mdx", "fetches runs", { "useRun #1": "af7ccbde", "useRun #2": "569bbb60" }),
  page("realtime/react-hooks/triggering.mdx", "triggers tasks", {
    "useTaskTrigger #1": "a6be864b",
    "useTaskTrigger #2": "3530fca8",
    "Using the handle object #1": "ad25061d",
    "useRealtimeTaskTrigger #1": "cb3a271c",
    "useRealtimeTaskTriggerWithStreams #1": "cda499bd",
  }),
  page("realtime/react-hooks/use-wait-token.mdx", "completes wait tokens", { " #1": "8cc0f320", " #2": "741bc7d8" }),
  page("realtime/run-object.mdx", "subscribes to runs", { "Type-safety #1": "efa1c219", "Type-safety #2": "59922091" }),
];
