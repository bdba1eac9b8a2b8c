/**
 * What the commands about nodes have in common: the attempts a node runs, in an order that is
 * the same on every node and after every restart.
 */
import type { Execution, Job } from "@coxswain/protocol";
import type { State } from "../state.ts";
import type { ApplyContext, Reads } from "./context.ts";
import { findExecution, readExecution } from "./execution-item.ts";
import { loseAttempt } from "./attempt-end.ts";

/** Executions that run on a node, by id. */
export function runningIds(state: State, nodeId: number): string[] {
  return state.running
    .list(nodeId)
    .map((running) => running.executionId)
    .sort();
}

/** Declares the executions that run on a node, and their jobs. */
export function readRunning(state: State, nodeId: number, reads: Reads): void {
  for (const id of runningIds(state, nodeId)) readExecution(id, reads);
}

export function requireRunning(state: State, executionId: string): { execution: Execution; job: Job } {
  const found = findExecution(state, executionId);
  if (found === undefined) throw new Error(`${executionId} runs but has no record.`);
  return found;
}

/** Ends the running attempt of an execution as lost. */
export function loseExecution(context: ApplyContext, executionId: string): void {
  const { execution, job } = requireRunning(context.state, executionId);
  loseAttempt(context, job, execution);
}
