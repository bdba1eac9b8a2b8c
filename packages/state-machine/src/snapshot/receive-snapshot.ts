/**
 * Writes a snapshot into a new database and verifies it. The state in use is not touched.
 */
import type { SnapshotMeta } from "@coxswain/raft-core";
import { SnapshotDamagedError } from "../errors.ts";
import { MARKER_PREFIX, markerKey, META_KEY } from "../keys.ts";
import { Meta, requireFeatureLevel } from "../meta.ts";
import type { StateDatabase } from "../state-directory.ts";
import { toBytes } from "../disk/text.ts";
import { readFrames, type Pair, type SnapshotEnd } from "./frames.ts";

const SYNCED: object = { sync: true };

/** Throws {@link SnapshotDamagedError} or {@link FeatureLevelError}; durable when it resolves. */
export async function receiveSnapshot(
  db: StateDatabase,
  meta: SnapshotMeta,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  requireFeatureLevel(meta.featureLevel);
  let pairs = 0;
  let end: SnapshotEnd | undefined;
  for await (const frame of readFrames(chunks)) {
    if (end !== undefined)
      throw new SnapshotDamagedError("The snapshot goes on after its end. Fetch it again.");
    if ("end" in frame) {
      end = frame.end;
    } else {
      await writePairs(db, frame.pairs);
      pairs += frame.pairs.length;
    }
  }
  if (end?.pairs !== pairs) throw new SnapshotDamagedError("The snapshot is not complete. Fetch it again.");
  if (end.index !== meta.index || end.term !== meta.term) {
    throw new SnapshotDamagedError(
      `The snapshot is of entry ${end.index}, not of ${meta.index}. Fetch it again.`,
    );
  }
  await finish(db, meta);
}

async function writePairs(db: StateDatabase, pairs: readonly Pair[]): Promise<void> {
  const batch = db.batch();
  for (const [key, value] of pairs) {
    if (!key.startsWith(MARKER_PREFIX)) batch.put(key, value);
  }
  // Each one synced: a write that is not may still be missing after a later one is (LevelDB changes log files between).
  await batch.write(SYNCED);
}

/** Checks what the state says of itself, and makes it durable with a marker to begin from. */
async function finish(db: StateDatabase, { index, term, configuration }: SnapshotMeta): Promise<void> {
  const bytes = await db.get(META_KEY);
  const own = bytes === undefined ? new Meta() : Meta.decode(bytes);
  if (own.appliedIndex !== index || own.appliedTerm !== term) {
    throw new SnapshotDamagedError(
      `The snapshot holds the state of entry ${own.appliedIndex}, not of ${index}. Fetch it again.`,
    );
  }
  // A state that saw no config entry knows no members; whoever sends it does.
  own.configuration = configuration;
  if (index === 0) return;
  const marker = toBytes(JSON.stringify([index, 0, index]));
  await db.batch().put(META_KEY, own.encode()).put(markerKey(index), marker).write(SYNCED);
}
