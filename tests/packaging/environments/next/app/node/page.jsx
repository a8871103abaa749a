import { useRealtimeStream } from "runstream/react";
import { Parts } from "../../parts.js";

/** To be imported by a component of the server is enough: without the directive that would be an error. */
export const metadata = { title: typeof useRealtimeStream };

export default async function Page({ searchParams }) {
  const { runId, ...client } = await searchParams;
  return <Parts runId={runId} client={client} />;
}
