// The work of one run, in a process of its own: `node task.mjs <run>`, forked by host.mjs. It may be begun any number of times
// and comes to the same result, because what it waited for is kept under an idempotency key.
import { withRun } from "runstream";
import { approval } from "./streams.mjs";

const [runId] = process.argv.slice(2);

const outcome = await withRun({ id: runId, suspend }, async () => {
  const decision = await approval.wait({ timeout: "7d", idempotencyKey: `${runId}-approval`, pollInSeconds: 2 });
  if (!decision.ok) return "nobody answered";
  const { approved, reviewer } = decision.output;
  return `${approved ? "published" : "discarded"}, says ${reviewer}`;
});
tell({ outcome });

/** Nothing came for a while: the process goes. The promise never resolves, so nothing else of the run happens here. */
function suspend({ waitpointId }) {
  tell({ waitpointId });
  return new Promise(() => {});
}

function tell(message) {
  process.send(message, () => process.exit());
}
