/** One member: the core, its disk and its state, driven as the real driver must (duties at the top of core/raft.ts). */
import {
  type Configuration,
  type Entry,
  type Message,
  NO_NODE,
  type NodeId,
  type ProposeOutcome,
  type RaftConfig,
  type Ready,
} from "@coxswain/raft-core";
import type { Engine, EngineFactory } from "../engine.ts";
import { SimDisk } from "./disk.ts";
import { type Device, type DiskOperation, deviceOf, type Pending } from "./disk-operation.ts";
import { HeldMessages } from "./held-messages.ts";
import type { NodeHost, PowerCut, StorageCall } from "./observer.ts";
import type { Packet } from "./packet.ts";
import { emptyMachineState, type MachineState, RegisterMachine } from "./register-machine.ts";
import { reconcile } from "./restart.ts";
import { Snapshots } from "./snapshots.ts";

export interface SimNodeOptions {
  readonly config: RaftConfig;
  /** Of an empty disk. */
  readonly bootstrap: Configuration;
  readonly engine: EngineFactory;
  readonly random: () => number;
  readonly host: NodeHost;
  readonly compactEvery: number;
}

interface WaitingRead {
  readonly context: number;
  readonly index: number;
}

export class SimNode {
  readonly id: NodeId;
  disk: SimDisk;
  /** Rises with each start; what was set in motion by an earlier one does not reach a later one. */
  epoch = 0;
  isUp = false;
  /** Set when the disk refused to load, or the cluster refused the disk: the node is lost, and so is its id. */
  isLost = false;
  /** All there were, in order. */
  readonly storageCalls: StorageCall[] = [];
  raft: Engine;
  machine: RegisterMachine;
  readonly #options: SimNodeOptions;
  readonly #host: NodeHost;
  #held = new HeldMessages();
  #toApply: Entry[] = [];
  #reads: WaitingRead[] = [];
  #snapshots: Snapshots;

  constructor(options: SimNodeOptions) {
    this.#options = options;
    this.#host = options.host;
    this.id = options.config.id;
    this.disk = new SimDisk(emptyMachineState(options.bootstrap));
    this.machine = new RegisterMachine(this.disk.state);
    this.raft = options.engine(options.config, this.disk.load(), options.random);
    this.#snapshots = this.#newSnapshots(this.disk.state);
  }

  /** Power on. False when the power fails again before it runs. Throws what the disk throws. */
  start(): boolean {
    const persisted = reconcile(this.disk, (operation) => this.#storeAtStart(operation));
    if (persisted === undefined) return false;
    const { state } = this.disk;
    if (state.meta.index > 0 && persisted.snapshot === state.meta) this.#host.counters.statesAhead += 1;
    this.epoch += 1;
    this.isUp = true;
    this.machine = new RegisterMachine(state);
    const { config, engine, random } = this.#options;
    const started = { ...config, appliedIndex: state.meta.index, waitForState: true };
    this.raft = engine(started, persisted, random);
    this.#held = new HeldMessages();
    this.#snapshots = this.#newSnapshots(state);
    this.#host.observer.started(this, persisted, state.meta.index);
    return true;
  }

  /** Power off: memory is gone, and so are writes, except the first `survivors` of each store. */
  crash(survivors: Pending, isTearing: boolean): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.#snapshots.crashed();
    const power = this.disk.crash(survivors, isTearing);
    this.#toApply = [];
    this.#reads = [];
    this.#host.observer.crashed(this, power);
    this.#host.crashed(this.id);
  }

