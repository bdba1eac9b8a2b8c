/**
 * Whether a learner keeps up well enough to be given a vote (dissertation 4.2.1). Replication is cut into
 * rounds: each brings what the leader's log held when the round began. Once a round takes less than an
 * election timeout, a commit that waits for this node waits no longer than for an election. Unlike the
 * dissertation's ten rounds these go on for as long as the node learns, so that the answer is never old.
 */
export class CatchUp {
  #targetIndex = 0;
  #beganAtTick: number | undefined;
  #isFast = false;

  /** The last round was fast, and the one under way still can be. */
  get isDone(): boolean {
    return this.#isFast;
  }

  /** Takes a look; once for each tick. */
  observe(tick: number, matchIndex: number, lastIndex: number, limitTicks: number): void {
    if (this.#beganAtTick === undefined) {
      this.#begin(tick, lastIndex);
      return;
    }
    const isInTime = tick - this.#beganAtTick < limitTicks;
    if (matchIndex >= this.#targetIndex) {
      this.#isFast = isInTime;
      this.#begin(tick, lastIndex);
    } else if (!isInTime) {
      this.#isFast = false;
    }
  }

  #begin(tick: number, targetIndex: number): void {
    this.#beganAtTick = tick;
    this.#targetIndex = targetIndex;
  }
}
