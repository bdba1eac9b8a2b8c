import type {
  DroppedProposal,
  Entry,
  Message,
  NodeId,
  PersistedState,
  Ready,
  SnapshotMeta,
} from "@coxswain/raft-core";
import type { Packet } from "./packet.ts";
import type { SimNode } from "./sim-node.ts";

/** Is told all that a node does, as it does it. */
export interface NodeObserver {
  started(node: SimNode, persisted: PersistedState, appliedIndex: number): void;
  crashed(node: SimNode): void;
  /** After every call of the core. */
  called(node: SimNode): void;
  ready(node: SimNode, ready: Ready): void;
  /** A message leaves the node; from now on others may act on it. */
  sent(message: Message): void;
  applied(node: SimNode, entry: Entry): void;
  installed(node: SimNode, meta: SnapshotMeta): void;
  /** The state machine holds at least what the read must see. */
  readServed(node: SimNode, context: number, readIndex: number): void;
  readDropped(node: SimNode, context: number): void;
  proposalDropped(node: SimNode, proposal: DroppedProposal): void;
}

/** What a node needs from the cluster around it. */
export interface NodeHost {
  readonly observer: NodeObserver;
  send(packet: Packet): void;
  /** An operation was given to the disk: the node's `storageDone` is due. */
  diskBusy(node: SimNode): void;
  /** Committed entries wait: the node's `applyDone` is due. False to apply at once. */
  applyBusy(node: SimNode): boolean;
  /** Whether calls to come share this one's ready. */
  defersReady(): boolean;
  /** How the power fails at this storage call of the node; undefined if it does not. */
  powerCut(node: SimNode): PowerCut | undefined;
  /** How many of `pending` unsynced writes reach the disk in a crash. */
  survivors(pending: number): number;
  /** Whether a snapshot turns out damaged while it is restored. */
  breaksInstall(): boolean;
  crashed(id: NodeId): void;
}

/** Before the write is issued, in the middle of it, or when it is durable and nobody knows yet. */
export type PowerCut = "before" | "torn" | "after";
