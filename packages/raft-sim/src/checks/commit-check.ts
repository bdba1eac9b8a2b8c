import {
  decodeConfiguration,
  type Configuration,
  type Entry,
  type NodeId,
  type SnapshotMeta,
} from "@coxswain/raft-core";
import type { SimNode } from "../cluster/sim-node.ts";
import { ViolationError } from "../violation.ts";
import { isSameEntry } from "./log-check.ts";
import type { MembershipWatch } from "./membership-watch.ts";

/**
 * What is committed, and that it stays so: leader completeness and state-machine safety (Raft paper, figure 3),
 * the commit rule (5.4.2), and a quorum of disks under every commit. By log matching one entry stands for all
 * before it, so each check looks at one place.
 */
export class CommitCheck {
  readonly #nodes: ReadonlyMap<NodeId, SimNode>;
  /** Entry i + 1 at i. */
  readonly #committed: Entry[] = [];
  /** The term of the leader that committed each. */
  readonly #inTerm: number[] = [];
  /** What each was committed under: decides which disks must hold it, whoever is a member later. */
  readonly #configurations: Configuration[] = [];
  /** The last index committed by the leader of each term. */
  readonly #lastOfTerm = new Map<number, number>();
  readonly #seenIndex: number[] = [];
  readonly #membership: MembershipWatch;
  readonly #onCommit: (entry: Entry) => void;
  readonly #onDeposed: (node: SimNode) => void;

  /** `onDeposed` is told of whoever still leads an earlier term when a later one has its first commit. */
  constructor(
    nodes: ReadonlyMap<NodeId, SimNode>,
    membership: MembershipWatch,
    onCommit: (entry: Entry) => void,
    onDeposed: (node: SimNode) => void,
  ) {
    this.#nodes = nodes;
    this.#membership = membership;
    this.#onCommit = onCommit;
    this.#onDeposed = onDeposed;
  }

  /** The last index committed anywhere. */
  get index(): number {
    return this.#committed.length;
  }

  readonly termAt: (index: number) => number | undefined = (index) => this.#committed[index - 1]?.term;

  /** The term of the leader that committed this entry; the entry itself may be of an earlier one. */
  readonly committedInTerm: (index: number) => number | undefined = (index) => this.#inTerm[index - 1];

  started(node: SimNode, appliedIndex: number): void {
    this.#seenIndex[node.id] = appliedIndex;
  }

  installed(node: SimNode, { index, term }: SnapshotMeta): void {
    const committed = this.termAt(index);
    if (committed !== term) {
      throw new ViolationError(
        "stateMachineSafety",
        `node ${node.id} installs a snapshot of ${index}@${term}, committed is term ${committed}`,
      );
    }
  }

  called(node: SimNode): void {
    const { commitIndex } = node.raft;
    const seen = this.#seenIndex[node.id] ?? 0;
    if (commitIndex === seen) return;
    if (commitIndex < seen) {
      throw new ViolationError(
        "stateMachineSafety",
        `node ${node.id}: commit index ${seen} became ${commitIndex}`,
      );
    }
    this.#seenIndex[node.id] = commitIndex;
    if (commitIndex > this.#committed.length) this.#commitNew(node, commitIndex);
    const held = node.raft.termAt(commitIndex);
    if (held !== undefined && held !== this.termAt(commitIndex)) {
      throw new ViolationError(
        "stateMachineSafety",
        `node ${node.id} commits ${commitIndex}@${held}; committed is term ${this.termAt(commitIndex)}`,
      );
    }
  }

  /** A leader holds everything that leaders of earlier terms committed. */
  elected(node: SimNode): void {
    const { term } = node.raft;
    let required = 0;
    for (const [earlier, index] of this.#lastOfTerm) if (earlier < term && index > required) required = index;
    this.#requireOf(node, required);
  }

  applied(node: SimNode, entry: Entry): void {
    const committed = this.#committed[entry.index - 1];
    if (entry.index !== node.machine.index + 1) {
      throw new ViolationError(
        "stateMachineSafety",
        `node ${node.id} applies ${entry.index} after ${node.machine.index}`,
      );
    }
    if (committed === undefined || !isSameEntry(committed, entry)) {
      throw new ViolationError(
        "stateMachineSafety",
        `node ${node.id} applies ${entry.index}@${entry.term}, committed is term ${committed?.term}`,
      );
    }
  }

  /** Throws unless a quorum of the disks that it was committed under holds the entry. */
  requireDurable(index: number, term: number): void {
    const configuration = this.#configurations[index - 1];
    if (configuration === undefined) throw new ViolationError("durability", `${index} is not committed`);
    const holds = (id: NodeId): boolean => this.#nodes.get(id)?.disk.holds(index, term) === true;
    if (isQuorum(configuration.voters, holds) && isQuorum(configuration.votersOutgoing, holds)) return;
    const holders = [...this.#nodes.keys()].filter(holds);
    throw new ViolationError(
      "durability",
      `${index}@${term} is on the disks of ${holders.join(", ") || "nobody"}`,
    );
  }

  #commitNew(node: SimNode, to: number): void {
    const { raft } = node;
    if (raft.role !== "leader" || raft.termAt(to) !== raft.term) {
      throw new ViolationError(
        "commitRule",
        `${raft.role} ${node.id} of term ${raft.term} is the first to commit ${to}@${raft.termAt(to)}`,
      );
    }
    for (let index = this.#committed.length + 1; index <= to; index += 1) {
      const entry = raft.entries(index, 1)[0];
      if (entry?.index !== index) {
        throw new ViolationError("commitRule", `node ${node.id} commits ${index}, which it does not hold`);
      }
      this.#committed.push(entry);
      this.#inTerm.push(raft.term);
      this.#configurations.push(raft.configuration);
      this.requireDurable(index, entry.term);
      if (entry.type === "config") this.#membership.committed(node, decodeConfiguration(entry.data));
      this.#onCommit(entry);
    }
    const isFirst = !this.#lastOfTerm.has(raft.term);
    this.#lastOfTerm.set(raft.term, to);
    for (const other of this.#nodes.values()) {
      if (!other.isUp || other.raft.role !== "leader") continue;
      if (other.raft.term > raft.term) this.#requireOf(other, to);
      else if (other.raft.term < raft.term && isFirst) this.#onDeposed(other);
    }
  }

  #requireOf(leader: SimNode, index: number): void {
    const held = leader.raft.termAt(index);
    if (index === 0 || held === this.termAt(index)) return;
    if (held === undefined && index < leader.raft.status().firstIndex) return;
    throw new ViolationError(
      "leaderCompleteness",
      `node ${leader.id} leads term ${leader.raft.term} without committed entry ${index}@${this.termAt(index)}`,
    );
  }
}

function isQuorum(voters: readonly NodeId[], holds: (id: NodeId) => boolean): boolean {
  let count = 0;
  for (const id of voters) if (holds(id)) count += 1;
  return voters.length === 0 || count * 2 > voters.length;
}
