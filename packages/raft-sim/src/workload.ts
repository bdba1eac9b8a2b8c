import type { DroppedProposal, Entry, NodeId } from "@coxswain/raft-core";
import { REGISTER_COUNT, writeCommand } from "./cluster/register-machine.ts";
import type { SimNode } from "./cluster/sim-node.ts";
import type { CommitCheck } from "./checks/commit-check.ts";
import type { LeaseWatch } from "./checks/lease-watch.ts";
import type { Counters } from "./counters.ts";
import type { Profile } from "./faults/profile.ts";
import { History, type OpenOperation } from "./linearizability/history.ts";
import { pickAt, type Random } from "./random.ts";
import { ViolationError } from "./violation.ts";

interface OpenWrite {
  readonly operation: OpenOperation;
  readonly term: number;
}

/** Of writes that go to any node, and not to one that says it leads. */
const MISTAKEN_SHARE = 0.1;

/**
 * How a read is answered, as far as the node where it is asked can tell. Each kind is counted on its own. What a
 * follower forwards may be answered under its leader's lease, too.
 */
type ReadKind = "leader" | "lease" | "expiredLease" | "follower" | "recovery";

const READ_COUNTERS = {
  leader: "leaderReads",
  lease: "leaseReads",
  expiredLease: "expiredLeaseReads",
  follower: "followerReads",
  recovery: "recoveryReads",
} as const satisfies Record<ReadKind, keyof Counters>;

interface OpenRead {
  readonly operation: OpenOperation;
  readonly kind: ReadKind;
  readonly node: NodeId;
  /** What was committed anywhere when it was asked; a confirmed read sees it. */
  readonly committedIndex: number;
}

/** Clients: they write and read registers at nodes of their choice, and hold the answers to what was promised. */
export class Workload {
  readonly history: History = new History();
  readonly #random: Random;
  readonly #counters: Counters;
  readonly #commits: CommitCheck;
  readonly #writes = new Map<NodeId, Map<number, OpenWrite>>();
  readonly #reads = new Map<number, OpenRead>();
  readonly #served = new Set<number>();
  readonly #leases: LeaseWatch;
  /** Proposals reported as dropped, as index and term. */
  readonly #dropped = new Set<string>();
  #context = 0;

  constructor(random: Random, commits: CommitCheck, leases: LeaseWatch, counters: Counters) {
    this.#random = random;
    this.#leases = leases;
    this.#counters = counters;
    this.#commits = commits;
  }

  /** One client does something at a node that is awake: mostly at one that says it leads. */
  act(awake: readonly SimNode[], { readShare, followerShare }: Profile): void {
    const random = this.#random;
    const leaders = awake.filter((node) => node.raft.role === "leader");
    const isRead = random.chance(readShare);
    const isAtAny = random.chance(isRead ? followerShare : MISTAKEN_SHARE) || leaders.length === 0;
    const node = pickAt(isAtAny ? awake : leaders, random.next());
    const count = 1 + random.below(3);
    if (node === undefined) return;
    if (isRead) this.read(node);
    else this.write(node, count);
  }

  /** Proposes writes as one batch. The index of the last one, if the node took them. */
  write(node: SimNode, count: number): number | undefined {
    const random = this.#random;
    const operations = Array.from({ length: count }, () =>
      this.history.begin("write", random.below(REGISTER_COUNT)),
    );
    const commands = operations.map(({ register, value }) => writeCommand(register, value, random.below(60)));
    const outcome = node.propose(commands);
    if (!outcome.accepted) return undefined;
    const { firstIndex, term } = outcome;
    operations.forEach((operation, at) =>
      this.#openWrites(node.id).set(firstIndex + at, { operation, term }),
    );
    if (!node.isUp) this.crashed(node.id);
    return firstIndex + count - 1;
  }

