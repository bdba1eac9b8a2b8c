/**
 * The durable log on LevelDB. Calls queue up; all that wait when the disk is free go into one
 * synced write, and resolve in the order they came.
 */
import type { AppendBatch, LogStorage, PersistedState, SnapshotMeta } from "@coxswain/raft-core";
import type { Database } from "./database.ts";
import type { TornWrite } from "./directory.ts";
import {
  IdentityMissingError,
  LogMissingError,
  RaftLevelError,
  StorageClosedError,
  StorageFailedError,
} from "./errors.ts";
import { GroupWrite } from "./group-write.ts";
import { FORMAT_KEY } from "./keys.ts";
import { LiveWrites } from "./live-writes.ts";
import type { LogState } from "./log-state.ts";
import { openLog } from "./open-log.ts";
import type { RecoveredLog } from "./read-log.ts";
import { readCheckedLog, recoverLog } from "./recover-log.ts";

export interface LevelLogStorageOptions {
  /** Refuse an empty directory with `LOG_MISSING`: the node has had a log. Default false. */
  readonly mustExist?: boolean;
  /** Refuse a log that was ever written with `IDENTITY_MISSING`: the node has no identity. Default false. */
  readonly mustBeNew?: boolean;
  /** Told at open when a crash tore the last write, which is left out; worth a line in the operator's log. */
  readonly onTruncated?: (write: TornWrite) => void;
  /** Opens the database. Default LevelDB; a test may give its own. */
  readonly openDatabase?: (directory: string) => Promise<Database>;
}

/** Past either of these a write takes no further call, so that no slice of work gets long (G22). */
const GROUP_ENTRIES = 1_024;
const GROUP_BYTES = 4 * 1_048_576;

interface Call {
  readonly entries: number;
  readonly sizeBytes: number;
  readonly join: (write: GroupWrite) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface LoadCall {
  readonly resolve: (state: PersistedState) => void;
  readonly reject: (error: Error) => void;
}

/** The durable log on LevelDB: calls queue up, and all that wait when the disk is free share one synced write. */
export class LevelLogStorage implements LogStorage {
  readonly #directory: string;
  readonly #database: Database;
  #live = new LiveWrites();
  #state: LogState | undefined;
  #recovered: RecoveredLog | undefined;
  #queue: (Call | LoadCall)[] = [];
  #running: Promise<void> | undefined;
  #failure: RaftLevelError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(directory: string, database: Database) {
    this.#directory = directory;
    this.#database = database;
  }

  /**
   * Opens, and locks, the log in `directory`, which is made if need be. Reads every file of it
   * once, to check what LevelDB does not. Throws `DirectoryLockedError`, `LogDamagedError`,
   * `LogMissingError`, `IdentityMissingError` or `StorageFailedError`.
   */
  static async open(directory: string, options: LevelLogStorageOptions = {}): Promise<LevelLogStorage> {
    const { mustExist = false, mustBeNew = false, openDatabase, onTruncated } = options;
    const { database, torn } = openDatabase
      ? { database: await openDatabase(directory) }
      : await openLog(directory, mustExist);
    try {
      if (mustBeNew && (await database.get(FORMAT_KEY)) !== undefined)
        throw new IdentityMissingError(directory);
    } catch (error) {
      await database.close();
      throw error instanceof RaftLevelError ? error : new StorageFailedError(directory, error);
    }
    if (torn) onTruncated?.(torn);
    return new LevelLogStorage(directory, database);
  }

  load(): Promise<PersistedState> {
    return new Promise((resolve, reject) => this.#enqueue({ resolve, reject }));
  }

  append(batch: AppendBatch): Promise<void> {
    let sizeBytes = 0;
    for (const { data } of batch.entries) sizeBytes += data.length;
    return this.#write((write) => write.append(batch), batch.entries.length, sizeBytes);
  }

  compact(snapshot: SnapshotMeta): Promise<void> {
    return this.#write((write) => write.compact(snapshot));
  }

  reset(snapshot: SnapshotMeta): Promise<void> {
    return this.#write((write) => write.reset(snapshot));
  }

  /** Waits for the calls made so far, then releases the directory. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #finish(): Promise<void> {
    await this.#running;
    await this.#database.close();
  }

  #write(join: Call["join"], entries = 0, sizeBytes = 0): Promise<void> {
    return new Promise((resolve, reject) => this.#enqueue({ join, entries, sizeBytes, resolve, reject }));
  }

  #enqueue(call: Call | LoadCall): void {
    if (this.#failure) return call.reject(this.#failure);
    if (this.#closing) return call.reject(new StorageClosedError(this.#directory));
    this.#queue.push(call);
    this.#running ??= this.#run();
  }

  /** Never rejects: a failure is told to every call, now and later (G19). */
  async #run(): Promise<void> {
    // Calls made in the same turn belong to the same write.
    await Promise.resolve();
    try {
      this.#state ??= await this.#recover();
      while (!this.#failure && this.#hasWork()) this.#state = await this.#step(this.#state);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#running = undefined;
    }
  }

  #hasWork(): boolean {
    return this.#queue.length > 0 || (this.#live.hasDead && this.#closing === undefined);
  }

  /** One load or one write; returns the state after it. */
  async #step(state: LogState): Promise<LogState> {
    const [next] = this.#queue;
    if (next && !("join" in next)) {
      this.#queue.shift();
      await this.#load(next);
      return state;
    }
    return this.#commit(state, this.#takeGroup());
  }

  async #commit(state: LogState, calls: readonly Call[]): Promise<LogState> {
    this.#recovered = undefined;
    try {
      const write = new GroupWrite(state);
      for (const call of calls) call.join(write);
      const committed = await write.commit(this.#database, this.#live);
      for (const call of calls) call.resolve();
      return committed;
    } catch (error) {
      this.#fail(error, calls);
      return state;
    }
  }

  /** The calls at the head of the queue that fit into one write; never past a `load`. */
  #takeGroup(): Call[] {
    const group: Call[] = [];
    let entries = 0;
    let sizeBytes = 0;
    for (const call of this.#queue) {
      if (!("join" in call)) break;
      entries += call.entries;
      sizeBytes += call.sizeBytes;
      if (group.length > 0 && (entries > GROUP_ENTRIES || sizeBytes > GROUP_BYTES)) break;
      group.push(call);
    }
    this.#queue.splice(0, group.length);
    return group;
  }

  async #load(call: LoadCall): Promise<void> {
    try {
      const log = this.#recovered ?? (await readCheckedLog(this.#database, this.#directory));
      this.#recovered = undefined;
      if (!log) throw new LogMissingError(this.#directory);
      const { hardState, snapshot } = log.state;
      call.resolve({ hardState, snapshot, entries: log.entries });
    } catch (error) {
      call.reject(this.#fail(error));
    }
  }

  /** Reads and checks the log once, before the first call; founds an empty one. */
  async #recover(): Promise<LogState> {
    const { state, live, log } = await recoverLog(this.#database, this.#directory);
    this.#live = live;
    this.#recovered = log;
    return state;
  }

  /** From here on nothing is acknowledged. Returns what every call is told. */
  #fail(error: unknown, calls: readonly Call[] = []): RaftLevelError {
    const failure = error instanceof RaftLevelError ? error : new StorageFailedError(this.#directory, error);
    this.#failure ??= failure;
    const waiting = [...calls, ...this.#queue];
    this.#queue = [];
    for (const call of waiting) call.reject(this.#failure);
    return this.#failure;
  }
}
