/** A log entry in one line, for people who look at the log. */
import { decodeCommand } from "@coxswain/state-machine";
import type { CommandBody } from "@coxswain/state-machine";
import type { LogEntry } from "./contracts.ts";

/** Names in a line; further ones are only counted. */
const MAX_NAMES = 3;

/** What an entry does. Never throws: an entry of a newer version is shown as unknown. */
export function describeEntry({ type, data }: Pick<LogEntry, "type" | "data">): string {
  if (type === "noop") return "Noop";
  if (type === "config") return "ChangeMembership";
  try {
    const { body } = decodeCommand(data);
    return body === undefined ? "Unknown" : describeBody(body);
  } catch {
    return "Unknown";
  }
}

function describeBody(body: CommandBody): string {
  switch (body.$case) {
    case "submitJobs":
      return line("SubmitJob", body.value.items, ({ jobId, placement }) => onNode(jobId, placement?.nodeId));
    case "fireDue":
      return line("FireDue", body.value.items, ({ jobId, dueMs, placement }) => onNode(`${jobId} due ${instant(dueMs)}`, placement?.nodeId));
    case "assignExecutions":
      return line("AssignJob", body.value.items, ({ executionId, placement }) => onNode(executionId, placement?.nodeId));
    case "reportAttempts":
      return line("BatchUpdateJobStatus", body.value.items, ({ executionId, attempt, nodeId }) => onNode(`${executionId} attempt ${String(attempt)}`, nodeId));
    case "retryDue":
      return line("RetryDue", body.value.items, ({ executionId, placement }) => onNode(executionId, placement?.nodeId));
    case "deadlineDue":
      return line("DeadlineDue", body.value.items, ({ executionId, attempt }) => `${executionId} attempt ${String(attempt)}`);
    case "cancelJob":
      return `CancelJob ${body.value.jobId}`;
    case "deleteJob":
      return `DeleteJob ${body.value.jobId}`;
    case "purge":
      return `Purge ${String(body.value.limit)}`;
    case "registerNode":
      return `RegisterWorker ${String(body.value.nodeId)} at ${body.value.address}`;
    case "markNodesLost":
      return line("MarkNodesLost", body.value.items, ({ nodeId }) => String(nodeId));
    case "setNodeDraining":
      return `${body.value.draining ? "DrainNode" : "UndrainNode"} ${String(body.value.nodeId)}`;
    case "setClusterSettings":
      return "SetClusterSettings";
    case "raiseFeatureLevel":
      return `RaiseFeatureLevel ${String(body.value.featureLevel)}`;
  }
}

function line<T>(name: string, items: readonly T[], describe: (item: T) => string): string {
  const shown = items.slice(0, MAX_NAMES).map(describe).join(", ");
  const more = items.length > MAX_NAMES ? ` and ${String(items.length - MAX_NAMES)} more` : "";
  return `${name} ${shown}${more}`;
}

function onNode(what: string, nodeId: number | undefined): string {
  return nodeId === undefined ? what : `${what} on node ${String(nodeId)}`;
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}
