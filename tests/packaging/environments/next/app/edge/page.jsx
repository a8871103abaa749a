import { Parts } from "../../parts.js";

export const runtime = "edge";

export default async function Page({ searchParams }) {
  const { runId, ...client } = await searchParams;
  return <Parts runId={runId} client={client} />;
}
