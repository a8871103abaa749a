import { Parts } from "../../slim.js";

export default async function Page({ searchParams }) {
  const { runId, ...client } = await searchParams;
  return <Parts runId={runId} client={client} />;
}
