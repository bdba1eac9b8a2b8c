import type { Message, NodeId, SnapshotMeta, SnapshotRequest } from "@coxswain/raft-core";
import type { MachineState } from "./register-machine.ts";

interface Head {
  readonly from: NodeId;
  readonly to: NodeId;
}

/** A snapshot on its stream, as one piece: it arrives whole or not at all. */
export interface SnapshotPacket extends Head {
  readonly type: "snapshot";
  readonly request: SnapshotRequest;
  readonly state: MachineState;
}

/** How a snapshot stream ended; `meta` when it was installed. */
export interface SnapshotResultPacket extends Head {
  readonly type: "snapshotResult";
  readonly meta: SnapshotMeta | undefined;
}

/** What leaves a node. */
export type Packet = Message | SnapshotPacket | SnapshotResultPacket;
