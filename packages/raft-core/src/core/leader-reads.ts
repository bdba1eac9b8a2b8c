import type { NodeId } from "../types.ts";

/** Who asked: this node, or a follower by message. */
export interface PendingRead {
  readonly from: NodeId;
  readonly context: number;
}

/** Reads that share a round of heartbeats. */
export interface ReadRound {
  readonly round: number;
  /** The commit index when the round was issued: what its reads must see applied. */
  readonly index: number;
  readonly reads: readonly PendingRead[];
  /** When its question was put, by the clock of the lease; 0 without one. */
  readonly issuedAt: number;
}

/**
 * Reads on a leader (dissertation 6.4). Each waits for a round of heartbeats issued after it arrived;
 * rounds are numbered, so an answer to an older round can never confirm a newer read.
 */
export class LeaderReads {
  /** Not part of a round yet. */
  #arrived: PendingRead[] = [];
  #rounds: ReadRound[] = [];
  #newestRound = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Carried by every heartbeat, so that a lost one does not leave its reads waiting. */
  get newestRound(): number {
    return this.#newestRound;
  }

  get hasArrivals(): boolean {
    return this.#arrived.length > 0;
  }

  get isWaiting(): boolean {
    return this.#rounds.length > 0;
  }

  add(read: PendingRead): void {
    this.#arrived.push(read);
    this.#size += 1;
  }

  /** Puts what has arrived into a new round. */
  issueRound(index: number, issuedAt: number): void {
    this.#open({ index, reads: this.#arrived, issuedAt });
    this.#arrived = [];
  }

  /** A round that carries no reads: it asks only for the lease. */
  issueEmptyRound(issuedAt: number): void {
    this.#open({ index: 0, reads: [], issuedAt });
  }

  /** Takes what has arrived, to be answered without a round. */
  takeArrived(): readonly PendingRead[] {
    const arrived = this.#arrived;
    this.#arrived = [];
    this.#size -= arrived.length;
    return arrived;
  }

  /** Takes the rounds that a quorum has confirmed. */
  takeConfirmed(round: number): readonly ReadRound[] {
    let count = 0;
    for (const waiting of this.#rounds) {
      if (waiting.round > round) break;
      this.#size -= waiting.reads.length;
      count += 1;
    }
    return this.#rounds.splice(0, count);
  }

  /** Takes everything: leadership is lost. */
  takeAll(): readonly PendingRead[] {
    const all = [...this.#rounds.flatMap((round) => round.reads), ...this.#arrived];
    this.#rounds = [];
    this.#arrived = [];
    this.#size = 0;
    return all;
  }

  #open(round: Omit<ReadRound, "round">): void {
    this.#newestRound += 1;
    this.#rounds.push({ ...round, round: this.#newestRound });
  }
}
