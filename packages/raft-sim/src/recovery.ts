import type { NodeId } from "@coxswain/raft-core";
import type { Cluster } from "./cluster/cluster.ts";
import type { SimNode } from "./cluster/sim-node.ts";
import { TICK_US } from "./faults/profile.ts";
import { MemberReads } from "./member-reads.ts";
import { ViolationError } from "./violation.ts";

/** What recovery needs of a simulation. */
export interface Recoverable {
  readonly cluster: Cluster;
  step(): boolean;
}

/** Election timeouts within which a healed cluster must have committed something and applied it everywhere. */
const PATIENCE_TIMEOUTS = 60;

/** And steps: a cluster that is busy without getting anywhere makes no progress either. */
const PATIENCE_STEPS = 50_000;

/**
 * Heals everything and starts every node that can be started; then proposes until one proposal is applied by all
 * members, learners and those that lost their state among them, no joint configuration is left, and each of them has
 * answered a read. Throws a {@link ViolationError} if that takes too long, or if their states differ then.
 */
export function recover(simulation: Recoverable, retired: ReadonlySet<NodeId>): void {
  const { cluster } = simulation;
  healAll(cluster, retired);
  const { electionTicksMax } = cluster.profile.config;
  const periodUs = electionTicksMax * TICK_US * cluster.profile.skew;
  const deadlineUs = cluster.queue.nowUs + PATIENCE_TIMEOUTS * periodUs;
  const reads = new MemberReads(cluster.observer.workload);
  let marker: { readonly node: SimNode; readonly index: number; readonly atUs: number } | undefined;
  for (let steps = 0; steps < PATIENCE_STEPS && cluster.queue.nowUs < deadlineUs; steps += 1) {
    const { leader, queue } = cluster;
    const isDue = marker === undefined || marker.node !== leader || queue.nowUs > marker.atUs + periodUs;
    if (isDue && leader !== undefined) {
      const index = cluster.observer.workload.write(leader, 1);
      // A deposed leader's log may end below what is committed already: that would show no progress.
      if (index !== undefined && index > cluster.observer.commits.index)
        marker = { node: leader, index, atUs: queue.nowUs };
    }
    if (!simulation.step()) break;
    const isSettled = marker !== undefined && isAppliedByAll(cluster, marker.index);
    if (isSettled && reads.areServed(members(cluster))) return compareStates(cluster);
  }
  throw new ViolationError(
    "progress",
    `${PATIENCE_TIMEOUTS} election timeouts after healing: ${describe(cluster)}`,
  );
}

function healAll(cluster: Cluster, retired: ReadonlySet<NodeId>): void {
  cluster.isCalm = true;
  cluster.network.calm();
  cluster.powerCuts.clear();
  cluster.usurper.end();
  cluster.slowDisks.clear();
  cluster.pauses.clear();
  for (const { id } of cluster.nodes.values()) if (!retired.has(id)) cluster.start(id);
}

/** By every member that is not lost for good, and by its word committed. */
function isAppliedByAll(cluster: Cluster, index: number): boolean {
  const { commits, membership } = cluster.observer;
  if (commits.index < index || membership.current.votersOutgoing.length > 0) return false;
  return members(cluster).every((node) => node.machine.index >= index);
}

function members(cluster: Cluster): SimNode[] {
  const { leader } = cluster;
  if (leader === undefined) return [...cluster.nodes.values()];
  const { voters, votersOutgoing, learners } = leader.raft.configuration;
  return [...voters, ...votersOutgoing, ...learners].flatMap((id) => {
    const node = cluster.node(id);
    return node === undefined || node.isLost ? [] : [node];
  });
}

/** Equal histories have equal digests. */
function compareStates(cluster: Cluster): void {
  const digests = new Map<number, number>();
  for (const { id, machine } of members(cluster)) {
    const digest = digests.get(machine.index) ?? machine.digest;
    digests.set(machine.index, digest);
    if (digest !== machine.digest) {
      throw new ViolationError("stateMachineSafety", `node ${id} has another state at ${machine.index}`);
    }
  }
}

function describe(cluster: Cluster): string {
  return [...cluster.nodes.values()]
    .map(({ id, isUp, raft, machine }) => {
      const { role, term, leader, commitIndex } = raft;
      const state = isUp ? `${role} of term ${term}, leader ${leader}` : "down";
      return `node ${id} ${state}, commit ${commitIndex}, applied ${machine.index}`;
    })
    .join("; ");
}
