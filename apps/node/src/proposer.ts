/**
 * Turns the body of a command into an entry: stamped by this leader's clock, encoded, proposed.
 */
import type { RaftNode } from "@coxswain/raft-core";
import { COMMAND_VERSION, encodeCommand } from "@coxswain/state-machine";
import type { ApplyResult, CommandBody } from "@coxswain/state-machine";

/**
 * What the cluster itself must get through under load goes first (G21): a flood of submits must hold up neither
 * what frees capacity nor what is due.
 */
const SYSTEM_COMMANDS: ReadonlySet<CommandBody["$case"]> = new Set([
  "reportAttempts",
  "assignExecutions",
  "fireDue",
  "retryDue",
  "deadlineDue",
  "registerNode",
  "markNodesLost",
  "setNodeDraining",
  "setClusterSettings",
  "raiseFeatureLevel",
]);

export class RaftProposer {
  readonly #propose: RaftNode<ApplyResult>["propose"];
  readonly #now: () => number;

  constructor(propose: RaftNode<ApplyResult>["propose"], now: () => number) {
    this.#propose = propose;
    this.#now = now;
  }

  /** Resolves with the result of apply here; rejects as `RaftNode.propose` does. */
  propose(body: CommandBody, requestId = ""): Promise<ApplyResult> {
    const command = encodeCommand({ version: COMMAND_VERSION, timeMs: this.#now(), requestId, body });
    return this.#propose(command, { priority: SYSTEM_COMMANDS.has(body.$case) ? "system" : "user" });
  }
}
