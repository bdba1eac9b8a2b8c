export { DamagedSnapshotError } from "./errors.ts";
export { MemorySnapshotStore, type SnapshotStore, type StoredSnapshot } from "./snapshot-store.ts";
export {
  SnapshottedStateMachine,
  type SnapshottedStateMachineOptions,
  type StateModel,
} from "./snapshotted-state-machine.ts";
