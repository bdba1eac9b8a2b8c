/**
 * The newest state of a `SnapshottedStateMachine` in one file, replaced as a whole:
 *
 *     {"format":1,"crc32":"…","meta":{…}}\n      one line; the checksum covers `meta` and the bytes
 *     the bytes of the state
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { SnapshotMeta, SnapshotStore, StoredSnapshot } from "@coxswain/raft-core";
import { replaceFile } from "./durable-file.ts";
import { SnapshotDamagedError, StorageFailedError } from "./errors.ts";
import { fieldOf } from "./foreign-error.ts";

const FORMAT = 1;
const NEWLINE = 0x0a;

/** One process at a time: open the log of the same data directory first, whose lock keeps others out. */
export class FileSnapshotStore implements SnapshotStore {
  /** Where the state lives. */
  readonly file: string;

  /** Keeps `state.snapshot` in `directory`, which is made when the first state is saved. */
  constructor(directory: string) {
    this.file = join(directory, "state.snapshot");
  }

  /** Throws {@link SnapshotDamagedError} for a file that cannot be trusted. */
  async load(): Promise<StoredSnapshot | undefined> {
    const content = await this.#read();
    return content === undefined ? undefined : parse(this.file, content);
  }

  async save({ meta, bytes }: StoredSnapshot): Promise<void> {
    try {
      await mkdir(join(this.file, ".."), { recursive: true });
      const header = JSON.stringify({ format: FORMAT, crc32: checksum(meta, bytes), meta });
      await replaceFile(this.file, Buffer.concat([Buffer.from(`${header}\n`), bytes]));
    } catch (error) {
      throw new StorageFailedError(this.file, error);
    }
  }

  async #read(): Promise<Buffer | undefined> {
    try {
      return await readFile(this.file);
    } catch (error) {
      if (fieldOf(error, "code") === "ENOENT") return undefined;
      throw new SnapshotDamagedError(this.file, "it cannot be read", { cause: error });
    }
  }
}

function parse(file: string, content: Buffer): StoredSnapshot {
  const end = content.indexOf(NEWLINE);
  const header = headerOf(file, content.subarray(0, Math.max(end, 0)).toString());
  if (header["format"] !== FORMAT)
    throw new SnapshotDamagedError(file, `its format is ${String(header["format"])}, not ${FORMAT}`);
  // A view of its own: Node's buffers may share their memory with others.
  const bytes = new Uint8Array(content.subarray(end + 1));
  if (header["crc32"] !== checksum(header["meta"], bytes))
    throw new SnapshotDamagedError(file, "its checksum does not match");
  return { meta: header["meta"] as SnapshotMeta, bytes };
}

function headerOf(file: string, line: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(line);
    if (typeof header === "object" && header !== null) return header as Record<string, unknown>;
  } catch (error) {
    throw new SnapshotDamagedError(file, "its first line is not JSON", { cause: error });
  }
  throw new SnapshotDamagedError(file, "its first line is not an object");
}

function checksum(meta: unknown, bytes: Uint8Array): string {
  return crc32(bytes, crc32(JSON.stringify(meta) ?? ""))
    .toString(16)
    .padStart(8, "0");
}
