/**
 * The part of LevelDB that the log needs, and how it is opened.
 */
import { Level } from "level";
import { DirectoryLockedError, LogDamagedError, StorageFailedError } from "./errors.ts";
import { fieldOf } from "./foreign-error.ts";

/** @inline */
type Bytes = Uint8Array;

/** A write that happens as a whole or not at all. */
export interface DatabaseBatch {
  /** Sets a key. */
  put(key: Bytes, value: Bytes): unknown;
  /** Removes a key, if it is there. */
  del(key: Bytes): unknown;
  /** With `sync`, resolves when the write would survive a power cut. */
  write(options: { sync: true }): Promise<void>;
}

/** What a range holds, in order. */
export interface DatabaseIterator<Item> {
  /** The next items, at most `count`; none at the end. */
  nextv(count: number): Promise<Item[]>;
  /** Releases the iterator. */
  close(): Promise<void>;
}

/** A key range: `gte` or `gt` below, `lt` above. */
export interface KeyRange {
  readonly gte?: Bytes;
  readonly gt?: Bytes;
  readonly lt: Bytes;
}

/** What the log asks of an ordered key-value store; a test may give its own. */
export interface Database {
  /** The value of a key. */
  get(key: Bytes): Promise<Bytes | undefined>;
  /** An empty batch. */
  batch(): DatabaseBatch;
  /** Keys and values of a range. */
  iterator(range: KeyRange): DatabaseIterator<[Bytes, Bytes]>;
  /** Keys of a range. */
  keys(range: KeyRange): DatabaseIterator<Bytes>;
  /** Releases the directory. */
  close(): Promise<void>;
}

/** Opens LevelDB in `directory`, which it locks against other processes. */
export async function openLevel(directory: string): Promise<Database> {
  // Checked by our own checksums and mostly short-lived: compressing it would cost more than it saves.
  const level = new Level<Bytes, Bytes>(directory, {
    keyEncoding: "view",
    valueEncoding: "view",
    compression: false,
  });
  try {
    await level.open();
  } catch (error) {
    await level.close();
    if (isLocked(error)) throw new DirectoryLockedError(directory, { cause: error });
    const reason = fieldOf(error, "cause") ?? error;
    // A full or failing disk is no damage: the log is whole once the disk is well.
    if (fieldOf(reason, "code") === "LEVEL_IO_ERROR") throw new StorageFailedError(directory, reason);
    throw new LogDamagedError(directory, `LevelDB cannot open it (${String(fieldOf(reason, "message"))})`, {
      cause: error,
    });
  }
  return level;
}

/** Throws {@link DirectoryLockedError} when the directory is in use. Changes nothing in it. */
export async function refuseIfLocked(directory: string): Promise<void> {
  // LevelDB takes the lock, and only then refuses for the sake of these options.
  const level = new Level(directory, { createIfMissing: false, errorIfExists: true });
  try {
    await level.open();
  } catch (error) {
    if (isLocked(error)) throw new DirectoryLockedError(directory, { cause: error });
  } finally {
    await level.close();
  }
}

function isLocked(error: unknown): boolean {
  return fieldOf(fieldOf(error, "cause"), "code") === "LEVEL_LOCKED";
}
