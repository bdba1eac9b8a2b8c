import type { NodeId } from "@coxswain/raft-core";
import type { Counters } from "../counters.ts";
import type { Profile } from "../faults/profile.ts";
import type { Random } from "../random.ts";
import type { Packet } from "./packet.ts";

/** Ids below this can be connected. */
const MAX_NODES = 32;

export interface NetworkParts {
  readonly profile: Profile;
  readonly random: Random;
  readonly counters: Counters;
  /** The packet arrives after `delayUs`, if its link stands then. */
  arriveIn(delayUs: number, packet: Packet): void;
  /** The packet is lost. */
  lost(packet: Packet): void;
}

/** Loses, delays, repeats and reorders; links can be cut in one direction. */
export class Network {
  readonly #parts: NetworkParts;
  readonly #cuts = new Uint8Array(MAX_NODES * MAX_NODES);
  /** When the last packet of a link arrives, if not late: without reordering, none is faster than the one before. */
  readonly #lastArrivalUs = new Float64Array(MAX_NODES * MAX_NODES);
  /** What the way to a node takes longer than usual. */
  readonly #extraUs = new Float64Array(MAX_NODES);
  #isCalm = false;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  send(packet: Packet, nowUs: number): void {
    const { profile, random, counters } = this.#parts;
    if (this.isCut(packet.from, packet.to) || (!this.#isCalm && random.chance(profile.lossChance))) {
      this.#parts.lost(packet);
      return;
    }
    if (packet.type === "snapshot") return this.#stream(packet);
    this.#dispatch(packet, nowUs);
    const isRepeatable = packet.type !== "snapshotResult";
    if (!isRepeatable || this.#isCalm || !random.chance(profile.duplicateChance)) return;
    counters.duplicatedMessages += 1;
    this.#dispatch(packet, nowUs);
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts[from * MAX_NODES + to] === 1;
  }

  /** Nothing passes from `from` to `to` any more; what is under way is lost on arrival. */
  cut(from: NodeId, to: NodeId): void {
    this.#cuts[from * MAX_NODES + to] = 1;
  }

  /** What goes to this node takes longer. */
  slow(to: NodeId, extraUs: number): void {
    this.#extraUs[to] = extraUs;
  }

  heal(): void {
    this.#cuts.fill(0);
    this.#extraUs.fill(0);
  }

  /** From now on everything sent arrives, once and in time. */
  calm(): void {
    this.heal();
    this.#isCalm = true;
  }

  /** On a connection of its own, which takes its time and holds nothing else up. */
  #stream(packet: Packet): void {
    const { profile, random, arriveIn } = this.#parts;
    const delayUs = profile.minDelayUs + random.exponential(profile.meanSnapshotUs);
    arriveIn(this.#isCalm ? profile.minDelayUs : delayUs, packet);
  }

  #dispatch(packet: Packet, nowUs: number): void {
    const { profile, random, counters } = this.#parts;
    const link = packet.from * MAX_NODES + packet.to;
    const lastUs = this.#lastArrivalUs[link] ?? 0;
    let atUs =
      nowUs + profile.minDelayUs + random.exponential(profile.meanDelayUs) + (this.#extraUs[packet.to] ?? 0);
    if (!this.#isCalm && random.chance(profile.lateChance)) {
      // Long enough to outlive the term it was sent in.
      atUs += random.between(20_000, 600_000);
      counters.lateMessages += 1;
    } else {
      if (!profile.isReordering) atUs = Math.max(atUs, lastUs);
      else if (atUs < lastUs) counters.reorderedMessages += 1;
      if (atUs > lastUs) this.#lastArrivalUs[link] = atUs;
    }
    this.#parts.arriveIn(atUs - nowUs, packet);
  }
}
