import type { NodeId } from "../types.ts";
import { CatchUp } from "./catch-up.ts";
import type { Inflights } from "./inflights.ts";

/** How a leader sends to a peer: feeling for the match, streaming, or waiting for a snapshot. */
export type ProgressState = "probe" | "replicate" | "snapshot";

/**
 * A peer as its leader sees it.
 *
 *   probe      one append for each answer or heartbeat, until a match is found
 *   replicate  a stream: `nextIndex` runs ahead of the answers, within the window
 *   snapshot   nothing, until the snapshot has arrived or failed
 */
export class Progress {
  readonly id: NodeId;
  /** The last index known to be durable there. Never falls within a term. */
  matchIndex = 0;
  nextIndex: number;
  state: ProgressState = "probe";
  /** Heard from since the last check-quorum. */
  recentlyActive = false;
  /** When it was last heard from; undefined when never in this term. */
  heardAtTick: number | undefined = undefined;
  /** Watched while it is a learner. */
  readonly catchUp: CatchUp = new CatchUp();
  /** In `probe`: an append is out, and the next waits for an answer or a heartbeat. */
  isProbing = false;
  /** In `replicate`: an answer is overdue; ask with an empty append where the stream stands, also if the window is full. */
  needsNudge = false;
  /** In `snapshot`: the peer lost its state, so no acknowledgement ends the wait; one may be from before the loss. */
  needsSnapshot = false;
  /** The commit index the peer has been told of, as far as was sent. */
  sentCommit = 0;
  /** The newest round of reads this peer has confirmed. */
  readRound = 0;
  #answeredAtTick: number | undefined = undefined;
  readonly inflights: Inflights;

  constructor(id: NodeId, nextIndex: number, inflights: Inflights) {
    this.id = id;
    this.nextIndex = nextIndex;
    this.inflights = inflights;
  }

  /** Looks for the match from `nextIndex` on, but never again below what is known. */
  becomeProbe(nextIndex: number): void {
    this.#enter("probe");
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
  }

  becomeReplicate(): void {
    this.#enter("replicate");
    this.nextIndex = this.matchIndex + 1;
  }

  becomeSnapshot(): void {
    this.#enter("snapshot");
  }

  /** An append went out that ends at `lastIndex` (empty ones end where they begin). */
  sent(lastIndex: number, sizeBytes: number, leaderCommit: number): void {
    this.needsNudge = false;
    this.sentCommit = Math.max(this.sentCommit, Math.min(lastIndex, leaderCommit));
    if (this.state === "probe") {
      this.isProbing = true;
    } else if (lastIndex >= this.nextIndex) {
      this.nextIndex = lastIndex + 1;
      this.inflights.add(lastIndex, sizeBytes);
    }
  }

  /** The peer holds everything up to `index`. True when that is news. */
  matched(index: number): boolean {
    this.inflights.freeTo(index);
    this.nextIndex = Math.max(this.nextIndex, index + 1);
    if (index <= this.matchIndex) return false;
    this.matchIndex = index;
    return true;
  }

  /** Whether a refusal of `prevLogIndex` answers the question now open, rather than an older one. */
  isRefusalCurrent(prevLogIndex: number): boolean {
    if (this.state === "replicate") return prevLogIndex > this.matchIndex;
    return this.state === "probe" && prevLogIndex === this.nextIndex - 1 && prevLogIndex > this.matchIndex;
  }

  /**
   * A heartbeat was answered: the peer lives, so an append without answer was probably lost. Rounds of reads bring
   * many such answers, which say no more than the first of them.
   */
  heartbeatAnswered(tick: number, lastIndex: number): void {
    if (tick === this.#answeredAtTick) return;
    this.#answeredAtTick = tick;
    this.isProbing = false;
    if (this.state !== "replicate") return;
    this.needsNudge = this.matchIndex < lastIndex;
  }

  #enter(state: ProgressState): void {
    this.state = state;
    this.isProbing = false;
    this.needsNudge = false;
    this.needsSnapshot = false;
    this.inflights.clear();
  }
}
