/**
 * Where databases of the state live: a contract, so that this room touches no file system.
 * `MemoryStateDirectory` is its twin in memory.
 */
import type { AbstractLevel } from "abstract-level";

/** An ordered store of UTF-8 keys and byte values; `keyEncoding: "utf8"`, `valueEncoding: "view"`. Must support explicit snapshots. */
export type StateDatabase = AbstractLevel<unknown, string, Uint8Array>;

/** Several databases by name, of which one is current. */
export interface StateDirectory {
  /** Opens a database, creating it when it does not exist. The caller closes it. */
  open(name: string): Promise<StateDatabase>;
  /** The current name; undefined in a directory that never had one. */
  current(): Promise<string | undefined>;
  /** Makes `name` current. Durable when it resolves; a crash leaves the old or the new name. */
  switchTo(name: string): Promise<void>;
  /** Removes a closed database. Resolves as well when there is none. */
  destroy(name: string): Promise<void>;
  /** Names of all databases there are. */
  list(): Promise<string[]>;
  /**
   * Bytes that the database may hold in its write-ahead logs at a time, at most: what a
   * power cut can touch. The batch markers of that span must tile (G17). Default 16 MiB.
   */
  readonly writeAheadBytes?: number;
}
