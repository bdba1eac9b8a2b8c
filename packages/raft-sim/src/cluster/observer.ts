import type {
  DroppedProposal,
  Entry,
  Message,
  NodeId,
  PersistedState,
  Ready,
  SnapshotMeta,
} from "@coxswain/raft-core";
import type { Counters } from "../counters.ts";
import type { CutPower, SimDisk } from "./disk.ts";
import type { Device, DiskOperation, Pending } from "./disk-operation.ts";
import type { Packet } from "./packet.ts";
import type { SimNode } from "./sim-node.ts";

/** Is told all that a node does, as it does it. */
export interface NodeObserver {
  started(node: SimNode, persisted: PersistedState, appliedIndex: number): void;
  crashed(node: SimNode, power: CutPower): void;
  /** After every call of the core. */
  called(node: SimNode): void;
  ready(node: SimNode, ready: Ready): void;
  /** A message leaves the node; from now on others may act on it. */
  sent(message: Message): void;
  applied(node: SimNode, entry: Entry): void;
  /** A snapshot took the place of the state; `keepsLog` where the log went on from it. */
  installed(node: SimNode, meta: SnapshotMeta, keepsLog: boolean): void;
  /** The state machine holds at least what the read must see. */
  readServed(node: SimNode, context: number, readIndex: number): void;
  readDropped(node: SimNode, context: number): void;
  proposalDropped(node: SimNode, proposal: DroppedProposal): void;
}

/** What a node needs from the cluster around it. */
export interface NodeHost {
  readonly observer: NodeObserver;
  readonly counters: Counters;
  send(packet: Packet): void;
  /** An operation was given to a store: the node's `storageDone` is due. */
  diskBusy(node: SimNode, device: Device): void;
  /** Committed entries wait: the node's `applyDone` is due. False to apply at once. */
  applyBusy(node: SimNode): boolean;
  /** Whether calls to come share this one's ready. */
  defersReady(node: SimNode): boolean;
  /** How the power fails at this storage call of the node; undefined if it does not. */
  powerCut(node: SimNode, call: StorageCall): PowerCut | undefined;
  /** How many unsynced writes of each store reach the disk in a crash. */
  survivors(disk: SimDisk): Pending;
  /** Whether a snapshot turns out damaged while it is restored. */
  breaksInstall(): boolean;
  crashed(id: NodeId): void;
}

/** A storage call: of a running node, or while it starts and makes its log fit its state. */
export type StorageCall = DiskOperation["type"] | "recovery";

/** Before the write is issued, in the middle of it, or when it is durable and nobody knows yet. */
export type PowerCut = "before" | "torn" | "after";