  /** Asks for a linearizable read, and names it; undefined if the node refuses. */
  read(node: SimNode, kind: ReadKind = this.#kindAt(node)): number | undefined {
    const context = (this.#context += 1);
    const operation = this.history.begin("read", this.#random.below(REGISTER_COUNT));
    this.#reads.set(context, { operation, kind, node: node.id, committedIndex: this.#commits.index });
    const outcome = node.act((raft) => raft.readIndex(context));
    if (outcome.accepted) return context;
    this.#reads.delete(context);
    return undefined;
  }

  /** What became of a read; one whose node crashed counts as dropped. */
  readState(context: number): "waiting" | "served" | "dropped" {
    if (this.#reads.has(context)) return "waiting";
    return this.#served.has(context) ? "served" : "dropped";
  }

  /** A node that led when it took a proposal acknowledges it once it has applied it. */
  applied(node: SimNode, entry: Entry): void {
    const writes = this.#writes.get(node.id);
    const write = writes?.get(entry.index);
    if (writes === undefined || write === undefined) return;
    writes.delete(entry.index);
    if (write.term !== entry.term) return;
    this.#counters.acknowledged += 1;
    this.#commits.requireDurable(entry.index, entry.term);
    this.history.end(write.operation, entry.index, write.operation.value);
  }

  readServed(node: SimNode, context: number, readIndex: number): void {
    const read = this.#reads.get(context);
    if (read === undefined || read.node !== node.id) return;
    this.#reads.delete(context);
    this.#served.add(context);
    this.#counters[READ_COUNTERS[read.kind]] += 1;
    if (read.kind === "lease") this.#leases.readServed(node);
    if (readIndex < read.committedIndex) {
      throw new ViolationError(
        "linearizability",
        `read ${context} was confirmed at ${readIndex}, but ${read.committedIndex} was committed when it was asked`,
      );
    }
    const { operation } = read;
    this.history.end(operation, node.machine.index, node.machine.valueOf(operation.register));
  }

  readDropped(context: number): void {
    if (this.#reads.delete(context)) this.#counters.droppedReads += 1;
  }

  proposalDropped(node: SimNode, { index, term, outcome }: DroppedProposal): void {
    const write = this.#writes.get(node.id)?.get(index);
    if (write?.term === term) {
      this.#writes.get(node.id)?.delete(index);
      if (outcome === "unknown") this.#giveUp(write);
    }
    if (outcome !== "dropped") return;
    this.#counters.droppedWrites += 1;
    this.#dropped.add(`${index}@${term}`);
    if (this.#commits.termAt(index) === term) this.#refuseDropped(index, term);
  }

  committed({ index, term }: Entry): void {
    if (this.#dropped.has(`${index}@${term}`)) this.#refuseDropped(index, term);
  }

  /** A snapshot has taken the place of entries up to `index`: this node will not see them applied. */
  installed(node: SimNode, index: number): void {
    const writes = this.#writes.get(node.id) ?? new Map<number, OpenWrite>();
    for (const [at, write] of writes) {
      if (at > index) continue;
      writes.delete(at);
      this.#giveUp(write);
    }
  }

  crashed(id: NodeId): void {
    for (const write of this.#writes.get(id)?.values() ?? []) this.#giveUp(write);
    this.#writes.delete(id);
    for (const [context, read] of this.#reads) if (read.node === id) this.#reads.delete(context);
  }

  /** Nothing more will be answered. */
  finish(): void {
    for (const id of [...this.#writes.keys()]) this.crashed(id);
    this.history.check();
  }

  #kindAt(node: SimNode): ReadKind {
    if (node.raft.role !== "leader") return "follower";
    if (this.#leases.isHeld(node)) return "lease";
    return this.#leases.wasHeld(node) ? "expiredLease" : "leader";
  }

  #openWrites(id: NodeId): Map<number, OpenWrite> {
    const open = this.#writes.get(id) ?? new Map<number, OpenWrite>();
    this.#writes.set(id, open);
    return open;
  }

  #giveUp({ operation }: OpenWrite): void {
    this.#counters.unknownWrites += 1;
    this.history.unknown(operation);
  }

  #refuseDropped(index: number, term: number): void {
    throw new ViolationError(
      "outcomes",
      `proposal ${index}@${term} was reported as dropped, but is committed`,
    );
  }
}
