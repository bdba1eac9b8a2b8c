/**
 * Which file applies which command.
 */
import type { CommandBody } from "../commands.ts";
import { assignExecutions } from "./assign-executions.ts";
import { cancelJob } from "./cancel-job.ts";
import type { ItemsCommand, ScanCommand, WholeCommand } from "./context.ts";
import { deadlineDue } from "./deadline-due.ts";
import { deleteJob } from "./delete-job.ts";
import { fireDue } from "./fire-due.ts";
import { markNodesLost } from "./mark-nodes-lost.ts";
import { purge } from "./purge.ts";
import { raiseFeatureLevel } from "./raise-feature-level.ts";
import { registerNode } from "./register-node.ts";
import { reportAttempts } from "./report-attempts.ts";
import { retryDue } from "./retry-due.ts";
import { setClusterSettings } from "./set-cluster-settings.ts";
import { setNodeDraining } from "./set-node-draining.ts";
import { submitJobs } from "./submit-jobs.ts";

/** What applies a command, without the types of its body: it is given only bodies of its own. */
export type AnyCommand =
  ItemsCommand<unknown, unknown, unknown> | WholeCommand<unknown> | ScanCommand<unknown, unknown>;

/** Finds what applies a body. */
export function commandOf(body: CommandBody): AnyCommand {
  return find(body) as AnyCommand;
}

function find(body: CommandBody): object {
  switch (body.$case) {
    case "submitJobs":
      return submitJobs;
    case "fireDue":
      return fireDue;
    case "assignExecutions":
      return assignExecutions;
    case "reportAttempts":
      return reportAttempts;
    case "retryDue":
      return retryDue;
    case "deadlineDue":
      return deadlineDue;
    case "cancelJob":
      return cancelJob;
    case "deleteJob":
      return deleteJob;
    case "purge":
      return purge;
    case "registerNode":
      return registerNode;
    case "markNodesLost":
      return markNodesLost;
    case "setNodeDraining":
      return setNodeDraining;
    case "setClusterSettings":
      return setClusterSettings;
    case "raiseFeatureLevel":
      return raiseFeatureLevel;
    default:
      return unreachable(body);
  }
}

function unreachable(body: never): never {
  throw new TypeError(`Unknown command: ${JSON.stringify(body)}`);
}
