/**
 * What a leader does for the nodes: renews leases, registers starts, takes results.
 */
import type { LeaseGrant } from "@coxswain/api-grpc";
import type { HeartbeatRequest } from "@coxswain/protocol";
import type { RaftNode } from "@coxswain/raft-core";
import type { Scheduler } from "@coxswain/scheduler";
import { isRefused } from "@coxswain/state-machine";
import type { ApplyError, ApplyResult, CommandBody, RegisterNode } from "@coxswain/state-machine";
import type { AttemptReport } from "@coxswain/worker";
import type { RaftProposer } from "./proposer.ts";

/** Apply refused a command of the node itself. */
export class CommandRefusedError extends Error {
  readonly code: ApplyError["code"];
  readonly category: ApplyError["category"];

  constructor(error: ApplyError) {
    super(error.message);
    this.name = "CommandRefusedError";
    this.code = error.code;
    this.category = error.category;
  }
}

export class LeaderDuties {
  readonly #raft: Pick<RaftNode<ApplyResult>, "linearizableRead">;
  readonly #proposer: RaftProposer;
  readonly #scheduler: Scheduler;

  constructor(raft: Pick<RaftNode<ApplyResult>, "linearizableRead">, proposer: RaftProposer, scheduler: Scheduler) {
    this.#raft = raft;
    this.#proposer = proposer;
    this.#scheduler = scheduler;
  }

  /** A leader that was deposed unknowingly must not grant: the quorum is confirmed after the request arrived (G12). */
  async heartbeat(request: HeartbeatRequest): Promise<LeaseGrant> {
    await this.#raft.linearizableRead();
    return this.#scheduler.heartbeat(request);
  }

  async registerNode(registration: RegisterNode): Promise<void> {
    await this.#commit({ $case: "registerNode", value: registration });
  }

  async reportAttempts(items: readonly AttemptReport[]): Promise<void> {
    await this.#commit({ $case: "reportAttempts", value: { items: [...items] } });
  }

  async #commit(body: CommandBody): Promise<void> {
    const result = await this.#proposer.propose(body);
    if (isRefused(result)) throw new CommandRefusedError(result.error);
  }
}
