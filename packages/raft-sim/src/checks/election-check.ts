import { NO_NODE, type Message, type NodeId, type PersistedState } from "@coxswain/raft-core";
import type { SimNode } from "../cluster/sim-node.ts";
import { ViolationError } from "../violation.ts";

/** The newest vote that left a node. */
interface Promised {
  term: number;
  votedFor: NodeId;
}

/**
 * Election safety: at most one leader for each term (Raft paper, 5.2); and what it rests on: one vote for each
 * node and term, and terms that never fall, both also across crashes. A vote counts from when it leaves the
 * node: before that, a crash may take it back.
 */
export class ElectionCheck {
  readonly #leaderOfTerm = new Map<number, NodeId>();
  readonly #promised = new Map<NodeId, Promised>();
  readonly #seenTerm: number[] = [];
  readonly #onElected: (node: SimNode) => void;

  /** `onElected` is told of each new leader, once. */
  constructor(onElected: (node: SimNode) => void) {
    this.#onElected = onElected;
  }

  get terms(): number {
    return this.#seenTerm.reduce((highest, term) => Math.max(highest, term ?? 0), 0);
  }

  started(node: SimNode, { hardState, snapshot, entries }: PersistedState): void {
    const promised = this.#promised.get(node.id);
    this.#seenTerm[node.id] = hardState.term;
    const logTerm = entries[entries.length - 1]?.term ?? snapshot.term;
    if (hardState.term < logTerm) {
      throw new ViolationError(
        "termsRise",
        `node ${node.id} starts in term ${hardState.term} with a log that ends in term ${logTerm}`,
      );
    }
    if (promised === undefined) return;
    const { term, votedFor } = promised;
    if (hardState.term < term) {
      throw new ViolationError(
        "termsRise",
        `node ${node.id} spoke in term ${term}, and starts in term ${hardState.term}`,
      );
    }
    if (hardState.term === term && votedFor !== NO_NODE && hardState.votedFor !== votedFor) {
      throw new ViolationError(
        "voteOnce",
        `node ${node.id} forgot its vote of term ${term} for node ${votedFor}`,
      );
    }
  }

  called(node: SimNode): void {
    const { id, raft } = node;
    const { term } = raft;
    const seen = this.#seenTerm[id] ?? 0;
    if (term < seen) throw new ViolationError("termsRise", `node ${id}: term ${seen} became ${term}`);
    this.#seenTerm[id] = term;
    if (raft.role === "leader" && this.#leaderOfTerm.get(term) !== id) this.#elected(node, term);
  }

  sent(message: Message): void {
    const { from, to, term, type } = message;
    if (type === "voteRequest") this.#promise(from, term, from);
    else if (type === "voteResponse" && message.granted) this.#promise(from, term, to);
    else if (type === "appendResponse" && message.success) this.#promise(from, term, NO_NODE);
  }

  #promise(node: NodeId, term: number, votedFor: NodeId): void {
    const promised = this.#promised.get(node);
    if (promised === undefined || promised.term < term) {
      this.#promised.set(node, { term, votedFor });
      return;
    }
    if (promised.term > term || votedFor === NO_NODE) return;
    if (promised.votedFor !== NO_NODE && promised.votedFor !== votedFor) {
      throw new ViolationError(
        "voteOnce",
        `node ${node} votes for ${promised.votedFor} and for ${votedFor} in term ${term}`,
      );
    }
    promised.votedFor = votedFor;
  }

  #elected(node: SimNode, term: number): void {
    const other = this.#leaderOfTerm.get(term);
    if (other !== undefined) {
      throw new ViolationError("electionSafety", `nodes ${other} and ${node.id} both lead term ${term}`);
    }
    this.#leaderOfTerm.set(term, node.id);
    this.#onElected(node);
  }
}
