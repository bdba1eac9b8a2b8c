/**
 * The network of a node: one stream of messages to each peer, and snapshots beside them.
 */
import type { ChannelCredentials } from "@grpc/grpc-js";
import type { IncomingSnapshot, Member, Message, NodeId, SnapshotMeta, Transport } from "@coxswain/raft-core";
import { TransportClosedError, UnknownMemberError } from "./errors.ts";
import type { PeerStatus, TransportEvent } from "./events.ts";
import type { TransportSelf } from "./handshake.ts";
import { handshakeTo } from "./handshake.ts";
import { Inbound } from "./inbound.ts";
import { openMessageStream } from "./message-stream.ts";
import { PeerLink } from "./peer-link.ts";
import type { RaftService, RaftServiceOptions } from "./service.ts";
import { raftService } from "./service.ts";
import type { TransportSettings } from "./settings.ts";
import { channelSettings, DEFAULT_SETTINGS } from "./settings.ts";
import { headerOf } from "./snapshot-header.ts";
import { SnapshotPaces } from "./snapshot-paces.ts";
import { sendSnapshot } from "./snapshot-sender.ts";

export interface GrpcTransportOptions {
  readonly self: TransportSelf;
  /** Every member of the cluster; this node itself may be among them. */
  readonly members: readonly Member[];
  /** Called for each new connection, so that renewed certificates are used. */
  readonly credentials: () => ChannelCredentials;
  /** Limits other than the defaults. */
  readonly settings?: Partial<TransportSettings>;
  /** From 0 to 1, for the jitter of reconnects. Default `Math.random`. */
  readonly random?: () => number;
  /** Calls back after the delay unless the returned function is called first. Default `setTimeout`. */
  readonly after?: (delayMs: number, callback: () => void) => () => void;
  /** Told of connections made and lost. It must not throw. */
  readonly onEvent?: (event: TransportEvent) => void;
}

/** A `Transport` over gRPC: one stream of messages to each peer, and snapshots on connections of their own. */
export class GrpcTransport implements Transport {
  readonly #options: GrpcTransportOptions;
  readonly #settings: TransportSettings;
  readonly #closing = new AbortController();
  readonly #links = new Map<NodeId, PeerLink>();
  readonly #sending = new Set<Promise<void>>();
  readonly #paces: SnapshotPaces;
  #members: ReadonlyMap<NodeId, Member> = new Map();
  /** By links that are closed. */
  #droppedBefore = 0;
  /** @internal What arrives; for the service. */
  readonly inbound: Inbound;

  constructor(options: GrpcTransportOptions) {
    this.#options = options;
    this.#settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.#paces = new SnapshotPaces(this.#settings.snapshotBytesPerSecond);
    this.inbound = new Inbound({
      self: options.self,
      members: () => this.#members,
      onPeer: (peer) => this.#links.get(peer)?.wake(),
    });
    this.updateMembers(options.members);
  }

  /** What to add to a gRPC server; see `raftServiceImplementation` for a server that runs before the transport does. */
  service(options: Omit<RaftServiceOptions, "transport">): RaftService {
    return raftService({ ...options, transport: () => this });
  }

  /** Replaces the members: those that left, moved or have another disk lose their connections. */
  updateMembers(members: readonly Member[]): void {
    this.#members = new Map(members.map((member) => [member.id, member]));
    this.inbound.membersChanged();
    for (const [id, link] of this.#links) {
      const member = this.#members.get(id);
      if (member?.address === link.member.address && member.uuid === link.member.uuid) continue;
      this.#close(link);
      this.#links.delete(id);
    }
  }

  /** Opens the connections to all peers anew, so that renewed certificates are used. What waits to be sent is lost, as on any network. */
  renew(): void {
    for (const link of this.#links.values()) this.#close(link);
    this.#links.clear();
  }

  send(messages: readonly Message[]): void {
    if (this.#closing.signal.aborted) return;
    // A message for nobody is lost, as on any network.
    for (const message of messages) this.#linkTo(message.to)?.send(message);
  }

  /** Messages that found no room in the queue of their peer, or were in it when its stream broke. */
  droppedMessages(): number {
    let dropped = this.#droppedBefore;
    for (const link of this.#links.values()) dropped += link.status.droppedMessages;
    return dropped;
  }

  async sendSnapshot(
    to: NodeId,
    term: number,
    meta: SnapshotMeta,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#closing.signal.aborted) throw new TransportClosedError();
    const member = this.#members.get(to);
    if (!member || to === this.#options.self.id) throw new UnknownMemberError(to);
    const sending = sendSnapshot({
      to,
      address: member.address,
      credentials: this.#options.credentials(),
      settings: { ...this.#settings, snapshotBytesPerSecond: this.#paces.to(to) },
      header: headerOf(handshakeTo(this.#options.self, to), term, meta),
      chunks,
      signal: AbortSignal.any([signal, this.#closing.signal]),
      after: this.#options.after ?? afterTimeout,
    });
    const settled = sending.then(undefined, () => {});
    this.#sending.add(settled);
    try {
      await sending;
      this.#paces.arrived(to);
    } catch (error) {
      if (isOutrun(signal.reason)) this.#paces.outrun(to);
      throw error;
    } finally {
      this.#sending.delete(settled);
    }
  }

  /** Whom to tell of messages. */
  onMessages(listener: (messages: readonly Message[]) => void): void {
    this.inbound.listen(listener);
  }

  onSnapshot(listener: (snapshot: IncomingSnapshot) => Promise<void>): void {
    this.inbound.listenForSnapshots(listener);
  }

  /** How things stand with each peer that was sent to. */
  status(): PeerStatus[] {
    return [...this.#links.values()].map((link) => link.status);
  }

  /** Ends all streams, closes all connections and drops what waits. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort(new TransportClosedError());
    this.inbound.close();
    for (const link of this.#links.values()) link.close();
    await Promise.all(this.#sending);
  }

  #close(link: PeerLink): void {
    link.close();
    this.#droppedBefore += link.status.droppedMessages;
  }

  #linkTo(id: NodeId): PeerLink | undefined {
    const known = this.#links.get(id);
    if (known) return known;
    const member = this.#members.get(id);
    if (!member || id === this.#options.self.id) return undefined;
    const link = this.#newLink(member);
    this.#links.set(id, link);
    return link;
  }

  #newLink(member: Member): PeerLink {
    const { self, credentials, random, after, onEvent } = this.#options;
    const settings = channelSettings(this.#settings);
    return new PeerLink({
      member,
      settings: this.#settings,
      random: random ?? Math.random,
      after: after ?? afterTimeout,
      open: ({ id, address }, events) => openMessageStream(address, credentials(), settings, handshakeTo(self, id), events),
      onEvent: onEvent ?? (() => {}),
    });
  }
}

/** By its code: an application may hold raft-core twice, and the class of the other copy is another one. */
function isOutrun(reason: unknown): boolean {
  return reason instanceof Error && "code" in reason && reason.code === "SNAPSHOT_OUTRUN";
}

/** A broken connection alone does not keep a process alive. */
function afterTimeout(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs).unref();
  return () => clearTimeout(timer);
}
