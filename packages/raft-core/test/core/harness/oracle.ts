import type { Entry, Message } from "../../../src/types.ts";
import type { DroppedProposal, Ready } from "../../../src/core/raft.ts";
import { textOf } from "./states.ts";
import type { SimNode } from "./sim-node.ts";

/** Sees everything that every node does, and throws as soon as a promise of Raft is broken. */
export class Oracle {
  /** What is committed anywhere, by index. */
  readonly committed: Map<number, Entry> = new Map();
  readonly #leaderOfTerm = new Map<number, number>();
  readonly #voteOf = new Map<string, number>();
  readonly #dropped: DroppedProposal[] = [];
  readonly #lastSeen = new Map<number, { term: number; votedFor: number; commitIndex: number }>();
  commitIndex = 0;

  /** After any call of any method of a node. */
  observe(node: SimNode, nodes: readonly SimNode[]): void {
    this.#checkMonotonic(node);
    for (let index = this.commitIndex + 1; index <= node.raft.commitIndex; index += 1) {
      this.#commit(node, index, nodes);
    }
    this.#checkPrefix(node, node.raft.commitIndex);
  }

  observeReady(node: SimNode, ready: Ready): void {
    for (const event of ready.events) {
      if (event.type === "leaderElected") this.#elected(node, event.term);
    }
    this.#dropped.push(...ready.dropped);
    for (const entry of ready.committed) this.#checkSame(node, entry);
  }

  /** A vote counts from when it leaves the node: before that, a crash may take it back. */
  observeSent(message: Message): void {
    if (message.type === "voteResponse" && message.granted)
      this.#voted(message.from, message.term, message.to);
  }

  restarted(node: SimNode): void {
    const seen = this.#lastSeen.get(node.id);
    if (seen !== undefined) this.#lastSeen.set(node.id, { ...seen, ...node.disk.hardState, commitIndex: 0 });
  }

  /** At the end: nothing reported as dropped was committed after all. */
  finish(): void {
    for (const { index, term, outcome } of this.#dropped) {
      if (outcome === "dropped" && this.committed.get(index)?.term === term) {
        throw new Error(`proposal ${index}@${term} was reported dropped, but is committed`);
      }
    }
  }

  #checkMonotonic(node: SimNode): void {
    const { term, votedFor, commitIndex } = node.raft.status();
    const seen = this.#lastSeen.get(node.id);
    if (seen !== undefined) {
      if (term < seen.term) throw new Error(`node ${node.id}: term fell from ${seen.term} to ${term}`);
      if (term === seen.term && seen.votedFor !== 0 && votedFor !== seen.votedFor) {
        throw new Error(`node ${node.id}: changed its vote in term ${term}`);
      }
      if (commitIndex < seen.commitIndex)
        throw new Error(`node ${node.id}: commit index fell to ${commitIndex}`);
    }
    this.#lastSeen.set(node.id, { term, votedFor, commitIndex });
  }

  #commit(node: SimNode, index: number, nodes: readonly SimNode[]): void {
    const entry = node.raft.entries(index, 1)[0];
    if (entry === undefined) throw new Error(`node ${node.id} commits ${index}, which it does not hold`);
    const holders = nodes.filter((other) => other.disk.holds(index, entry.term)).map((other) => other.id);
    const { voters, votersOutgoing } = node.raft.configuration;
    if (!isMajority(holders, voters) || (votersOutgoing.length > 0 && !isMajority(holders, votersOutgoing)))
      throw new Error(
        `${index}@${entry.term} was committed with copies on ${holders.join()}, ` +
          `while ${voters.join()} and ${votersOutgoing.join() || "nobody else"} vote`,
      );
    this.committed.set(index, entry);
    this.commitIndex = index;
  }

  #checkPrefix(node: SimNode, commitIndex: number): void {
    const term = node.raft.termAt(commitIndex);
    const expected = commitIndex === 0 ? 0 : this.committed.get(commitIndex)?.term;
    if (term !== undefined && expected !== undefined && term !== expected) {
      throw new Error(
        `node ${node.id} holds ${commitIndex}@${term}, committed is ${commitIndex}@${expected}`,
      );
    }
  }

  #checkSame(node: SimNode, entry: Entry): void {
    const committed = this.committed.get(entry.index);
    if (committed?.term !== entry.term || textOf(committed.data) !== textOf(entry.data)) {
      throw new Error(
        `node ${node.id} was given ${entry.index}@${entry.term} to apply, which is not committed`,
      );
    }
  }

  #elected(node: SimNode, term: number): void {
    const other = this.#leaderOfTerm.get(term);
    if (other !== undefined && other !== node.id)
      throw new Error(`${other} and ${node.id} both won term ${term}`);
    this.#leaderOfTerm.set(term, node.id);
    for (const [index, entry] of this.committed) {
      const held = node.raft.termAt(index);
      const isCovered = index < node.raft.status().firstIndex;
      if (!isCovered && held !== entry.term) {
        throw new Error(`node ${node.id} won term ${term} without committed entry ${index}@${entry.term}`);
      }
    }
  }

  #voted(voter: number, term: number, candidate: number): void {
    const key = `${voter} in ${term}`;
    const previous = this.#voteOf.get(key);
    if (previous !== undefined && previous !== candidate) throw new Error(`${key} voted twice`);
    this.#voteOf.set(key, candidate);
  }
}

function isMajority(holders: readonly number[], voters: readonly number[]): boolean {
  return voters.filter((id) => holders.includes(id)).length > voters.length / 2;
}
