/**
 * Three `Raft` cores of @coxswain/raft-core in one process, without disk: every append is durable at once.
 */
import { Raft } from "@coxswain/raft-core";
import { LEADER_ID, LOG_LIMITS, Mail, MAX_INFLIGHT_APPENDS, voterIds } from "./mail.mjs";

const emptyState = () => ({
  hardState: { term: 0, votedFor: 0 },
  snapshot: {
    index: 0,
    term: 0,
    configuration: { voters: voterIds, votersOutgoing: [], learners: [] },
    featureLevel: 1,
  },
  entries: [],
});

class Member {
  /** Normal entries handed to the state machine, which keeps nothing. */
  committed = 0;
  committedBytes = 0;
  #cutIndex = 0;

  constructor(id, post) {
    this.raft = new Raft({ id, maxInflightAppends: MAX_INFLIGHT_APPENDS }, emptyState(), Math.random);
    this.post = post;
  }

  step(message) {
    this.raft.step(message);
  }

  /** Does everything that is due: the caller's duties of `Raft`, with a disk that takes no time. */
  drain() {
    const { raft, post } = this;
    for (let ready = raft.ready(); ready !== undefined; ready = raft.ready()) {
      for (const message of ready.messages) post(message.to, message);
      if (ready.append !== undefined) raft.appended(ready.append.id);
      for (const message of ready.messagesAfterAppend) post(message.to, message);
      if (ready.committed.length > 0) this.#apply(ready.committed);
    }
  }

  #apply(entries) {
    for (const entry of entries) {
      if (entry.type !== "normal") continue;
      this.committed += 1;
      this.committedBytes += entry.data.length;
    }
    const { index } = entries[entries.length - 1];
    this.raft.applied(index);
    if (index - this.#cutIndex > LOG_LIMITS.cutAtEntries) this.#cutTo(index - LOG_LIMITS.keepEntries);
  }

  #cutTo(index) {
    const meta = {
      index,
      term: this.raft.termAt(index),
      configuration: this.raft.configurationAt(index),
      featureLevel: 1,
    };
    if (this.raft.compact(meta)) this.#cutIndex = index;
  }
}

/** An elected cluster; see `Mail` for how its members are driven. */
export class CoxswainCores {
  constructor() {
    this.mail = new Mail((post) => voterIds.map((id) => new Member(id, post)));
    this.leader = this.mail.member(LEADER_ID);
    this.leader.raft.campaign();
    this.mail.deliverAll();
    if (this.leader.raft.role !== "leader") throw new Error("The first member was not elected.");
  }

  /** One propose call for all of `payloads`; each becomes an entry of its own. */
  propose(payloads) {
    const outcome = this.leader.raft.propose(payloads);
    if (!outcome.accepted) throw new Error(`The leader refused a proposal: ${outcome.reason}.`);
  }
}

export const createCores = () => new CoxswainCores();
export const createPayload = (sizeBytes) => new Uint8Array(sizeBytes).fill(7);
