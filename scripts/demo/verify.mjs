/**
 * Holds the cluster's history, as each node tells it, against what really happened.
 */
/** A promise that did not hold. */
export class PromiseBroken extends Error {}

function check(holds, message) {
  if (!holds) throw new PromiseBroken(message);
}

/** Every execution of a job, from one node's own state. */
async function history(client, jobId) {
  const all = [];
  let pageToken;
  do {
    const page = await client.executions(jobId, { pageSize: 1000, pageToken, stale: true });
    all.push(...page.executions);
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
  return all;
}

/**
 * Every acknowledged job is known to every node and its executions completed; each ran exactly once, by the ledgers; no
 * occurrence has two executions; nothing ran that the history does not know; all nodes tell the same history.
 *
 * @param {{clients: Map<number, object>, jobs: readonly {id: string, name: string, ledger?: "process" | "webhook"}[], processRuns: Map<string, number>, webhookRuns: Map<string, number>}} evidence
 */
export async function verify({ clients, jobs, processRuns, webhookRuns }) {
  const told = new Map();
  let executions = 0;
  for (const [nodeId, client] of clients) {
    const known = { process: new Set(), webhook: new Set() };
    const lines = [];
    executions = 0;
    for (const job of jobs) {
      const past = await history(client, job.id);
      check(past.length > 0, `node ${nodeId}: job ${job.id} (${job.name}) was acknowledged and has no execution`);
      const dues = new Set(past.map(({ dueMs }) => dueMs));
      check(dues.size === past.length, `node ${nodeId}: an occurrence of ${job.name} has two executions`);
      for (const execution of past) {
        const where = `node ${nodeId}: execution ${execution.id} (${job.name})`;
        check(execution.status === "COMPLETED", `${where} is ${execution.status}`);
        lines.push(`${execution.id} ${execution.status} ${execution.attempts.map((attempt) => attempt.nodeId).join(",")}`);
        executions += 1;
        if (job.ledger === undefined) continue;
        known[job.ledger].add(execution.id);
        const runs = (job.ledger === "process" ? processRuns : webhookRuns).get(execution.id) ?? 0;
        check(runs === 1, `${where} ran ${runs} times by the ledger`);
      }
    }
    for (const [ledger, runs] of [["process", processRuns], ["webhook", webhookRuns]])
      for (const execution of runs.keys())
        check(known[ledger].has(execution), `${ledger} ledger: ${execution} ran and node ${nodeId} does not know it`);
    told.set(nodeId, lines.sort().join("\n"));
  }
  check(new Set(told.values()).size === 1, "the nodes tell different histories");
  return { jobs: jobs.length, executions };
}
