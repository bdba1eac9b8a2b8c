import type {
  DroppedProposal,
  Entry,
  Message,
  NodeId,
  PersistedState,
  Ready,
  SnapshotMeta,
} from "@coxswain/raft-core";
import type { NodeObserver } from "../cluster/observer.ts";
import type { SimNode } from "../cluster/sim-node.ts";
import type { Random } from "../random.ts";
import { Workload } from "../workload.ts";
import { CommitCheck } from "./commit-check.ts";
import { ElectionCheck } from "./election-check.ts";
import { LogCheck } from "./log-check.ts";

/** Sees every step of every node, and throws a {@link ViolationError} as soon as a promise is broken. */
export class Judge implements NodeObserver {
  readonly commits: CommitCheck;
  readonly elections: ElectionCheck;
  readonly workload: Workload;
  installs = 0;
  readonly #logs: LogCheck;

  constructor(nodes: ReadonlyMap<NodeId, SimNode>, random: Random) {
    this.commits = new CommitCheck(nodes, (entry) => this.workload.committed(entry));
    this.elections = new ElectionCheck((node) => this.commits.elected(node));
    this.#logs = new LogCheck(this.commits.termAt);
    this.workload = new Workload(random, this.commits);
  }

  started(node: SimNode, persisted: PersistedState, appliedIndex: number): void {
    this.elections.started(node, persisted);
    this.commits.started(node, appliedIndex);
    this.#logs.started(node, persisted);
  }

  crashed(node: SimNode): void {
    this.workload.crashed(node.id);
  }

  called(node: SimNode): void {
    this.elections.called(node);
    this.commits.called(node);
  }

  ready(node: SimNode, ready: Ready): void {
    this.#logs.ready(node, ready);
  }

  sent(message: Message): void {
    this.elections.sent(message);
  }

  applied(node: SimNode, entry: Entry): void {
    this.commits.applied(node, entry);
    this.workload.applied(node, entry);
  }

  installed(node: SimNode, meta: SnapshotMeta): void {
    this.installs += 1;
    this.commits.installed(node, meta);
    this.#logs.installed(node, meta);
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
