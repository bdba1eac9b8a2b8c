/** Why an execution waits that is due, as far as its user can do something about it. */
import { ExecutionStatus } from "@coxswain/protocol";
import type { Execution, Job, Node } from "@coxswain/protocol";
import { executorOf } from "@coxswain/state-machine";

/**
 * Says that no node can take the newest execution, and why; empty when some node can, if only later, and when nothing
 * waits.
 *
 * @param alive the nodes that are there
 */
export function pendingReason(
  job: Job,
  execution: Execution | undefined,
  alive: readonly Node[],
  nowMs: number,
): string {
  if (execution?.status !== ExecutionStatus.PENDING || execution.retryAtMs > nowMs) return "";
  const kind = executorOf(job.task);
  const offering = alive.filter(({ executors }) => executors.includes(kind));
  if (offering.length === 0) return noneOffers(kind, alive);
  if (offering.every(({ draining }) => draining)) return `Every node that offers ${kind} is draining.`;
  return offering.every(({ capacity }) => capacity === 0) ? `No node that offers ${kind} runs any jobs.` : "";
}

function noneOffers(kind: string, alive: readonly Node[]): string {
  const nodesOf = new Map<string, number[]>();
  for (const { id, missingExecutors } of alive) {
    const reason = missingExecutors[kind] ?? "it is not among --executors";
    nodesOf.set(reason, [...(nodesOf.get(reason) ?? []), id]);
  }
  const [only, ...others] = [...nodesOf].map(([reason, ids]) =>
    nodesOf.size === 1 ? reason : `node ${ids.join(", ")}: ${reason}`,
  );
  return only === undefined ? "No node is there." : `No node offers ${kind}: ${[only, ...others].join("; ")}`;
}
