import type { AppendBatch, SnapshotMeta } from "@coxswain/raft-core";
import type { MachineState } from "./register-machine.ts";

/** Why something is stored: what the driver goes on with when it is durable. */
export type Purpose = "compaction" | "install";

/** A write that was issued; durable when the disk has taken it, and maybe after a crash. */
export type DiskOperation =
  | { readonly type: "append"; readonly batch: AppendBatch }
  | { readonly type: "compact"; readonly meta: SnapshotMeta; readonly purpose: Purpose }
  | { readonly type: "reset"; readonly meta: SnapshotMeta }
  /** The state machine's own store. */
  | { readonly type: "saveState"; readonly state: MachineState; readonly purpose: Purpose };

/** The stores of one node. Each has a queue and a latency of its own, as two databases have. */
export const DEVICES = ["log", "state"] as const;

export type Device = (typeof DEVICES)[number];

/** A number of writes for each store. */
export type Pending = Readonly<Record<Device, number>>;

export function deviceOf({ type }: DiskOperation): Device {
  return type === "saveState" ? "state" : "log";
}
