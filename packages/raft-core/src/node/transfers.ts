import type { Clock } from "../contracts.ts";
import type { RaftEvent, Status, TransferOutcome } from "../core/raft.ts";
import { NO_NODE, type NodeId } from "../types.ts";
import { NotLeaderError, TransferFailedError, TransferTargetError } from "./errors.ts";

interface Waiting {
  readonly to: NodeId;
  readonly resolve: (leader: NodeId) => void;
  readonly reject: (error: Error) => void;
  readonly cancelTimer: () => void;
}

/** Follows a transfer of leadership from its request to the news of who leads. */
export class Transfers {
  readonly #id: NodeId;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #waiting: Waiting[] = [];

  /** `timeoutMs` bounds the whole; the core itself gives up handing over after one election timeout. */
  constructor(id: NodeId, clock: Clock, timeoutMs: number) {
    this.#id = id;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Starts a transfer through `transfer` and resolves with whoever leads next. */
  begin(to: NodeId, transfer: (to: NodeId) => TransferOutcome): Promise<NodeId> {
    const outcome = transfer(to);
    if (!outcome.accepted) return this.#refused(to, outcome);
    return new Promise<NodeId>((resolve, reject) => {
      const waiting: Waiting = {
        to,
        resolve,
        reject,
        cancelTimer: this.#clock.after(this.#timeoutMs, () =>
          this.#end(waiting, failed(to, "nobody was seen to lead in time")),
        ),
      };
      this.#waiting.push(waiting);
    });
  }

  /** Takes note of what the core reports. */
  observe(event: RaftEvent): void {
    if (event.type === "leaderChanged" && event.leader !== NO_NODE && event.leader !== this.#id) {
      for (const waiting of [...this.#waiting]) this.#end(waiting, event.leader);
    } else if (event.type === "leaderElected") {
      this.#endAll((to) => failed(to, "this node was elected again"));
    } else if (event.type === "transferEnded" && event.outcome !== "steppedDown") {
      const why =
        event.outcome === "timedOut" ? "it did not take over in time" : "another transfer replaced this one";
      for (const waiting of this.#waiting.filter(({ to }) => to === event.to))
        this.#end(waiting, failed(event.to, why));
    }
  }

  rejectAll(reason: Error): void {
    this.#endAll(() => reason);
  }

  #refused(to: NodeId, outcome: TransferOutcome & { readonly accepted: false }): Promise<NodeId> {
    if (outcome.reason === "alreadyLeader") return Promise.resolve(to);
    if (outcome.reason === "notLeader") return Promise.reject(new NotLeaderError(outcome.leader));
    return Promise.reject(
      new TransferTargetError(`Node ${to} has no vote here. Name a voter, or none to have one chosen.`),
    );
  }

  #endAll(reason: (to: NodeId) => Error): void {
    for (const waiting of [...this.#waiting]) this.#end(waiting, reason(waiting.to));
  }

  #end(waiting: Waiting, outcome: NodeId | Error): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiting);
    waiting.cancelTimer();
    if (typeof outcome === "number") waiting.resolve(outcome);
    else waiting.reject(outcome);
  }
}

/** The voter that was heard from and lacks least, but not one that waits for a state; undefined when there is none. */
export function bestTransferTarget({ peers, configuration }: Status): NodeId | undefined {
  const candidates = peers.filter(
    ({ id, recentlyActive, state }) =>
      recentlyActive && state !== "snapshot" && configuration.voters.includes(id),
  );
  candidates.sort((a, b) => b.matchIndex - a.matchIndex || a.id - b.id);
  return candidates[0]?.id;
}

function failed(to: NodeId, why: string): TransferFailedError {
  return new TransferFailedError(
    `Leadership did not pass to node ${to}: ${why}. Ask the cluster who leads and try again.`,
  );
}
