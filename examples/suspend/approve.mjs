// Answers a run: `node approve.mjs <run> <reviewer>`.
import { approval } from "./streams.mjs";

const [runId, reviewer = "somebody"] = process.argv.slice(2);
await approval.send(runId, { approved: true, reviewer });
console.log(`${reviewer} approved ${runId}`);
