/**
 * LevelDB's manifest: which tables are alive, and from which write-ahead log on it must read.
 * LevelDB notices a missing table, but not a missing write-ahead log (db_impl.cc, `Recover`).
 */
import { ByteReader } from "./byte-reader.ts";

export interface Manifest {
  /** Write-ahead logs with a lower number are of no use any more. */
  readonly logNumber: number;
  /** The size in bytes of each live table, by its number. */
  readonly tables: ReadonlyMap<number, number>;
}

/** The tags of a version edit (version_edit.cc). */
const COMPARATOR = 1;
const LOG_NUMBER = 2;
const NEXT_FILE_NUMBER = 3;
const LAST_SEQUENCE = 4;
const COMPACT_POINTER = 5;
const DELETED_FILE = 6;
const NEW_FILE = 7;
const PREVIOUS_LOG_NUMBER = 9;

/** What the records of a manifest add up to. Throws {@link RangeError} for what is no whole manifest. */
export function readManifest(records: readonly Uint8Array[]): Manifest {
  const tables = new Map<number, number>();
  let logNumber: number | undefined;
  for (const record of records) {
    const reader = new ByteReader(record);
    // An edit moves a table between levels by deleting and adding it: deletions come first.
    while (!reader.done) logNumber = readField(reader, tables) ?? logNumber;
  }
  if (logNumber === undefined) throw new RangeError("it names no write-ahead log");
  return { logNumber, tables };
}

/** Takes up one field; returns the log number if it was that. */
function readField(reader: ByteReader, tables: Map<number, number>): number | undefined {
  const tag = reader.varint();
  switch (tag) {
    case LOG_NUMBER:
      return reader.varint();
    case NEXT_FILE_NUMBER:
    case LAST_SEQUENCE:
    case PREVIOUS_LOG_NUMBER:
      reader.varint();
      return undefined;
    case COMPARATOR:
      reader.prefixed();
      return undefined;
    case COMPACT_POINTER:
      reader.varint();
      reader.prefixed();
      return undefined;
    case DELETED_FILE:
      reader.varint();
      tables.delete(reader.varint());
      return undefined;
    case NEW_FILE:
      readNewFile(reader, tables);
      return undefined;
    default:
      throw new RangeError(`a field has the unknown tag ${tag}`);
  }
}

function readNewFile(reader: ByteReader, tables: Map<number, number>): void {
  reader.varint();
  tables.set(reader.varint(), reader.varint());
  // Its smallest and its largest key.
  reader.prefixed();
  reader.prefixed();
}
