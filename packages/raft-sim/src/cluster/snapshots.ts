/** The old end of one member's log: what is compacted, and the snapshots that stand in for it, both ways (G18). */
import type { NodeId, SnapshotMeta } from "@coxswain/raft-core";
import type { Engine } from "../engine.ts";
import type { DiskOperation } from "./disk.ts";
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
  /** A snapshot took the place of the log. */
  installed(meta: SnapshotMeta): void;
}

export class Snapshots {
  readonly #parts: SnapshotsParts;
  #installing: SnapshotPacket | undefined = undefined;
  #saved: MachineState;
  #isSaving = false;

  constructor(parts: SnapshotsParts) {
    this.#parts = parts;
    this.#saved = parts.saved;
  }

  send(to: NodeId, term: number): void {
    const { id: from, host, machine } = this.#parts;
    const state = machine().state();
    const request = { type: "snapshotRequest", from, to, term, snapshot: state.meta } as const;
    host.send({ type: "snapshot", from, to, request, state });
  }

  /** Saves the state now and then; the log is then cut at the save before, so that laggards find a tail. */
  saveIfDue(): void {
    const { compactEvery, machine, store } = this.#parts;
    if (compactEvery === 0 || this.#isSaving || this.#installing !== undefined) return;
    if (machine().index - this.#saved.meta.index < compactEvery) return;
    this.#isSaving = true;
    store({ type: "saveState", state: machine().state(), purpose: "compaction" });
  }

  receive(packet: SnapshotPacket): void {
    const { raft, isUp, follow, hasUnapplied } = this.#parts;
    const decision = raft.receiveSnapshot(packet.request);
    if (decision.install) this.#installing = packet;
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

  /** A crash after this, and before the log is reset, leaves a state that is ahead; that can be put right. */
  stateSaved(state: MachineState, purpose: "compaction" | "install"): void {
    const { raft, store, follow, isUp, replaceMachine } = this.#parts;
    const { meta } = this.#saved;
    this.#saved = state;
    if (purpose === "install") {
      replaceMachine(state);
      store({ type: "reset", meta: state.meta });
      return;
    }
    this.#isSaving = false;
    if (raft.compact(meta)) store({ type: "compact", meta });
    if (isUp()) follow();
  }

  logReset(): void {
    const packet = this.#installing;
    if (packet === undefined) return;
    this.#installing = undefined;
    const { meta } = packet.state;
    this.#parts.installed(meta);
    this.#parts.raft.snapshotInstalled(meta);
    this.#answer(packet.from, meta);
    this.#parts.follow();
  }

  /** A stream into a node that dies breaks, and its sender notices. */
  crashed(): void {
    if (this.#installing !== undefined) this.#answer(this.#installing.from, undefined);
    this.#installing = undefined;
  }

  #answer(to: NodeId, meta: SnapshotMeta | undefined): void {
    this.#parts.host.send({ type: "snapshotResult", from: this.#parts.id, to, meta });
  }
}
