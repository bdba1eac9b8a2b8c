import type { NodeId } from "@coxswain/raft-core";
import type { Fault } from "../faults/fault-plan.ts";
import type { Device } from "./disk-operation.ts";
import type { Packet } from "./packet.ts";

/** Something due at a node, if it has not been restarted since. */
interface NodeEvent {
  readonly node: NodeId;
  readonly epoch: number;
}

export type SimEvent =
  | { readonly type: "packet"; readonly packet: Packet }
  | ({ readonly type: "tick" } & NodeEvent)
  | ({ readonly type: "disk"; readonly device: Device } & NodeEvent)
  | ({ readonly type: "apply" } & NodeEvent)
  | { readonly type: "start"; readonly node: NodeId }
  /** A client reads at this very node. */
  | ({ readonly type: "read" } & NodeEvent)
  | { readonly type: "client" }
  | { readonly type: "fault"; readonly fault: Fault }
  | { readonly type: "heal" };

/** Of the digest: each type of event has a number. */
export const EVENT_CODES: Readonly<Record<SimEvent["type"], number>> = {
  packet: 1,
  tick: 2,
  disk: 3,
  apply: 4,
  start: 5,
  client: 6,
  fault: 7,
  heal: 8,
  read: 9,
};
