/**
 * The durable side of a node: its Raft log and hard state on LevelDB, its identity and the saved state in files.
 *
 * What `append` acknowledged survives a power cut. What was damaged afterwards is refused at
 * `open` or `load`, with the way back, unless it is the last write, where it cannot be told from
 * one that a crash tore and is left out as a whole (G16). The first failed write is the last (G19).
 *
 * @example
 * const storage = await LevelLogStorage.open("/var/lib/coxswain/log");
 * const { hardState, snapshot, entries } = await storage.load();
 * await storage.append({ id: 1, hardState: { term: 1, votedFor: 1 }, entries: [] });
 * await storage.close();
 */
export type { LevelLogStorageOptions } from "./level-log-storage.ts";
export type { TornWrite } from "./directory.ts";
export { LevelLogStorage } from "./level-log-storage.ts";
export { FileIdentityStore } from "./file-identity-store.ts";
export { DataDirectory } from "./data-directory.ts";
export { FileSnapshotStore } from "./file-snapshot-store.ts";
export type { Database, DatabaseBatch, DatabaseIterator, KeyRange } from "./database.ts";
export {
  DirectoryLockedError,
  IdentityDamagedError,
  IdentityMissingError,
  InvalidAppendError,
  LogDamagedError,
  LogFormatError,
  LogMissingError,
  RaftLevelError,
  SnapshotDamagedError,
  StorageClosedError,
  StorageFailedError,
} from "./errors.ts";
