/** One member: the core, its disk and its state, driven as the real driver must (duties at the top of core/raft.ts). */
import type {
  Configuration,
  Entry,
  Message,
  NodeId,
  ProposeOutcome,
  RaftConfig,
  Ready,
} from "@coxswain/raft-core";
import type { Engine, EngineFactory } from "../engine.ts";
import { type DiskOperation, SimDisk } from "./disk.ts";
import type { NodeHost } from "./observer.ts";
import type { Packet, SnapshotPacket } from "./packet.ts";
import { emptyMachineState, type MachineState, RegisterMachine } from "./register-machine.ts";
import { reconcile } from "./restart.ts";

export interface SimNodeOptions {
  readonly config: RaftConfig;
  /** Of an empty disk. */
  readonly bootstrap: Configuration;
  readonly engine: EngineFactory;
  readonly random: () => number;
  readonly host: NodeHost;
  readonly compactEvery: number;
}

interface Held {
  readonly id: number;
  readonly messages: readonly Message[];
}

interface WaitingRead {
  readonly context: number;
  readonly index: number;
}

export class SimNode {
  readonly id: NodeId;
  readonly disk: SimDisk;
  /** Rises with each start; what was set in motion by an earlier one does not reach a later one. */
  epoch = 0;
  isUp = false;
  /** Set when the disk refused to load: the node is lost. */
  isDamaged = false;
  storageCalls = 0;
  raft: Engine;
  machine: RegisterMachine;
  readonly #options: SimNodeOptions;
  readonly #host: NodeHost;
  #held: Held[] = [];
  #durableId = 0;
  #toApply: Entry[] = [];
  #reads: WaitingRead[] = [];
  #installing: SnapshotPacket | undefined = undefined;
  #savedState: MachineState;
  #isSaving = false;

  constructor(options: SimNodeOptions) {
    this.#options = options;
    this.#host = options.host;
    this.id = options.config.id;
    this.disk = new SimDisk(emptyMachineState(options.bootstrap));
    this.machine = new RegisterMachine(this.disk.state);
    this.#savedState = this.disk.state;
    this.raft = options.engine(options.config, this.disk.load(), options.random);
  }

