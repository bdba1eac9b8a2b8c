/** The old end of one member's log: what is compacted, and the snapshots that stand in for it, both ways (G18). */
import type { NodeId, SnapshotMeta } from "@coxswain/raft-core";
import type { Engine } from "../engine.ts";
import type { DiskOperation, Purpose } from "./disk-operation.ts";
import type { NodeHost } from "./observer.ts";
import type { SnapshotPacket } from "./packet.ts";
import type { MachineState, RegisterMachine } from "./register-machine.ts";

/** The node around it, as of one start. */
export interface SnapshotsParts {
  readonly id: NodeId;
  readonly host: NodeHost;
  readonly raft: Engine;
  readonly compactEvery: number;
  /** What the disk held at the start. */
  readonly saved: MachineState;
  isUp(): boolean;
  machine(): RegisterMachine;
  /** The state machine goes on from here. */
  replaceMachine(state: MachineState): void;
  /** Whether committed entries wait to be applied. */
  hasUnapplied(): boolean;
  store(operation: DiskOperation): void;
  /** Does what the core wants done after a call. */
  follow(): void;
  /** A snapshot took the place of the state, and of the log as far as that does not go on from it. */
  installed(meta: SnapshotMeta, keepsLog: boolean): void;
}

export class Snapshots {
  readonly #parts: SnapshotsParts;
  #installing: SnapshotPacket | undefined = undefined;
  #keepsLog = false;
  #saved: MachineState;
  #isSaving = false;

  constructor(parts: SnapshotsParts) {
    this.#parts = parts;
    this.#saved = parts.saved;
  }

  send(to: NodeId, term: number): void {
    const { id: from, host, machine } = this.#parts;
    const state = machine().state();
    host.counters.snapshotsSent += 1;
    const request = { type: "snapshotRequest", from, to, term, snapshot: state.meta } as const;
    host.send({ type: "snapshot", from, to, request, state });
  }

  /** Saves the state now and then; the log is then cut at the save before, so that laggards find a tail. */
  saveIfDue(): void {
    const { compactEvery, machine, store, host } = this.#parts;
    if (compactEvery === 0 || this.#isSaving || this.#installing !== undefined) return;
    if (machine().index - this.#saved.meta.index < compactEvery) return;
    this.#isSaving = true;
    host.counters.compactions += 1;
    store({ type: "saveState", state: machine().state(), purpose: "compaction" });
  }

  receive(packet: SnapshotPacket): void {
    const { raft, isUp, follow, hasUnapplied } = this.#parts;
    const decision = raft.receiveSnapshot(packet.request);
    if (decision.install) {
      this.#installing = packet;
      this.#keepsLog = decision.keepsLog;
    }
    follow();
    if (!decision.install) {
      // A stream into a node that died meanwhile breaks.
      const isHeld = isUp() && decision.reason === "alreadyHeld";
      this.#answer(packet.from, isHeld ? packet.state.meta : undefined);
    } else if (isUp() && !hasUnapplied()) {
      this.restoreIfInstalling();
      follow();
    }
  }

  /** Once nothing waits to be applied: first the state, durably; then, when that is done, the log. */
  restoreIfInstalling(): void {
    const packet = this.#installing;
    if (packet === undefined) return;
    if (!this.#parts.host.breaksInstall()) {
      this.#parts.store({ type: "saveState", state: packet.state, purpose: "install" });
      return;
    }
    this.#installing = undefined;
    this.#parts.raft.snapshotFailed();
    this.#answer(packet.from, undefined);
  }

  /** A crash after this, and before the log begins anew, leaves a state that is ahead; that can be put right. */
  stateSaved(state: MachineState, purpose: Purpose): void {
    const { raft, store, follow, isUp, replaceMachine } = this.#parts;
    const { meta } = this.#saved;
    this.#saved = state;
    if (purpose === "install") {
      replaceMachine(state);
      if (this.#keepsLog) store({ type: "compact", meta: this.#complete(state.meta), purpose });
      else store({ type: "reset", meta: state.meta });
      return;
    }
    this.#isSaving = false;
    const cut = this.#complete(meta);
    if (raft.compact(cut)) store({ type: "compact", meta: cut, purpose });
    if (isUp()) follow();
  }

  /** The log now begins where the state ends. */
  logBegun(keepsLog: boolean): void {
    const packet = this.#installing;
    if (packet === undefined) return;
    this.#installing = undefined;
    const { meta } = packet.state;
    this.#parts.installed(meta, keepsLog);
    this.#parts.raft.snapshotInstalled(meta);
    this.#answer(packet.from, meta);
    this.#parts.follow();
  }

  /** A stream into a node that dies breaks, and its sender notices. */
  crashed(): void {
    if (this.#installing !== undefined) this.#answer(this.#installing.from, undefined);
    this.#installing = undefined;
  }

  /** The log knows best who belonged to the cluster at an index. */
  #complete(meta: SnapshotMeta): SnapshotMeta {
    return { ...meta, configuration: this.#parts.raft.configurationAt(meta.index) ?? meta.configuration };
  }

  #answer(to: NodeId, meta: SnapshotMeta | undefined): void {
    this.#parts.host.send({ type: "snapshotResult", from: this.#parts.id, to, meta });
  }
}
