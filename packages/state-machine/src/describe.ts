/**
 * Log entries in one line each, under the names that users know.
 */
import type { Entry } from "@coxswain/raft-core";
import { COMMAND_VERSION, decodeCommand, type CommandBody } from "./commands.ts";
import { commandText, executorOf } from "./records/task.ts";

/** The most that a line shows of a text a user gave. */
const TEXT_CHARACTERS = 80;

/** Such as `SubmitJob 0190… "echo hello"`. Never throws: what cannot be read is called Unknown. */
export function describeCommand(entry: Entry): string {
  if (entry.type === "noop") return "Noop";
  if (entry.type === "config") return "ChangeMembership";
  try {
    const { version, body } = decodeCommand(entry.data);
    if (version < 1 || version > COMMAND_VERSION || body === undefined) return `Unknown version ${version}`;
    return describeBody(body);
  } catch {
    return "Unknown";
  }
}

function describeBody(body: CommandBody): string {
  switch (body.$case) {
    case "submitJobs":
      return several("SubmitJob", body.value.items, ({ jobId, task }) => `${jobId} ${shortTask(task)}`);
    case "fireDue":
      return several("FireDue", body.value.items, ({ jobId }) => jobId);
    case "assignExecutions":
      return several(
        "AssignJob",
        body.value.items,
        ({ executionId, placement }) => `${executionId} to node ${placement?.nodeId ?? 0}`,
      );
    case "reportAttempts":
      return describeReports(body.value.items);
    case "retryDue":
      return several("RetryDue", body.value.items, ({ executionId }) => executionId);
    case "deadlineDue":
      return several("DeadlineDue", body.value.items, ({ executionId }) => executionId);
    case "cancelJob":
      return `CancelJob ${body.value.jobId}`;
    case "deleteJob":
      return `DeleteJob ${body.value.jobId}`;
    case "purge":
      return `Purge up to ${body.value.limit}`;
    case "registerNode":
      return `RegisterWorker node ${body.value.nodeId} incarnation ${body.value.incarnation} at ${body.value.address}`;
    case "markNodesLost":
      return several("MarkNodesLost", body.value.items, ({ nodeId }) => `node ${nodeId}`);
    case "setNodeDraining":
      return `SetNodeDraining node ${body.value.nodeId} ${body.value.draining ? "on" : "off"}`;
    case "setClusterSettings":
      return `SetClusterSettings${body.value.onlyIfAbsent ? " if absent" : ""}`;
    case "raiseFeatureLevel":
      return `RaiseFeatureLevel ${body.value.featureLevel}`;
    default:
      return unreachable(body);
  }
}

type ReportItems = Extract<CommandBody, { $case: "reportAttempts" }>["value"]["items"];

function describeReports(items: ReportItems): string {
  const [only] = items;
  if (items.length !== 1 || only === undefined) return `BatchUpdateJobStatus ${items.length} attempts`;
  return `UpdateJobStatus ${only.executionId} attempt ${only.attempt}`;
}

function several<Item>(name: string, items: readonly Item[], describe: (item: Item) => string): string {
  const [first] = items;
  if (first === undefined) return `${name} nothing`;
  return items.length === 1
    ? `${name} ${describe(first)}`
    : `${name} ${items.length} items, first ${describe(first)}`;
}

function shortTask(task: Parameters<typeof commandText>[0]): string {
  const text = commandText(task);
  if (text === "") return executorOf(task);
  return JSON.stringify(text.length > TEXT_CHARACTERS ? `${text.slice(0, TEXT_CHARACTERS - 1)}…` : text);
}

function unreachable(body: never): never {
  throw new TypeError(`Unknown command: ${JSON.stringify(body)}`);
}
