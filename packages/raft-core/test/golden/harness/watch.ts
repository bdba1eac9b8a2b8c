import type { SimCluster } from "../../core/harness/sim-cluster.ts";
import type { Packet, SimNode } from "../../core/harness/sim-node.ts";
import { printEvent, printPacket } from "./print.ts";

/** How much of a node has been told already. */
interface Told {
  events: number;
  dropped: number;
  commitIndex: number;
}

/** Notices what a step changed: events of nodes first, then what they sent. */
export class Watch {
  readonly #cluster: SimCluster;
  readonly #told = new Map<number, Told>();
  #sent: string[] = [];

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
    cluster.filter = (packet) => {
      this.#sent.push(`n${packet.from} -> n${packet.to} ${printPacket(packet)}`);
      return true;
    };
  }

  /** What happened since the last call. */
  take(): { readonly events: string[]; readonly sent: string[] } {
    const events = [...this.#cluster.nodes.values()].flatMap((node) =>
      this.#newsOf(node).map((news) => `n${node.id}: ${news}`),
    );
    const sent = this.#sent;
    this.#sent = [];
    return { events, sent };
  }

  /** A node that starts anew has told nothing. */
  forget(node: SimNode): void {
    this.#told.set(node.id, { events: node.events.length, dropped: node.dropped.length, commitIndex: 0 });
  }

  #newsOf(node: SimNode): string[] {
    const told = this.#told.get(node.id) ?? { events: 0, dropped: 0, commitIndex: 0 };
    const { commitIndex } = node.raft;
    const news = [
      ...node.events.slice(told.events).map(printEvent),
      ...(commitIndex > told.commitIndex ? [`commits up to ${commitIndex}`] : []),
      ...node.dropped
        .slice(told.dropped)
        .map(({ index, term, outcome }) => `proposal ${index}@${term} ended: ${outcome}`),
      ...node.readStates.splice(0).map(({ context, index }) => `read ${context} may be served at ${index}`),
      ...node.droppedReads.splice(0).map((context) => `read ${context} is not confirmed`),
    ];
    this.#told.set(node.id, { events: node.events.length, dropped: node.dropped.length, commitIndex });
    return node.isUp ? news : [];
  }
}

export function printDelivery(packet: Packet): string {
  return `n${packet.to} <- n${packet.from} ${printPacket(packet)}`;
}

/** The same message sent several times is one line. */
export function countRepeats(lines: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].map(([line, count]) => (count === 1 ? line : `${line} (${count} times)`));
}
