import { streams } from "runstream";

const { runId, ...client } = Object.fromEntries(new URLSearchParams(location.search));
const parts = [];
for await (const part of await streams.read(runId, "story", client)) {
  parts.push(part);
  document.querySelector("output").textContent = JSON.stringify(parts);
}
