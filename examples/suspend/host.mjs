// Runs tasks: `node host.mjs <run>`. While a run waits it has no process; it gets another one when its waitpoint has ended.
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const { TRIGGER_API_URL, TRIGGER_SECRET_KEY } = process.env;
const task = fileURLToPath(new URL("task.mjs", import.meta.url));
const [runId] = process.argv.slice(2);

for (;;) {
  const child = fork(task, [runId]);
  console.log(`${runId} runs in process ${child.pid}`);
  const message = await Promise.race([once(child, "message").then(([said]) => said), once(child, "exit")]);
  if (child.exitCode === null) await once(child, "exit");
  if (message.outcome !== undefined) {
    console.log(`${runId} is done: ${message.outcome}`);
    break;
  }
  if (message.waitpointId === undefined) throw new Error(`the process of ${runId} died; it may be begun again`);
  console.log(`${runId} waits, without a process`);
  await ended(message.waitpointId);
}

/** A host of many runs would ask for all of them at once, or be called by whoever takes the approvals. */
async function ended(waitpointId) {
  for (;;) {
    const answer = await fetch(`${TRIGGER_API_URL}/api/v1/waitpoints/tokens/${waitpointId}`, {
      headers: { Authorization: `Bearer ${TRIGGER_SECRET_KEY}` },
    });
    const { status } = await answer.json();
    if (status !== "WAITING") return;
    await sleep(1_000);
  }
}
