/** What happened, as text for people and as a digest for comparing runs. */
import type { Entry } from "@coxswain/raft-core";
import type { SimEvent } from "./cluster/event.ts";
import type { Packet } from "./cluster/packet.ts";

/** Taken once: as a property of the global it is slow to find in a sandbox, such as a test runner's. */
const { imul } = Math;

/** A number that two runs share only if all they mixed into it was the same. */
export class Digest {
  #value = 0x811c9dc5;

  add(number: number): void {
    this.#value = imul(this.#value ^ (number | 0), 0x01000193) >>> 0;
  }

  toString(): string {
    return this.#value.toString(16).padStart(8, "0");
  }
}

/** One line for a packet, without its sender and receiver. */
export function describePacket(packet: Packet): string {
  switch (packet.type) {
    case "appendRequest":
      return (
        `${packet.type} t${packet.term} after ${packet.prevLogIndex}@${packet.prevLogTerm}` +
        `${describeEntries(packet.entries)} commit ${packet.leaderCommit}`
      );
    case "appendResponse":
      return packet.success
        ? `${packet.type} t${packet.term} matches ${packet.index}`
        : `${packet.type} t${packet.term} refuses ${packet.index}, try ${packet.hintIndex}@${packet.hintTerm}`;
    case "preVoteRequest":
    case "voteRequest":
      return `${packet.type} t${packet.term} log ends ${packet.lastLogIndex}@${packet.lastLogTerm}`;
    case "preVoteResponse":
    case "voteResponse":
      return `${packet.type} t${packet.term} ${packet.granted ? "granted" : "refused"}`;
    case "heartbeatRequest":
      return `${packet.type} t${packet.term} commit ${packet.leaderCommit} round ${packet.readContext}`;
    case "heartbeatResponse":
      return `${packet.type} t${packet.term} round ${packet.readContext}`;
    case "readIndexRequest":
      return `${packet.type} t${packet.term} read ${packet.context}`;
    case "readIndexResponse":
      return `${packet.type} t${packet.term} read ${packet.context} at ${packet.index}`;
    case "snapshot":
      return `snapshot t${packet.request.term} of ${packet.state.meta.index}@${packet.state.meta.term}`;
    case "snapshotResult":
      return packet.meta === undefined
        ? "snapshotResult not installed"
        : `snapshotResult holds ${packet.meta.index}`;
    default:
      return `${packet.type} t${packet.term}`;
  }
}

function describeEntries(entries: readonly Entry[]): string {
  const first = entries[0];
  const last = entries[entries.length - 1];
  if (first === undefined || last === undefined) return "";
  return first === last
    ? ` + ${first.index}@${first.term}`
    : ` + ${first.index}@${first.term}..${last.index}@${last.term}`;
}

/** One line for what happens next. */
export function describeEvent(event: SimEvent): string {
  switch (event.type) {
    case "packet":
      return `${event.packet.to} <- ${event.packet.from}  ${describePacket(event.packet)}`;
    case "fault": {
      const { number, type, where, how } = event.fault;
      return `fault ${number}: ${type} (${where.toFixed(3)}, ${how.toFixed(3)})`;
    }
    case "client":
    case "heal":
      return event.type;
    case "disk":
      return `${event.node}  ${event.device} synced`;
    default:
      return `${event.node}  ${event.type}`;
  }
}
