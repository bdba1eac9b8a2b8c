/** Directories and entries for tests. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppendBatch, Entry, HardState, SnapshotMeta } from "@coxswain/raft-core";

/** A new directory and its removal. */
export async function temporaryDirectory(): Promise<{
  path: string;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const path = await mkdtemp(join(tmpdir(), "raft-level-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export function entry(index: number, term = 1, sizeBytes = 16): Entry {
  return { index, term, type: "normal", data: new Uint8Array(sizeBytes).fill((index * 31 + term) % 251) };
}

export function entries(from: number, to: number, term = 1, sizeBytes = 16): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => entry(from + offset, term, sizeBytes));
}

export function batch(list: Entry[], hardState?: HardState): AppendBatch {
  return { id: 1, entries: list, ...(hardState ? { hardState } : {}) };
}

export function snapshotAt(index: number, term = 1): SnapshotMeta {
  return {
    index,
    term,
    configuration: { voters: [1, 2, 3], votersOutgoing: [], learners: [4] },
    featureLevel: 1,
  };
}

/** LevelDB's write-ahead log of a directory that was never large enough to have two. */
export async function writeAheadLogOf(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".log")).sort();
  return join(directory, names.at(-1) ?? "no write-ahead log");
}
