import type {
  DroppedProposal,
  Entry,
  Message,
  NodeId,
  PersistedState,
  Ready,
  SnapshotMeta,
} from "@coxswain/raft-core";
import type { CutPower } from "../cluster/disk.ts";
import type { NodeObserver } from "../cluster/observer.ts";
import type { SimNode } from "../cluster/sim-node.ts";
import type { Counters } from "../counters.ts";
import type { Random } from "../random.ts";
import { Workload } from "../workload.ts";
import { CommitCheck } from "./commit-check.ts";
import { ElectionCheck } from "./election-check.ts";
import type { LeaseWatch } from "./lease-watch.ts";
import { LogCheck } from "./log-check.ts";
import { MembershipWatch } from "./membership-watch.ts";

/** What a {@link Judge} needs of the world. */
export interface JudgeOptions {
  readonly nodes: ReadonlyMap<NodeId, SimNode>;
  /** Of the clients. */
  readonly random: Random;
  readonly leases: LeaseWatch;
  readonly counters: Counters;
  /** Is told of whoever still leads an earlier term when a later one has its first commit. */
  readonly onDeposed: (node: SimNode) => void;
}

/** Sees every step of every node, and throws a {@link ViolationError} as soon as a promise is broken. */
export class Judge implements NodeObserver {
  readonly commits: CommitCheck;
  readonly elections: ElectionCheck;
  readonly membership: MembershipWatch;
  readonly workload: Workload;
  readonly #logs: LogCheck;
  readonly #counters: Counters;

  constructor({ nodes, random, leases, counters, onDeposed }: JudgeOptions) {
    this.#counters = counters;
    this.membership = new MembershipWatch(nodes, counters);
    const onCommit = (entry: Entry): void => this.workload.committed(entry);
    this.commits = new CommitCheck(nodes, this.membership, onCommit, onDeposed);
    this.elections = new ElectionCheck((node) => {
      counters.elections += 1;
      this.commits.elected(node);
      leases.elected(node);
    });
    this.#logs = new LogCheck(this.commits);
    this.workload = new Workload(random, this.commits, leases, counters);
  }

  started(node: SimNode, persisted: PersistedState, appliedIndex: number): void {
    this.elections.started(node, persisted);
    this.commits.started(node, appliedIndex);
    this.#logs.started(node, persisted);
  }

  crashed(node: SimNode, { survived, lost, isTorn }: CutPower): void {
    const counters = this.#counters;
    counters.survivingWrites += survived;
    counters.lostWrites += lost;
    if (isTorn) counters.tornWrites += 1;
    this.workload.crashed(node.id);
  }

  called(node: SimNode): void {
    this.elections.called(node);
    this.commits.called(node);
  }

  ready(node: SimNode, ready: Ready): void {
    this.#logs.ready(node, ready);
    for (const event of ready.events) {
      if (event.type === "transferEnded" && event.outcome === "steppedDown")
        this.#counters.transfersDone += 1;
    }
  }

  sent(message: Message): void {
    this.elections.sent(message);
  }

  applied(node: SimNode, entry: Entry): void {
    this.commits.applied(node, entry);
    this.workload.applied(node, entry);
  }

  installed(node: SimNode, meta: SnapshotMeta, keepsLog: boolean): void {
    const counters = this.#counters;
    counters.snapshotsInstalled += 1;
    if (keepsLog) counters.installsKeepingLog += 1;
    if (node.raft.status().needsSnapshot) counters.reinstalledStates += 1;
    if (this.commits.index > meta.index) counters.installsDuringWrites += 1;
    this.commits.installed(node, meta);
    if (!keepsLog) this.#logs.installed(node, meta);
    this.workload.installed(node, meta.index);
  }

  readServed(node: SimNode, context: number, readIndex: number): void {
    this.workload.readServed(node, context, readIndex);
  }

  readDropped(_node: SimNode, context: number): void {
    this.workload.readDropped(context);
  }

  proposalDropped(node: SimNode, proposal: DroppedProposal): void {
    this.workload.proposalDropped(node, proposal);
  }
}