  /** Its state is damaged or gone: it opens with none (G17). Only while the power is off. */
  loseState(): void {
    this.disk.loseState(emptyMachineState(this.#options.bootstrap));
  }

  /** A new disk, as empty as on the first day. Only while the power is off. */
  wipe(): void {
    this.disk = new SimDisk(emptyMachineState(this.#options.bootstrap));
  }

  tick(): void {
    this.raft.tick();
    this.#follow(false);
  }

  receive(packet: Packet): void {
    if (packet.type === "snapshot") return this.#snapshots.receive(packet);
    if (packet.type === "snapshotResult") this.raft.snapshotSent(packet.from, packet.meta);
    else this.#step(packet);
    this.#follow(true);
  }

  #step(message: Message): void {
    const { leader } = this.raft;
    this.raft.step(message);
    // Loyalty to a leader aside, only a promise keeps a voter from following a candidate into its term.
    const isPromise = message.type === "voteRequest" && message.term > this.raft.term && leader === NO_NODE;
    if (isPromise) this.#host.counters.keptPromises += 1;
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

  /** A store has synced its oldest write. */
  storageDone(device: Device): void {
    const operation = this.disk.complete(device);
    switch (operation?.type) {
      case "append":
        this.#held.durable(operation.batch.id);
        this.raft.appended(operation.batch.id);
        this.#sendWhatIsDurable();
        this.#follow(false);
        break;
      case "saveState":
        this.#snapshots.stateSaved(operation.state, operation.purpose);
        break;
      case "reset":
        this.#snapshots.logBegun(false);
        break;
      case "compact":
        if (operation.purpose === "install") this.#snapshots.logBegun(true);
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
    if (this.isUp) this.#snapshots.restoreIfInstalling();
    this.#follow(false);
  }

  /** Tells the observer, then does all that the core asks for, unless more calls are to come first. */
  #follow(mayDefer: boolean): void {
    if (!this.isUp) return;
    this.#host.observer.called(this);
    if (mayDefer && this.#host.defersReady(this)) return;
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
    this.#held.hold(ready.id, ready.messagesAfterAppend);
    this.#sendWhatIsDurable();
    for (const proposal of ready.dropped) this.#host.observer.proposalDropped(this, proposal);
    for (const { context } of ready.droppedReads) this.#host.observer.readDropped(this, context);
    for (const read of ready.readStates) this.#reads.push(read);
    this.#takeCommitted(ready.committed);
    this.#serveReads();
    if (!this.isUp) return;
    for (const { to, term } of ready.snapshotRequests) this.#snapshots.send(to, term);
  }

  #store(operation: DiskOperation): void {
    const cut = this.#powerCut(operation.type);
    if (cut !== "before") this.disk.write(operation);
    if (cut === undefined) {
      this.#host.diskBusy(this, deviceOf(operation));
      return;
    }
    const survivors = this.#host.survivors(this.disk);
    const device = deviceOf(operation);
    const reached = cut === "after" ? { ...survivors, [device]: this.disk.pending(device) } : survivors;
    this.crash(reached, cut === "torn");
  }

  /** Nothing else happens before it is done. False when the power fails. */
  #storeAtStart(operation: DiskOperation): boolean {
    const cut = this.#powerCut("recovery");
    if (cut === undefined || cut === "after") {
      this.disk.write(operation);
      this.disk.complete(deviceOf(operation));
    }
    if (cut !== undefined) this.#host.crashed(this.id);
    return cut === undefined;
  }

  #powerCut(call: StorageCall): PowerCut | undefined {
    this.storageCalls.push(call);
    return this.#host.powerCut(this, call);
  }

  #sendWhatIsDurable(): void {
    for (let next = this.#held.take(); next !== undefined; next = this.#held.take()) this.#send(next);
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
    this.#snapshots.saveIfDue();
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

  #newSnapshots(saved: MachineState): Snapshots {
    return new Snapshots({
      id: this.id,
      host: this.#host,
      raft: this.raft,
      compactEvery: this.#options.compactEvery,
      saved,
      isUp: () => this.isUp,
      machine: () => this.machine,
      replaceMachine: (state) => {
        this.machine = new RegisterMachine(state);
      },
      hasUnapplied: () => this.#toApply.length > 0,
      store: (operation) => this.#store(operation),
      follow: () => this.#follow(false),
      installed: (meta, keepsLog) => {
        this.#host.observer.installed(this, meta, keepsLog);
        this.#serveReads();
      },
    });
  }
}
