/**
 * What arrives from the peers: their streams are accepted, checked and handed on.
 */
import type { IncomingSnapshot, Member, Message, NodeId } from "@coxswain/raft-core";
import type { CallContext, PeerIdentity as Caller, RequestReceiver, ResponseSink } from "@coxswain/rpc";
import { CallCancelledError } from "@coxswain/rpc";
import { nextUnlessAborted } from "./abortable.ts";
import { NotReadyError, ProtocolViolationError, SnapshotAbortedError, TransportClosedError } from "./errors.ts";
import type { InstallSnapshotResponse, MessageAck, MessageBatch, SnapshotChunk } from "./gen/raft/v1/raft.ts";
import type { TransportSelf } from "./handshake.ts";
import { checkHandshake } from "./handshake.ts";
import { decodeMessages } from "./message-codec.ts";
import { metaOf } from "./snapshot-header.ts";
import type { Turn } from "./turns.ts";
import { Turns } from "./turns.ts";

/** Throws unless the caller, known by its certificate, may speak for the member. */
export type AuthorizeMember = (caller: Caller, member: Member) => void;

export interface InboundOptions {
  readonly self: TransportSelf;
  readonly members: () => ReadonlyMap<NodeId, Member>;
  /** A peer's stream was accepted: the peer is up. */
  readonly onPeer: (peer: NodeId) => void;
}

export class Inbound {
  readonly #options: InboundOptions;
  readonly #streams = new Turns();
  readonly #snapshots = new Turns();
  #onMessages: ((messages: readonly Message[]) => void) | undefined;
  #onSnapshot: ((snapshot: IncomingSnapshot) => Promise<void>) | undefined;
  #closed = false;

  constructor(options: InboundOptions) {
    this.#options = options;
  }

  listen(listener: (messages: readonly Message[]) => void): void {
    this.#onMessages = listener;
  }

  listenForSnapshots(listener: (snapshot: IncomingSnapshot) => Promise<void>): void {
    this.#onSnapshot = listener;
  }

  /** One `Messages` stream: answers once, when the handshake is accepted. */
  messages({ peer: caller }: CallContext, sink: ResponseSink<MessageAck>, authorize: AuthorizeMember): RequestReceiver<MessageBatch> {
    let turn: Turn | undefined;
    const open = ({ handshake }: MessageBatch): Turn => {
      const member = this.#accept(caller, handshake, authorize);
      const opened = this.#streams.take(member);
      opened.signal.addEventListener("abort", () => sink.fail(opened.signal.reason), { once: true });
      sink.send({ received: 0 });
      this.#options.onPeer(member.id);
      return opened;
    };
    return {
      receive: (batch) => {
        if (turn) this.#deliver(turn.member, batch.messages);
        else turn = open(batch);
      },
      close: () => {
        if (turn) this.#streams.end(turn);
      },
    };
  }

  /** One `InstallSnapshot` stream: answers when the listener has installed it, or not. */
  async snapshot(
    chunks: AsyncGenerator<SnapshotChunk, void, undefined>,
    { peer: caller }: CallContext,
    authorize: AuthorizeMember,
  ): Promise<InstallSnapshotResponse> {
    const first = await chunks.next();
    const header = first.done ? undefined : first.value.header;
    const member = this.#accept(caller, header?.handshake, authorize);
    if (!header || !this.#onSnapshot) throw new NotReadyError();
    const meta = metaOf(header);
    const turn = this.#snapshots.take(member);
    try {
      await this.#onSnapshot({ from: member.id, term: header.term, meta, chunks: bytesOf(chunks, turn.signal) });
      return { installed: true, error: "" };
    } catch (error) {
      if (turn.signal.aborted) throw turn.signal.reason;
      if (error instanceof CallCancelledError || error instanceof SnapshotAbortedError) throw error;
      return { installed: false, error: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#snapshots.end(turn);
    }
  }

  /** Ends every stream; later ones are refused. */
  close(): void {
    this.#closed = true;
    for (const turns of [this.#streams, this.#snapshots]) turns.endAll(new TransportClosedError());
  }

  /** Ends the streams of those that are members no more. */
  membersChanged(): void {
    for (const turns of [this.#streams, this.#snapshots]) turns.keepOnly(this.#options.members());
  }

  #accept(caller: Caller, handshake: Parameters<typeof checkHandshake>[2], authorize: AuthorizeMember): Member {
    if (this.#closed) throw new TransportClosedError();
    const member = checkHandshake(this.#options.self, this.#options.members(), handshake);
    authorize(caller, member);
    return member;
  }

  #deliver(member: Member, bytes: Uint8Array): void {
    const messages = decodeMessages(bytes);
    for (const { from, to } of messages) {
      if (from === member.id && to === this.#options.self.id) continue;
      throw new ProtocolViolationError(`a message from ${from} to ${to} came on the stream from ${member.id} to ${this.#options.self.id}`);
    }
    this.#onMessages?.(messages);
  }
}

/** Ends only after the sender's last chunk; anything else throws, so that no part passes for the whole. */
async function* bytesOf(chunks: AsyncGenerator<SnapshotChunk, void, undefined>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (;;) {
    const next = await nextUnlessAborted(chunks, signal);
    if (!next) throw new SnapshotAbortedError("the snapshot was broken off", { cause: signal.reason });
    if (next.done) throw new SnapshotAbortedError("the snapshot was broken off by its sender");
    if (next.value.data.length > 0) yield next.value.data;
    if (next.value.last) return;
  }
}
