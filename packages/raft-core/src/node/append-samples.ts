import type { AppendRequest, AppendResponse, Message, NodeId } from "../types.ts";

interface PeerSamples {
  /** The last index ever sent to the peer in this term. */
  sentIndex: number;
  /** What an acknowledgement must reach to end the sample under way; 0 when there is none. */
  awaitedIndex: number;
  sentAtMs: number;
}

export interface AppendSamplesParts {
  /** Milliseconds. */
  now(): number;
  onSample(peer: NodeId, latencyMs: number): void;
}

/**
 * Times how long peers take to acknowledge entries, one sample per peer at a time. Only entries that were never sent
 * before begin a sample, and one whose entries are sent again, or replaced by a snapshot, is given up, as nobody
 * could tell which of the messages is answered (Karn's algorithm, RFC 6298). They end in an entry of the leader's own
 * term, which a peer has from this leader alone: an acknowledgement that reaches it proves that the message arrived.
 */
export class AppendSamples {
  readonly #parts: AppendSamplesParts;
  readonly #peers = new Map<NodeId, PeerSamples>();
  #term = 0;

  constructor(parts: AppendSamplesParts) {
    this.#parts = parts;
  }

  sent(messages: readonly Message[]): void {
    for (const message of messages) if (message.type === "appendRequest") this.#sent(message);
  }

  received(messages: readonly Message[]): void {
    for (const message of messages) if (message.type === "appendResponse") this.#received(message);
  }

  /** A snapshot takes the place of entries. */
  replaced(peer: NodeId): void {
    const samples = this.#peers.get(peer);
    if (samples !== undefined) samples.awaitedIndex = 0;
  }

  #sent({ to, term, prevLogIndex, entries }: AppendRequest): void {
    if (entries.length === 0) return;
    if (term !== this.#term) {
      this.#term = term;
      this.#peers.clear();
    }
    const samples = this.#samplesOf(to);
    const lastIndex = prevLogIndex + entries.length;
    if (prevLogIndex < samples.sentIndex) {
      if (prevLogIndex < samples.awaitedIndex) samples.awaitedIndex = 0;
    } else if (samples.awaitedIndex === 0 && entries[entries.length - 1]?.term === term) {
      samples.awaitedIndex = lastIndex;
      samples.sentAtMs = this.#parts.now();
    }
    samples.sentIndex = Math.max(samples.sentIndex, lastIndex);
  }

  #received({ from, term, success, index }: AppendResponse): void {
    const samples = this.#peers.get(from);
    if (samples === undefined || samples.awaitedIndex === 0) return;
    if (term !== this.#term || !success || index < samples.awaitedIndex) return;
    samples.awaitedIndex = 0;
    this.#parts.onSample(from, this.#parts.now() - samples.sentAtMs);
  }

  #samplesOf(peer: NodeId): PeerSamples {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known;
    const samples = { sentIndex: 0, awaitedIndex: 0, sentAtMs: 0 };
    this.#peers.set(peer, samples);
    return samples;
  }
}
