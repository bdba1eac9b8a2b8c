/**
 * Leases (dissertation 6.4.1), both sides of them: what lets a leader answer reads by itself for a while, and the
 * promise of the voters that makes it true. Only with `RaftConfig.lease`.
 */
import type { ConsensusState } from "./consensus-state.ts";
import type { Leadership } from "./leadership.ts";

/** The leader's side. */
export class Lease {
  /** When the newest question was put that a quorum has answered. */
  #since = Number.NEGATIVE_INFINITY;
  #isGivenUp = false;

  /** A quorum has answered a heartbeat sent at `askedAt`; what counts is the question, which came before each promise. */
  renew(askedAt: number): void {
    this.#since = Math.max(this.#since, askedAt);
  }

  /**
   * For the rest of the term: somebody was told to campaign at once, which breaks every promise (dissertation 3.10).
   * That message may be late, so the end of the transfer changes nothing.
   */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  holds(now: number, duration: number): boolean {
    return !this.#isGivenUp && now - this.#since < duration;
  }
}

/** Whether this leader may answer reads by itself now. Before the first commit of its term it knows too little (6.4). */
export function holdsLease({ config, commitIndex }: ConsensusState, leadership: Leadership): boolean {
  const { lease } = config;
  if (lease === undefined || commitIndex < leadership.noopIndex) return false;
  return leadership.lease.holds(lease.now(), lease.duration);
}

/** The time that a question is put, by the clock of the lease. */
export function leaseNow({ config }: ConsensusState): number {
  return config.lease?.now() ?? 0;
}

/** Every heartbeat asks for the lease, whether or not there are reads. */
export function askForLease(state: ConsensusState, leadership: Leadership): void {
  if (state.config.lease !== undefined) leadership.reads.issueEmptyRound(leaseNow(state));
}

/**
 * The voter's side: a leader's message may have been answered less than an election timeout ago. Unlike the
 * courtesy of check-quorum it outlives a change of term, which one lone candidate can bring about.
 */
export function isPromised({ config, tick, heardLeaderTick }: ConsensusState): boolean {
  return config.lease !== undefined && tick - heardLeaderTick < config.electionTicks;
}

/** Whether a restart would keep the promise: it tells by its term that there may be one, so a term must be durable. */
export function remembersPromise({ config, stableHardState }: ConsensusState): boolean {
  return config.lease === undefined || stableHardState.term > 0;
}
