/**
 * Hands messages between the members of a cluster in one process. Both sides of the comparison are driven by it.
 */
export const voterIds = [1, 2, 3];
export const LEADER_ID = 1;

/** Messages under way to one follower, on both sides: enough that a proposal never waits to be grouped with others. */
export const MAX_INFLIGHT_APPENDS = 4_096;

/** Both logs are cut alike, as a running node would: to `keepEntries` behind what is applied, every `cutAtEntries`. */
export const LOG_LIMITS = { keepEntries: 4_096, cutAtEntries: 20_480 };

/** A member has `step(message)` and `drain()`, which takes what is ready and posts its messages. */
export class Mail {
  #queue = [];
  #members;

  /** `createMembers` is given `post(to, message)`, and returns the members in the order of `voterIds`. */
  constructor(createMembers) {
    this.#members = createMembers((to, message) => this.#queue.push(to, message));
  }

  get members() {
    return this.#members;
  }

  member(id) {
    return this.#members[id - 1];
  }

  /** Hands over what is on its way; each receiver takes its ready after every message. */
  deliverEach() {
    const round = this.#takeRound();
    for (let at = 0; at < round.length; at += 2) {
      const member = this.member(round[at]);
      member.step(round[at + 1]);
      member.drain();
    }
    return round.length;
  }

  /** Hands over what is on its way; each receiver takes its ready once, after all that came for it. */
  deliverTurn() {
    const round = this.#takeRound();
    for (let at = 0; at < round.length; at += 2) this.member(round[at]).step(round[at + 1]);
    for (const member of this.#members) member.drain();
    return round.length;
  }

  /** Until nothing is on its way any more. */
  deliverAll() {
    for (const member of this.#members) member.drain();
    while (this.deliverEach() > 0);
  }

  #takeRound() {
    const round = this.#queue;
    this.#queue = [];
    return round;
  }
}
