import type { Raft, Ready } from "../core/raft.ts";
import type { Message } from "../types.ts";
import { Calls } from "./calls.ts";
import { asError, NodeStoppedError } from "./errors.ts";
import type { RaftNodeEvent } from "./events.ts";
import { guarded } from "./guarded.ts";
import { Input } from "./input.ts";
import { Meter } from "./meter.ts";
import type { ResolvedOptions } from "./options.ts";
import { Output } from "./output.ts";

/**
 * The loop that drives the pure core. Each turn steps what came in, feeds it what callers wait for, and carries out
 * what it wants done. However many things happen, there is one turn per microtask: that is what groups work.
 */
export class Loop<Result> {
  readonly raft: Raft;
  readonly calls: Calls<Result>;
  readonly output: Output<Result>;
  readonly meter: Meter;
  readonly #input = new Input();
  readonly #options: ResolvedOptions<Result>;
  readonly #emit: (event: RaftNodeEvent) => void;
  #cancelTicks: () => void = () => {};
  #turnScheduled = false;
  /** No turn before the first tick: until then the owner may not hold the node that an event would be about. */
  #begun = false;
  #ended: NodeStoppedError | undefined;
  #failed = false;

  constructor(options: ResolvedOptions<Result>, raft: Raft) {
    this.#options = options;
    this.#emit = guarded((event) => options.onEvent?.(event));
    this.raft = raft;
    this.meter = meterOf(options);
    this.calls = new Calls(options, raft, this.meter);
    this.output = new Output({
      options,
      raft,
      calls: this.calls,
      meter: this.meter,
      wake: () => this.wake(),
      call: (action) => this.#call(action),
      fail: (error) => this.#fail(error),
      emit: this.#emit,
    });
  }

  /** Why the loop ended, if it did. */
  get ended(): NodeStoppedError | undefined {
    return this.#ended;
  }

  get state(): "running" | "failed" | "stopped" {
    if (this.#ended === undefined) return "running";
    return this.#failed ? "failed" : "stopped";
  }

  begin(): void {
    const { transport, clock, tickMs } = this.#options;
    transport.onMessages((messages) => this.#receive(messages));
    transport.onSnapshot((incoming) => this.output.snapshots.receive(incoming));
    this.#cancelTicks = clock.every(tickMs, () => this.#tick());
  }

  /** Asks for a turn. */
  wake(): void {
    if (this.#turnScheduled || !this.#begun || this.#ended !== undefined) return;
    this.#turnScheduled = true;
    queueMicrotask(() => {
      this.#turnScheduled = false;
      this.#turn();
    });
  }

  /** Ends the loop if it runs, and resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#end(new NodeStoppedError("This node was stopped."));
    await this.output.idle();
  }

  #tick(): void {
    if (!this.#begun) this.#firstTick();
    this.#input.tick();
    this.meter.tick();
    this.wake();
  }

  /** A node that votes alone need not wait for a leader that cannot exist; with leases one may, and the core waits. */
  #firstTick(): void {
    this.#begun = true;
    this.output.begin();
    const { voters, votersOutgoing } = this.raft.configuration;
    const isAlone = voters.length === 1 && voters[0] === this.#options.id && votersOutgoing.length === 0;
    if (isAlone) this.#call(() => this.raft.campaign());
  }

  #receive(messages: readonly Message[]): void {
    if (this.#ended !== undefined) return;
    this.meter.messagesReceived(messages);
    this.#input.receive(messages);
    this.wake();
  }

  #turn(): void {
    try {
      if (this.#ended === undefined) this.#input.feed(this.raft);
      do this.#feed();
      while (this.#carryOut());
    } catch (error) {
      this.#fail(error);
    }
  }

  #feed(): void {
    if (this.#ended !== undefined) return;
    this.calls.feed(this.output.appends.pendingWrites < this.#options.maxPendingWrites);
  }

  /** Does what the core wants done; false when it wanted nothing. */
  #carryOut(): boolean {
    let any = false;
    for (let ready = this.#next(); ready !== undefined; ready = this.#next()) {
      any = true;
      this.output.carryOut(ready);
    }
    return any;
  }

  #next(): Ready | undefined {
    return this.#ended === undefined ? this.raft.ready() : undefined;
  }

  /** Calls the core from outside a turn. */
  #call(action: () => void): void {
    if (this.#ended !== undefined) return;
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
    this.wake();
  }

  /** Never acknowledges again (G19). */
  #fail(thrown: unknown): void {
    if (this.#ended !== undefined) return;
    const error = asError(thrown);
    this.#failed = true;
    this.#end(
      new NodeStoppedError("This node failed and will never acknowledge again. Restart it.", {
        cause: error,
      }),
    );
    this.#emit({ type: "fatal", error });
  }

  #end(reason: NodeStoppedError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#input.clear();
    this.#cancelTicks();
    this.output.halt(reason);
    this.calls.rejectAll(reason);
  }
}

function meterOf({ clock, observer, transport }: ResolvedOptions<unknown>): Meter {
  return new Meter({ clock, observer, droppedMessages: () => transport.droppedMessages?.() });
}
