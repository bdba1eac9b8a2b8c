import { expect } from "@jest/globals";
import type { ConfChange, MemberChange, ProposeOutcome } from "../../../src/core/raft.ts";
import type { Configuration } from "../../../src/types.ts";
import { SimCluster } from "./sim-cluster.ts";
import type { Packet } from "./sim-node.ts";
import { votersOf } from "./states.ts";

export const THREE: Configuration = votersOf(1, 2, 3);

/** Nodes 1 to 5, of which the first `voters` vote; node 1 leads. */
export function clusterOf(voters: number, config: { promoteLearners?: boolean } = {}): SimCluster {
  const ids = [1, 2, 3, 4, 5];
  const cluster = new SimCluster({ ids, config, configuration: votersOf(...ids.slice(0, voters)) });
  cluster.elect(1);
  return cluster;
}

export function change(cluster: SimCluster, ask: ConfChange, on: number = 1): ProposeOutcome {
  let outcome: ProposeOutcome | undefined;
  cluster.act(on, (node) => (outcome = node.raft.proposeConfChange(ask)));
  if (outcome === undefined) throw new Error(`node ${on} is down`);
  return outcome;
}

export function accept(cluster: SimCluster, ask: ConfChange, on: number = 1): void {
  expect(change(cluster, ask, on)).toMatchObject({ accepted: true });
}

export function joint(...changes: MemberChange[]): ConfChange {
  return { type: "joint", changes };
}

/** Elects without waiting for leases to end, as after a transfer. */
export function campaignAtOnce(cluster: SimCluster, id: number): void {
  cluster.act(id, ({ raft }) =>
    raft.step({ type: "timeoutNow", from: raft.leader, to: id, term: raft.term }),
  );
  cluster.settle();
}

export function isNotAppendResponseTo(id: number): (packet: Packet) => boolean {
  return (packet) =>
    packet.type !== "message" || packet.message.type !== "appendResponse" || packet.to !== id;
}
