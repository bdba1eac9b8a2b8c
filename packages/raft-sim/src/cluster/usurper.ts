import { NO_NODE, type NodeId } from "@coxswain/raft-core";
import { TICK_US } from "../faults/profile.ts";
import type { Cluster } from "./cluster.ts";
import type { Packet } from "./packet.ts";
import type { SimNode } from "./sim-node.ts";

/** How a leader is robbed of its office. */
export const USURPATIONS = ["cutOff", "cutOffAndReboot", "transfer", "silence", "pause"] as const;

export type Usurpation = (typeof USURPATIONS)[number];

/**
 * Does what it can to have another elected while a leader still believes in its lease: another node is brought to
 * campaign, and from then on the leader hears nothing of it.
 */
export class Usurper {
  readonly #cluster: Cluster;
  #leader: NodeId = NO_NODE;
  #isRebooting = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  begin(leader: SimNode, heir: NodeId, how: Usurpation, durationUs: number): void {
    const { network, pauses, profile, queue } = this.#cluster;
    const { electionTicks, electionTicksMax } = profile.config;
    this.#leader = leader.id;
    this.#isRebooting = how === "cutOffAndReboot";
    queue.add(durationUs + electionTicksMax * TICK_US * profile.skew, { type: "heal" });
    switch (how) {
      case "cutOff":
      case "cutOffAndReboot":
        network.cut(leader.id, heir);
        return;
      case "transfer":
        leader.act((raft) => raft.transferLeadership(heir));
        return;
      case "silence":
        // The answers that are on their way come late, and no more follow.
        network.slow(leader.id, electionTicks * TICK_US);
        this.#eachOther((id) => network.cut(leader.id, id));
        this.end();
        return;
      case "pause":
        pauses.begin(leader.id, electionTicksMax * TICK_US + durationUs / 4);
        return;
    }
  }

  end(): void {
    this.#leader = NO_NODE;
  }

  /** Sees what leaves any node, just before. */
  sends(packet: Packet): void {
    if (this.#leader === NO_NODE || packet.from === this.#leader) return;
    const isCampaign = packet.type === "preVoteRequest" || packet.type === "voteRequest";
    if (isCampaign && this.#isRebooting) this.#reboot(packet.from);
    if (packet.type === "voteRequest") this.#deafen();
  }

  /** Those who are to vote, in no time; they are not to hear of their leader again. */
  #reboot(candidate: NodeId): void {
    const { network, queue } = this.#cluster;
    this.#isRebooting = false;
    this.#eachOther((id) => {
      network.cut(this.#leader, id);
      if (id === candidate || this.#cluster.node(id)?.isUp !== true) return;
      this.#cluster.crash(id);
      queue.add(0, { type: "start", node: id });
    });
  }

  #deafen(): void {
    const { counters, network } = this.#cluster;
    counters.usurpations += 1;
    this.#eachOther((id) => network.cut(id, this.#leader));
    this.end();
  }

  #eachOther(act: (id: NodeId) => void): void {
    for (const id of this.#cluster.nodes.keys()) if (id !== this.#leader) act(id);
  }
}
