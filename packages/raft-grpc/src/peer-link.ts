/**
 * The way to one peer: a queue, and a stream that is opened again whenever it breaks.
 *
 * Messages queued in the same turn, or while earlier writes are still on their way, go in one write.
 */
import type { Member, Message } from "@coxswain/raft-core";
import { errorFromStatus } from "@coxswain/rpc";
import { Backoff } from "./backoff.ts";
import { PeerTimeoutError, UnusablePeerError } from "./errors.ts";
import type { PeerStatus, TransportEvent } from "./events.ts";
import { encodeBatch } from "./message-codec.ts";
import type { MessageStream, MessageStreamEvents } from "./message-stream.ts";
import { Outbox } from "./outbox.ts";
import type { TransportSettings } from "./settings.ts";

/** One write travels while the next is filled: more would only move the queue into grpc-js. */
const WRITES_IN_FLIGHT = 2;

export interface PeerLinkOptions {
  readonly member: Member;
  readonly settings: TransportSettings;
  readonly random: () => number;
  /** Calls back after the delay unless the returned function is called first. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
  readonly open: (member: Member, events: MessageStreamEvents) => MessageStream;
  readonly onEvent: (event: TransportEvent) => void;
}

export class PeerLink {
  readonly #options: PeerLinkOptions;
  readonly #outbox: Outbox;
  readonly #backoff: Backoff;
  #stream: MessageStream | undefined;
  #accepted = false;
  #writesInFlight = 0;
  #flushScheduled = false;
  /** The timer of the next try, or of the acceptance of this one. */
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.settings);
    this.#backoff = new Backoff(options.random);
  }

  get member(): Member {
    return this.#options.member;
  }

  get status(): PeerStatus {
    return {
      id: this.member.id,
      connected: this.#accepted,
      queuedMessages: this.#outbox.length,
      queuedBytes: this.#outbox.sizeBytes,
      droppedMessages: this.#outbox.dropped,
    };
  }

  send(message: Message): void {
    if (this.#closed) return;
    this.#outbox.push(message);
    if (!this.#stream && !this.#cancelTimer) this.#open();
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    // After every promise that is ready by now, so that what they bring goes along.
    process.nextTick(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  /** The peer was heard of: do not wait for the next try. */
  wake(): void {
    if (this.#closed || this.#stream) return;
    this.#open();
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#stream?.close();
    this.#stream = undefined;
    this.#accepted = false;
    this.#outbox.clear();
  }

  #open(): void {
    this.#cancelTimer?.();
    this.#accepted = false;
    this.#writesInFlight = 0;
    try {
      this.#connect();
    } catch (error) {
      // An address or a certificate that cannot be used: it may be corrected under way.
      this.#retry(new UnusablePeerError(this.member, error));
    }
  }

  #connect(): void {
    const stream = this.#options.open(this.member, {
      onAccepted: () => this.#whenCurrent(stream, () => this.#accept()),
      onEnd: (status) => this.#whenCurrent(stream, () => this.#retry(errorFromStatus(status))),
    });
    this.#stream = stream;
    const { acceptTimeoutMs } = this.#options.settings;
    this.#cancelTimer = this.#options.after(acceptTimeoutMs, () =>
      this.#whenCurrent(stream, () => this.#retry(new PeerTimeoutError(this.member.id, acceptTimeoutMs))),
    );
  }

  /** A stream that was given up may still call back. */
  #whenCurrent(stream: MessageStream, action: () => void): void {
    if (stream === this.#stream) action();
  }

  #accept(): void {
    if (this.#accepted) return;
    this.#accepted = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#backoff.reset();
    this.#options.onEvent({ type: "peerConnected", peer: this.member.id });
    this.#flush();
  }

  #retry(error: Error & { readonly code: string }): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#accepted = false;
    this.#cancelTimer?.();
    // What waited is old by the time the peer is back.
    this.#outbox.clear();
    const retryMs = this.#backoff.nextMs();
    this.#cancelTimer = this.#options.after(retryMs, () => this.wake());
    this.#options.onEvent({ type: "peerLost", peer: this.member.id, error, retryMs });
  }

  #flush(): void {
    const stream = this.#stream;
    while (stream && this.#accepted && this.#writesInFlight < WRITES_IN_FLIGHT && this.#outbox.length > 0) {
      this.#writesInFlight += 1;
      const batch = encodeBatch(this.#outbox.take(this.#options.settings.maxBatchBytes));
      stream.write(batch, () =>
        this.#whenCurrent(stream, () => {
          this.#writesInFlight -= 1;
          this.#flush();
        }),
      );
    }
  }
}