  /** Power on. Throws what the disk throws. */
  start(): void {
    const { state } = this.disk;
    const persisted = reconcile(this.disk);
    this.epoch += 1;
    this.isUp = true;
    this.machine = new RegisterMachine(state);
    this.#savedState = state;
    const config = { ...this.#options.config, appliedIndex: state.meta.index };
    this.raft = this.#options.engine(config, persisted, this.#options.random);
    this.#host.observer.started(this, persisted, state.meta.index);
  }

  /** Power off: memory is gone, and so are writes, except the first `survivors`. */
  crash(survivors: number, isTorn: boolean): void {
    if (!this.isUp) return;
    this.isUp = false;
    const { from } = this.#installing ?? {};
    // A stream into a node that dies breaks, and its sender notices.
    if (from !== undefined) this.#answerSnapshot(from, undefined);
    this.disk.crash(survivors, isTorn);
    this.#held = [];
    this.#durableId = 0;
    this.#toApply = [];
    this.#reads = [];
    this.#installing = undefined;
    this.#isSaving = false;
    this.#host.observer.crashed(this);
    this.#host.crashed(this.id);
  }

  tick(): void {
    this.raft.tick();
    this.#follow(false);
  }

  receive(packet: Packet): void {
    if (packet.type === "snapshot") {
      this.#receiveSnapshot(packet);
      return;
    }
    if (packet.type === "snapshotResult") this.raft.snapshotSent(packet.from, packet.meta);
    else this.raft.step(packet);
    this.#follow(true);
  }

  propose(commands: readonly Uint8Array[]): ProposeOutcome {
    const outcome = this.raft.propose(commands);
    if (outcome.accepted) this.#follow(true);
    return outcome;
  }

  /** Any other call of the core. */
  act<T>(call: (raft: Engine) => T): T {
    const outcome = call(this.raft);
    this.#follow(false);
    return outcome;
  }

  /** The disk has synced the oldest write. */
  storageDone(): void {
    const operation = this.disk.complete();
    switch (operation?.type) {
      case "append":
        this.#durableId = operation.batch.id;
        this.raft.appended(operation.batch.id);
        this.#sendWhatIsDurable();
        this.#follow(false);
        break;
      case "saveState":
        this.#stateSaved(operation.state, operation.purpose);
        break;
      case "reset":
        this.#finishInstall();
        break;
      default:
        break;
    }
  }

  /** The state machine has taken what waited. */
  applyDone(): void {
    const entries = this.#toApply;
    this.#toApply = [];
    this.#apply(entries);
    if (this.#installing !== undefined) this.#restore(this.#installing);
    this.#follow(false);
  }

  /** Tells the observer, then does all that the core asks for, unless more calls are to come first. */
  #follow(mayDefer: boolean): void {
    if (!this.isUp) return;
    this.#host.observer.called(this);
    if (mayDefer && this.#host.defersReady()) return;
    while (this.isUp) {
      const ready = this.raft.ready();
      if (ready === undefined) return;
      this.#host.observer.called(this);
      this.#host.observer.ready(this, ready);
      this.#carryOut(ready);
    }
  }

  #carryOut(ready: Ready): void {
    this.#send(ready.messages);
    if (ready.append !== undefined) this.#store({ type: "append", batch: ready.append });
    if (!this.isUp) return;
    if (ready.messagesAfterAppend.length > 0) {
      this.#held.push({ id: ready.id, messages: ready.messagesAfterAppend });
    }
    this.#sendWhatIsDurable();
    for (const proposal of ready.dropped) this.#host.observer.proposalDropped(this, proposal);
    for (const { context } of ready.droppedReads) this.#host.observer.readDropped(this, context);
    for (const read of ready.readStates) this.#reads.push(read);
    this.#takeCommitted(ready.committed);
    this.#serveReads();
    if (!this.isUp) return;
    for (const { to, term } of ready.snapshotRequests) this.#sendSnapshot(to, term);
  }

  #store(operation: DiskOperation): void {
    this.storageCalls += 1;
    const cut = this.#host.powerCut(this);
    if (cut !== "before") this.disk.write(operation);
    if (cut === undefined) this.#host.diskBusy(this);
    else if (cut === "after") this.crash(this.disk.pending, false);
    else this.crash(this.#host.survivors(this.disk.pending), cut === "torn");
  }

  #sendWhatIsDurable(): void {
    while (this.#held[0] !== undefined && this.#held[0].id <= this.#durableId) {
      const [first] = this.#held.splice(0, 1);
      if (first !== undefined) this.#send(first.messages);
    }
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#host.observer.sent(message);
      this.#host.send(message);
    }
  }

  #takeCommitted(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    const isWaiting = this.#toApply.length > 0;
    if (isWaiting || this.#host.applyBusy(this)) for (const entry of entries) this.#toApply.push(entry);
    else this.#apply(entries);
  }

  #apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.#host.observer.applied(this, entry);
      this.machine.apply(entry);
    }
    this.raft.applied(this.machine.index);
    this.#serveReads();
    this.#saveIfDue();
  }

  #serveReads(): void {
    if (this.#reads.length === 0) return;
    const waiting: WaitingRead[] = [];
    for (const read of this.#reads) {
      if (read.index > this.machine.index) waiting.push(read);
      else this.#host.observer.readServed(this, read.context, read.index);
    }
    this.#reads = waiting;
  }

  /** Saves the state now and then; the log is then cut at the save before, so that laggards find a tail. */
  #saveIfDue(): void {
    const { compactEvery } = this.#options;
    if (compactEvery === 0 || this.#isSaving || this.#installing !== undefined) return;
    if (this.machine.index - this.#savedState.meta.index < compactEvery) return;
    this.#isSaving = true;
    this.#store({ type: "saveState", state: this.machine.state(), purpose: "compaction" });
  }

  #stateSaved(state: MachineState, purpose: "compaction" | "install"): void {
    if (purpose === "install") {
      this.machine = new RegisterMachine(state);
      this.#savedState = state;
      this.#store({ type: "reset", meta: state.meta });
      return;
    }
    this.#isSaving = false;
    const { meta } = this.#savedState;
    this.#savedState = state;
    if (this.raft.compact(meta)) this.#store({ type: "compact", meta });
    if (this.isUp) this.#follow(false);
  }

  #sendSnapshot(to: NodeId, term: number): void {
    const state = this.machine.state();
    const request = { type: "snapshotRequest", from: this.id, to, term, snapshot: state.meta } as const;
    this.#host.send({ type: "snapshot", from: this.id, to, request, state });
  }

  #receiveSnapshot(packet: SnapshotPacket): void {
    const decision = this.raft.receiveSnapshot(packet.request);
    if (decision.install) this.#installing = packet;
    this.#follow(false);
    if (!decision.install) {
      // A stream into a node that died meanwhile breaks.
      const isHeld = this.isUp && decision.reason === "alreadyHeld";
      this.#answerSnapshot(packet.from, isHeld ? packet.state.meta : undefined);
    } else if (this.isUp && this.#toApply.length === 0) {
      this.#restore(packet);
      this.#follow(false);
    }
  }

  /** First the state, durably, then the log: a crash in between leaves a state that is ahead, which can be put right. */
  #restore(packet: SnapshotPacket): void {
    if (this.#host.breaksInstall()) {
      this.#installing = undefined;
      this.raft.snapshotFailed();
      this.#answerSnapshot(packet.from, undefined);
      return;
    }
    this.#store({ type: "saveState", state: packet.state, purpose: "install" });
  }

  #finishInstall(): void {
    const packet = this.#installing;
    if (packet === undefined) return;
    this.#installing = undefined;
    const { meta } = packet.state;
    this.#host.observer.installed(this, meta);
    this.raft.snapshotInstalled(meta);
    this.#serveReads();
    this.#answerSnapshot(packet.from, meta);
    this.#follow(false);
  }

  #answerSnapshot(to: NodeId, meta: MachineState["meta"] | undefined): void {
    this.#host.send({ type: "snapshotResult", from: this.id, to, meta });
  }
}
