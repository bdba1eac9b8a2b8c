import { Raft, type RaftConfig, type RaftEvent, type Ready } from "../../../src/core/raft.ts";
import type { Entry, Message, PersistedState, SnapshotMeta, SnapshotRequest } from "../../../src/types.ts";
import { SimDisk } from "./sim-disk.ts";
import { snapshotAt } from "./states.ts";

/** What leaves a node. A snapshot carries its state; its result tells the sender how it ended. */
export type Packet =
  | { readonly type: "message"; readonly from: number; readonly to: number; readonly message: Message }
  | {
      readonly type: "snapshot";
      readonly from: number;
      readonly to: number;
      readonly request: SnapshotRequest;
      readonly state: readonly Entry[];
    }
  | {
      readonly type: "snapshotResult";
      readonly from: number;
      readonly to: number;
      readonly meta: SnapshotMeta | undefined;
    };

export interface SimNodeOptions {
  readonly config: RaftConfig;
  readonly persisted: PersistedState;
  readonly random: () => number;
  readonly emit: (packet: Packet) => void;
  readonly onReady: (node: SimNode, ready: Ready) => void;
}

/** Drives one Raft as the real driver must, with a disk that syncs on demand and a list for a state machine. */
export class SimNode {
  readonly id: number;
  readonly disk: SimDisk;
  raft: Raft;
  isUp = true;
  /** Everything applied, including what a snapshot stands for. */
  applied: Entry[] = [];
  readStates: { context: number; index: number }[] = [];
  droppedReads: number[] = [];
  readonly dropped: { index: number; term: number; outcome: string }[] = [];
  readonly events: RaftEvent[] = [];
  snapshotsSent = 0;
  snapshotsTaken = 0;
  /** Of those, how many left what followed in the log. */
  tailsKept = 0;
  /** How often it stepped down because its own removal was committed. */
  retired = 0;
  readonly #options: SimNodeOptions;
  #waiting: { readonly id: number; readonly messages: readonly Message[] }[] = [];
  #durableId = 0;
  #installingFrom: number | undefined = undefined;

  constructor(options: SimNodeOptions) {
    this.#options = options;
    this.id = options.config.id;
    this.disk = new SimDisk(options.persisted);
    this.raft = new Raft(options.config, options.persisted, options.random);
  }

  crash(): void {
    this.isUp = false;
    // A stream into a node that dies breaks, and its sender notices.
    if (this.#installingFrom !== undefined) this.#answerSnapshot(this.#installingFrom, undefined);
    this.#installingFrom = undefined;
    this.disk.crash();
    this.#waiting = [];
    this.#durableId = 0;
    this.readStates = [];
    this.droppedReads = [];
  }

  restart(): void {
    this.isUp = true;
    this.applied = [...this.disk.snapshotState];
    const config = this.disk.hasLostState
      ? { ...this.#options.config, appliedIndex: 0, waitForState: true }
      : this.#options.config;
    this.raft = new Raft(config, this.disk.load(), this.#options.random);
  }

  /** Does what the core asks for, except syncing. */
  work(): void {
    for (let ready = this.raft.ready(); ready !== undefined; ready = this.raft.ready()) {
      this.#options.onReady(this, ready);
      this.#carryOut(ready);
    }
  }

  receive(packet: Packet): void {
    if (packet.type === "message") this.raft.step(packet.message);
    else if (packet.type === "snapshotResult") this.raft.snapshotSent(packet.from, packet.meta);
    else this.#receiveSnapshot(packet.from, packet.request, packet.state);
  }

  compact(index: number = this.raft.status().appliedIndex): boolean {
    const term = this.raft.termAt(index);
    const configuration = this.raft.configurationAt(index);
    if (term === undefined || configuration === undefined) return false;
    const meta = snapshotAt(index, term, configuration);
    if (!this.raft.compact(meta)) return false;
    this.disk.compact(meta, this.applied.slice(0, index));
    return true;
  }

  #carryOut(ready: Ready): void {
    this.events.push(...ready.events);
    const { voters, votersOutgoing } = this.raft.configuration;
    const isMember = voters.includes(this.id) || votersOutgoing.includes(this.id);
    for (const event of ready.events)
      if (!isMember && event.type === "roleChanged" && event.previous === "leader") this.retired += 1;
    this.readStates.push(...ready.readStates);
    this.droppedReads.push(...ready.droppedReads.map((read) => read.context));
    this.dropped.push(...ready.dropped);
    this.#send(ready.messages);
    if (ready.append !== undefined) this.#write(ready.id, ready.append);
    this.#waiting.push({ id: ready.id, messages: ready.messagesAfterAppend });
    this.#sendWhatIsDurable();
    this.#apply(ready.committed);
    for (const { to, term } of ready.snapshotRequests) this.#sendSnapshot(to, term);
  }

  #write(id: number, batch: Parameters<SimDisk["append"]>[0]): void {
    this.disk.append(batch, () => {
      this.#durableId = id;
      this.raft.appended(id);
      this.#sendWhatIsDurable();
    });
  }

  #sendWhatIsDurable(): void {
    while (this.#waiting[0] !== undefined && this.#waiting[0].id <= this.#durableId) {
      this.#send(this.#waiting.shift()!.messages);
    }
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#options.emit({ type: "message", from: message.from, to: message.to, message });
    }
  }

  #apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.index !== this.applied.length + 1) {
        throw new Error(`node ${this.id} was given ${entry.index} to apply after ${this.applied.length}`);
      }
      this.applied.push(entry);
    }
    if (entries.length > 0) this.raft.applied(this.applied.length);
  }

  #sendSnapshot(to: number, term: number): void {
    this.snapshotsSent += 1;
    const last = this.applied[this.applied.length - 1];
    const index = last?.index ?? 0;
    const configuration = this.raft.configurationAt(index) ?? this.raft.configuration;
    const snapshot = snapshotAt(index, last?.term ?? 0, configuration);
    const request: SnapshotRequest = { type: "snapshotRequest", from: this.id, to, term, snapshot };
    this.#options.emit({ type: "snapshot", from: this.id, to, request, state: [...this.applied] });
  }

  #receiveSnapshot(from: number, request: SnapshotRequest, state: readonly Entry[]): void {
    const decision = this.raft.receiveSnapshot(request);
    if (!decision.install) {
      this.#answerSnapshot(from, decision.reason === "alreadyHeld" ? request.snapshot : undefined);
      return;
    }
    this.snapshotsTaken += 1;
    this.#installingFrom = from;
    if (decision.keepsLog) this.tailsKept += 1;
    this.disk.install(request.snapshot, decision.keepsLog, state, () => {
      this.#installingFrom = undefined;
      this.applied = [...state];
      this.raft.snapshotInstalled(request.snapshot);
      this.#answerSnapshot(from, request.snapshot);
    });
  }

  #answerSnapshot(to: number, meta: SnapshotMeta | undefined): void {
    this.#options.emit({ type: "snapshotResult", from: this.id, to, meta });
  }
}
