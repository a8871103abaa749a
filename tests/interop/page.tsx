// The page of the browser tests, and the official hook beside ours.
import { useRealtimeStream } from "@trigger.dev/react-hooks";
import { createRoot } from "react-dom/client";
import "../e2e/page.tsx";

const shown: Record<string, { parts: unknown[]; error: string | undefined }> = {};

type Props = { name: string; runId: string; streamKey: string; options: { baseURL: string; accessToken: string } };

function Official({ name, runId, streamKey, options }: Props) {
  const { parts, error } = useRealtimeStream<unknown>(runId, streamKey, options);
  shown[name] = { parts: parts ?? [], error: error?.message };
  return <output>{parts?.length}</output>;
}

const official = {
  read(name: string, runId: string, streamKey: string, options: Props["options"]) {
    const root = createRoot(document.body.appendChild(document.createElement("div")));
    root.render(<Official name={name} runId={runId} streamKey={streamKey} options={options} />);
  },
  state: (name: string) => shown[name],
};

declare global {
  interface Window {
    official: typeof official;
  }
}

window.official = official;
