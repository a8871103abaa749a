import { type FormEvent, useState } from "react";
import { useInputStreamSend } from "runstream/react";
import { ask, pathOf, type StreamInfo } from "./server.ts";

type Props = {
  runId: string;
  stream: StreamInfo | undefined;
  token: () => Promise<string>;
  act: (work: Promise<unknown>) => void;
  choose: (stream: string) => void;
};

/** Sends to an input stream with the package's own hook, or writes a part as the task would. */
export function Compose({ runId, stream, token, act, choose }: Props) {
  const [target, setTarget] = useState<"input" | "output">(stream && !stream.isInput ? "output" : "input");
  const [name, setName] = useState(stream?.name ?? "");
  const [text, setText] = useState("");
  const { send, isLoading } = useInputStreamSend<unknown>(name, runId, {
    accessToken: token,
    baseURL: location.origin,
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const data = parse(text);
    const key = target === "input" ? `$trigger.input:${name}` : name;
    const done = target === "input" ? send(data) : ask("POST", pathOf(runId, "streams", name), { data });
    act(done.then(() => key !== stream?.key && choose(key)));
  };
  return (
    <form className="compose" onSubmit={submit}>
      <select aria-label="What to do" value={target} onChange={(event) => setTarget(event.target.value as "input")}>
        <option value="input">Send to input</option>
        <option value="output">Write to stream</option>
      </select>
      <input aria-label="Stream" placeholder="stream" required value={name} onChange={(e) => setName(e.target.value)} />
      <input
        aria-label="Data"
        placeholder='JSON, or text: {"approved": true}'
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
      <button type="submit" disabled={isLoading}>
        {target === "input" ? "Send" : "Write"}
      </button>
    </form>
  );
}

/** What is no JSON is taken for text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
